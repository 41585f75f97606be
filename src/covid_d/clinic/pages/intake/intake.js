// The new-case form: films are sent ahead one by one, and nothing typed is ever lost.
// Without this script the form still works: files then travel with it.

import { straightenSent } from "./straighten_sent.js";
import { bring, parse, renew, show, wordsOf } from "./sent_form.js";

const NEW = "/cases/new";
let form = document.getElementById("intake");
const waiting = []; // films chosen and not yet on the server
let sending = false;
let saveWanted = false;
let leftOut = ""; // said beside whatever else is said until films are added or removed again

const find = (id) => document.getElementById(id);
const say = (name) => form.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`];
const token = () => form.elements.csrf_token.value;

function start() {
  form.classList.add("scripted");
  for (const id of ["films", "camera"]) {
    const field = find(id);
    const take = () => {
      add(field.files);
      field.value = ""; // sent ahead, so not sent again with the form
    };
    field.addEventListener("change", take);
    if (field.files.length) take(); // chosen before this script had come
  }
  form.addEventListener("submit", submit);
  form.addEventListener("click", removeOnClick);
  form.addEventListener("click", straightenOnClick);
  offerStraightening(form);
  form.addEventListener("change", untickNone);
  form.addEventListener("change", compare);
  dropZone(find("drop"));
}

function dropZone(zone) {
  const mark = (over) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", over);
  };
  zone.addEventListener("dragenter", mark(true));
  zone.addEventListener("dragover", mark(true));
  zone.addEventListener("dragleave", mark(false));
  zone.addEventListener("drop", (event) => {
    mark(false)(event);
    add(event.dataTransfer.files);
  });
}

// A file dropped beside the zone must not replace the page and all that was typed.
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());

function add(files) {
  leftOut = "";
  for (const file of files) {
    if (find("film-list").children.length >= Number(form.dataset.maxFilms)) {
      leftOut = say("many");
      report("");
      break; // those before it are sent
    }
    const card = placeholder(file);
    find("film-list").append(card);
    if (file.size > Number(form.dataset.maxBytes)) fail(card, file, say("large"));
    else waiting.push({ file, card });
  }
  next();
}

function placeholder(file) {
  const card = document.createElement("li");
  card.className = "film";
  const nothing = document.createElement("div");
  nothing.className = "nothing";
  nothing.setAttribute("aria-hidden", "true");
  const words = document.createElement("div");
  const name = document.createElement("p");
  name.textContent = file.name; // never as HTML
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `${say("sending")} ${file.name}`);
  words.append(name, bar);
  card.append(nothing, words);
  return card;
}

function next() {
  if (sending || waiting.length === 0) {
    if (!sending && saveWanted) save();
    return;
  }
  sending = true;
  const { file, card } = waiting.shift();
  send(file, card).finally(() => {
    sending = false;
    next();
  });
}

// XMLHttpRequest, because fetch does not tell how much of a film has been sent.
function send(file, card) {
  return new Promise((done) => {
    const bar = card.querySelector("progress");
    const request = new XMLHttpRequest();
    request.open("POST", "/films/staged");
    request.setRequestHeader("x-csrf-token", token());
    request.setRequestHeader("x-requested-with", "fetch");
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    });
    request.upload.addEventListener("load", () => report(say("reading")));
    request.addEventListener("load", () => {
      if (request.status === 201) accept(card, request.responseText);
      else fail(card, file, wordsOf(request.responseText, say("unreachable")));
      if (request.status === 403) renew(form, NEW); // so that another try succeeds
      done();
    });
    request.addEventListener("error", () => {
      fail(card, file, say("unreachable"));
      done();
    });
    report(say("sending"));
    request.send(file);
  });
}

function accept(card, html) {
  const sent = parse(html).querySelector(".film");
  if (!card.isConnected) return forget(sent.dataset.token); // removed while it was being sent
  offerStraightening(sent);
  card.replaceWith(sent);
  const filled = [
    fill("age_years", sent.dataset.age),
    fill("sex", sent.dataset.sex),
  ].some(Boolean);
  const words = [say(sent.classList.contains("refused") ? "refused" : "ready")];
  if (filled) words.push(say("filled"));
  compare();
  report(words.join(" "));
}

function fill(name, value) {
  const field = form.elements[name];
  if (!value || !field || field.value) return false;
  field.value = value;
  field.classList.add("filled");
  field.addEventListener("input", () => field.classList.remove("filled"), { once: true });
  return true;
}

// Whether each film's file says it is of the patient entered; the server judges alike when saving.
function compare() {
  const age = form.elements.age_years.value.trim();
  const sex = form.elements.sex.value;
  for (const warning of form.querySelectorAll(".contradiction")) {
    const film = warning.closest(".film").dataset;
    const differs =
      warning.dataset.field === "sex"
        ? (sex === "F" || sex === "M") && sex !== film.sex
        : age !== "" && Math.abs(Number(film.age) - Number(age)) > Number(form.dataset.ageTolerance);
    warning.textContent = differs ? warning.dataset.text.replace("{stated}", age) : "";
    warning.hidden = !differs;
  }
}

function fail(card, file, words) {
  card.classList.add("refused");
  const box = card.lastElementChild;
  box.querySelector("progress")?.remove();
  const reason = document.createElement("p");
  reason.className = "error";
  reason.textContent = words;
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = say("again");
  again.addEventListener("click", () => {
    card.remove();
    add([file]);
  });
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = say("remove");
  remove.addEventListener("click", () => card.remove());
  const actions = document.createElement("p");
  actions.className = "actions";
  if (file.size <= Number(form.dataset.maxBytes)) actions.append(again);
  actions.append(remove);
  box.append(reason, actions);
  saveWanted = false; // a film the doctor chose must not be left out unasked
  idle();
  report(words);
}

function removeOnClick(event) {
  const button = event.target.closest("button[name=remove]");
  if (!button) return;
  event.preventDefault();
  const card = button.closest(".film");
  card.remove();
  leftOut = "";
  report("");
  find("films").focus();
  forget(card.dataset.token);
}

// Only a script can place corners, so only a script offers to.
function offerStraightening(part) {
  for (const offer of part.querySelectorAll(".straighten")) offer.hidden = false;
}

function straightenOnClick(event) {
  const button = event.target.closest("[data-straighten]");
  if (!button) return;
  const card = button.closest(".film");
  const original = button.dataset.straighten;
  straightenSent(find("straightener"), original, {
    csrf: token,
    done: (html) => {
      const before = card.dataset.token;
      accept(card, html);
      if (before !== original) forget(before); // made of the same photograph, with other corners
      find("film-list").querySelector(`[data-straighten="${original}"]`)?.focus();
    },
  });
}

function forget(name) {
  return fetch(`/films/staged/${encodeURIComponent(name)}/remove`, {
    method: "POST",
    headers: { "x-csrf-token": token(), "x-requested-with": "fetch" },
  }).catch(() => {}); // it is swept after a day in any case
}

function untickNone(event) {
  const box = event.target;
  if (box.type !== "checkbox" || !box.closest(".choices") || !box.checked) return;
  for (const other of box.closest(".choices").querySelectorAll("input:checked")) {
    if (other !== box && (box.value === "none" || other.value === "none")) other.checked = false;
  }
}

function submit(event) {
  event.preventDefault();
  if (saveWanted) return; // a second click
  saveWanted = true;
  find("save").disabled = true;
  find("save-status").textContent = say(sending || waiting.length ? "waiting" : "saving");
  next();
}

async function save(renewed = false) {
  find("save-status").textContent = say("saving");
  rest(true); // a refused form comes back as it was sent: what was added meanwhile would be lost
  try {
    const answer = await fetch(NEW, {
      method: "POST",
      body: new FormData(form),
      headers: { "x-requested-with": "fetch" },
    });
    const body = await answer.text();
    if (answer.status === 201) return location.assign(JSON.parse(body).location);
    const again = parse(body).querySelector("#intake");
    if (again) replaceForm(again);
    else if (answer.status === 403 && !renewed && (await renew(form, NEW))) return save(true);
    else show(find("failure"), wordsOf(body, say("unreachable")), answer.status === 401 ? say("signIn") : "");
  } catch {
    show(find("failure"), say("unreachable"));
  }
  idle();
}

function replaceForm(again) {
  for (const card of again.querySelectorAll(".film[data-token]")) {
    const image = find("film-list").querySelector(`[data-token="${card.dataset.token}"] img`);
    if (image) card.querySelector("img").src = image.src; // read once already
  }
  form.replaceWith(again);
  form = again;
  start();
  bring(form.querySelector("#failure [role=alert]"));
}

function rest(resting) {
  for (const part of form.querySelectorAll("section")) part.inert = resting;
}

function idle() {
  saveWanted = false;
  rest(false);
  find("save").disabled = false;
  find("save-status").textContent = "";
}

function report(words) {
  find("film-status").textContent = [words, leftOut].filter(Boolean).join(" ");
}

start();
