// An import's page: films are sent one by one, and rows entered some seconds' worth at a time.
// Without this script both forms still work: films travel with theirs, and a button goes on.

const send = document.getElementById("send");
const run = document.getElementById("run");

const say = (form, name) => form.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`];
const token = (form) => form.elements.csrf_token.value;

function show(form, words) {
  form.querySelector(".status").textContent = words;
}

function advance(form, value, max) {
  const box = form.querySelector(".progress");
  box.hidden = false;
  const bar = box.querySelector("progress");
  bar.max = Math.max(max, 1);
  bar.value = value;
}

// The clinic's one error shape, in the reader's language.
async function wordsOf(form, answer) {
  try {
    const { message, next_step: step } = (await answer.json()).error;
    return [message, step].filter(Boolean).map((text) => text[form.dataset.language]).join(" ");
  } catch {
    return say(form, "unreachable");
  }
}

if (send) {
  send.classList.add("scripted");
  send.querySelector(".folder").hidden = false;
  for (const field of send.querySelectorAll("input[type=file]")) {
    field.addEventListener("change", () => {
      const files = [...field.files];
      field.value = ""; // sent here, so not sent again with the form
      sendAll(files);
    });
  }
  const zone = send.querySelector(".drop");
  const mark = (over) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", over);
  };
  zone.addEventListener("dragover", mark(true));
  zone.addEventListener("dragleave", mark(false));
  zone.addEventListener("drop", (event) => {
    mark(false)(event);
    sendAll([...event.dataTransfer.files]);
  });
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
}

// The folder that was chosen is not part of a film's name; folders within it are.
function nameOf(file) {
  const path = file.webkitRelativePath || file.name;
  return path.includes("/") ? path.slice(path.indexOf("/") + 1) : path;
}

async function sendAll(files) {
  const failures = send.querySelector(".failures");
  failures.replaceChildren();
  let unneeded = 0;
  let sent = 0;
  try {
    const here = new Set(await (await fetch(send.action.replace(/films$/, "names"))).json());
    const wanted = files.filter((file) => !here.has(nameOf(file)) && !/\.(csv|txt|xlsx?)$/i.test(file.name));
    for (const [at, file] of wanted.entries()) {
      advance(send, at, wanted.length);
      show(send, `${say(send, "sending")} ${at + 1} / ${wanted.length}`);
      const kept = await sendOne(file, failures);
      if (kept === 0) unneeded += 1;
      sent += kept ?? 0;
    }
    advance(send, 1, 1);
  } catch {
    show(send, say(send, "unreachable"));
    return;
  }
  if (failures.children.length) {
    show(send, `${say(send, "failed")} ${failures.children.length}`);
  } else {
    show(send, unneeded ? `${unneeded} ${say(send, "unneeded")}` : say(send, "done"));
    location.reload();
  }
}

// Returns how many films were kept; null where the server refused the file.
async function sendOne(file, failures) {
  let words = say(send, "large");
  if (file.size <= Number(send.dataset.maxBytes)) {
    const answer = await fetch(send.action.replace(/films$/, "film"), {
      method: "POST",
      body: file,
      headers: {
        "content-type": "application/octet-stream",
        "x-film-name": encodeURIComponent(nameOf(file)),
        "x-csrf-token": token(send),
        "x-requested-with": "fetch",
      },
    });
    if (answer.status === 201) return (await answer.json()).kept;
    words = await wordsOf(send, answer);
  }
  const line = document.createElement("li");
  line.textContent = `${nameOf(file)}: ${words}`; // never as HTML
  failures.append(line);
  return null;
}

run?.addEventListener("submit", async (event) => {
  if (run.querySelector("[name=replace]:checked") && !run.elements.reason.value.trim()) return; // the page says it
  event.preventDefault();
  const button = run.querySelector("button");
  if (button.disabled) return;
  const body = new FormData(run);
  button.disabled = true;
  show(run, say(run, "running"));
  let done = 0;
  const all = Number(run.dataset.ready);
  try {
    for (;;) {
      const answer = await fetch(run.action, { method: "POST", body, headers: { "x-requested-with": "fetch" } });
      if (!answer.ok) {
        show(run, await wordsOf(run, answer));
        break;
      }
      const told = await answer.json();
      done += told.done + told.failed;
      advance(run, done, all);
      show(run, `${say(run, "running")} ${done} / ${Math.max(all, done)}`);
      if (told.ready === 0 || told.done + told.failed === 0) {
        location.reload();
        return;
      }
    }
  } catch {
    show(run, say(run, "unreachable"));
  }
  button.disabled = false;
});
