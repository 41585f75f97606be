// The Brixia score's sum while it is entered. Without this script the server adds it up.

function show(group) {
  const sum = group.querySelector("[data-sum]");
  const grades = [...group.querySelectorAll("input:checked")].map((input) => input.value);
  const scored = grades.filter((grade) => grade !== "").map(Number);
  sum.hidden = scored.length === 0;
  const total = scored.reduce((one, other) => one + other, 0);
  const words = sum.dataset.text.replace("{sum}", scored.length === 6 ? total : "…");
  if (sum.textContent !== words) sum.textContent = words;
}

function showAll() {
  document.querySelectorAll("[data-extent]").forEach(show);
}

document.addEventListener("change", (event) => {
  const group = event.target.closest("[data-extent]");
  if (group) show(group);
});
// A form that comes back refused is another one.
new MutationObserver(showAll).observe(document.getElementById("content"), {
  childList: true,
  subtree: true,
});
showAll();
