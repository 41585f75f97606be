// The list follows the filters as they change (htmx). When that fails, the form is sent the plain
// way, so that the reader sees why: the session ended, the server is gone.
const form = document.getElementById("filters");

function sendPlainly() {
  form.submit();
}

// Whether a filter is another than the server wrote, and will not say so itself: a field still being
// typed in does when it is left.
function changed(field) {
  if (field.tagName === "SELECT") {
    const written = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(written, 0);
  }
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  // What the server wrote as the browser reads it: in a field for a date, what is none is nothing.
  const written = field.cloneNode();
  written.value = field.defaultValue;
  return field !== document.activeElement && field.value !== written.value;
}

if (form) {
  // Chosen before htmx listened (a slow network): the list must not show other cases than it says.
  document.addEventListener("DOMContentLoaded", () => {
    const field = [...form.elements].find((each) => each.name && changed(each));
    field?.dispatchEvent(new Event("change", { bubbles: true }));
  });
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
