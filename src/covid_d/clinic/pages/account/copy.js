// Copies a secret that is shown once; without the clipboard it can be selected by hand.
const field = document.getElementById("secret");
const button = document.getElementById("copy");

field.addEventListener("focus", () => field.select());
if (navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(field.value);
    document.getElementById("copied").textContent = button.dataset.done;
  });
}
