// Choosing all cases of the page at once.
const box = document.querySelector("[data-all]");

if (box) {
  box.hidden = false;
  box.querySelector("input").addEventListener("change", (event) => {
    for (const one of document.querySelectorAll("input[name=cases]")) {
      one.checked = event.target.checked;
    }
  });
}
