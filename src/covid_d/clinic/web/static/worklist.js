// The list follows the filters as they change (htmx). When that fails, the form is sent the plain
// way, so that the reader sees why: the session ended, the server is gone.
const form = document.getElementById("filters");

function sendPlainly() {
  form.submit();
}

if (form) {
  form.addEventListener("htmx:sendError", sendPlainly);
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const page = new URL(event.detail.xhr.responseURL || window.location.href);
    if (page.pathname !== "/cases") {
      event.detail.shouldSwap = false;
      sendPlainly();
    } else if (event.detail.xhr.status === 422) {
      // What is wrong with the search is said where its results would be.
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
}
