// The page: prepare the device, ask for a film, show the answer. Nothing is kept, nothing is sent.

import { readForm } from "./form.mjs";
import { Installation } from "./install.mjs";
import { mayBePhotograph, speakDialogue, straightenFile } from "./photograph.mjs";
import { showResult } from "./result.mjs";
import { wordsOf } from "./result_words.mjs";
import { firstLanguage, Speech } from "./say.mjs";
import { showFilm, speakViewer } from "./viewer.mjs";

const MEGABYTE = 1e6;
// Input to the field whose sentence speaks of it.
const FIELDS = { film: "film", age: "age", low: "prevalence", high: "prevalence" };
const at = (id) => document.getElementById(id);

/** The worker, as questions and answers. */
class Answering {
  constructor() {
    this.worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
    this.waiting = new Map();
    this.worker.addEventListener("message", ({ data: { id, fault, ...answer } }) => {
      const { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (fault) reject(new Error(fault));
      else resolve(answer);
    });
    this.worker.addEventListener("error", (event) => {
      for (const { reject } of this.waiting.values()) reject(new Error(event.message || "worker"));
      this.waiting.clear();
    });
  }

  ask(what, asked = {}, handed = []) {
    const id = crypto.randomUUID();
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, what, ...asked }, handed);
    });
  }
}

class Page {
  constructor(facts, size) {
    this.facts = facts;
    this.size = size;
    this.speech = new Speech(facts, firstLanguage(location.search, navigator.language));
    this.shown = null;
    this.state = [];
    this.straightened = null; // the film made of the photograph that was chosen
    this.installation = new Installation({
      progress: (share) => this.progress(share),
      update: () => (at("update").hidden = false),
    });
  }

  async start() {
    this.speak();
    at("language").addEventListener("click", () => this.changeLanguage());
    at("update-now").addEventListener("click", () => this.installation.useUpdate());
    at("install-now").addEventListener("click", () => this.install());
    at("ask").addEventListener("submit", (event) => this.assess(event));
    at("film").addEventListener("change", () => this.choose(null));
    at("straighten").addEventListener("click", () => this.straighten());
    at("print").addEventListener("click", () => this.print());
    at("save").addEventListener("click", () => this.save());
    at("another").addEventListener("click", () => this.another());
    if (!window.isSecureContext) return this.fail("insecure");
    if (!Installation.isPossible) this.say("not_kept");
    if (this.installation.isKept) {
      await this.installation.look();
      return this.open();
    }
    at("install").hidden = false;
  }

  async install() {
    at("install-now").disabled = true;
    this.clear();
    try {
      if (Installation.isPossible) {
        at("install-progress").hidden = false;
        await this.installation.install();
      }
    } catch (error) {
      at("install-now").disabled = false;
      at("install-progress").hidden = true;
      return this.fail("install_failed", { detail: error.message });
    }
    at("install").hidden = true;
    await this.open(Installation.isPossible ? "installed" : "not_kept");
  }

  progress(share) {
    at("install-progress").value = share;
    const done = Math.round((share * this.size) / MEGABYTE);
    this.say("installing", { done, size: Math.round(this.size / MEGABYTE) });
  }

  async open(said = "ready") {
    this.say("opening");
    try {
      this.answering = new Answering();
      await this.answering.ask("open");
    } catch (error) {
      return this.fail("cannot", { detail: error.message });
    }
    this.say(said);
    at("ask").hidden = false;
  }

  // A film

  // Another file, or the film that was made of it.
  choose(straightened) {
    const [file] = at("film").files;
    this.straightened = straightened;
    at("straighten-offer").hidden = !file || !mayBePhotograph(file);
    at("straightened").textContent = straightened ? this.speech.say("straightened") : "";
    this.wrong = {};
    this.showWrong();
  }

  async straighten() {
    const [file] = at("film").files;
    at("straighten").disabled = true;
    this.clear();
    try {
      const { answering, speech } = this;
      await straightenFile(file, { dialog: at("straightener"), answering, speech }, (film) => {
        this.choose(film);
        at("straighten").focus();
      });
    } catch (error) {
      at("film-error").textContent = error.message;
    } finally {
      at("straighten").disabled = false;
    }
  }

  async assess(event) {
    event.preventDefault();
    const file = this.straightened ?? at("film").files[0] ?? null;
    const typed = ["age", "adult", "sex", "projection", "low", "high"];
    const entered = Object.fromEntries(typed.map((id) => [id, at(id).value]));
    const limits = this.facts.limits.ages;
    const { wrong, stated, prevalence } = readForm({ ...entered, file }, limits);
    this.wrong = wrong;
    this.showWrong();
    if (Object.keys(wrong).length) return;
    at("assess").disabled = true;
    at("result").hidden = true;
    this.clear();
    this.shown = null;
    this.say("working");
    try {
      const bytes = await file.arrayBuffer();
      const asked = { bytes, name: file.name, stated, prevalence };
      const found = await this.answering.ask("assess", asked, [bytes]);
      const straightened = file === this.straightened;
      this.shown = { ...found, asked: { name: file.name, straightened, stated, at: new Date() } };
      await this.show();
      this.say("done");
      at("answer").focus({ preventScroll: true });
      at("answer").scrollIntoView();
    } catch (error) {
      at("result").hidden = true;
      this.shown = null;
      this.fail("cannot", { detail: error.message });
    } finally {
      at("assess").disabled = false;
    }
  }

  async show() {
    const { answers, film, evidence, asked } = this.shown;
    showResult(answers, asked, this.speech);
    at("film-card").hidden = film === null;
    at("result").hidden = false; // before the film: its stage must have a size
    if (film !== null) {
      const { weighed } = wordsOf(answers, this.speech);
      await showFilm(at("film-card"), film, weighed ? evidence : null, weighed, this.speech);
    }
  }

  showWrong() {
    for (const name of ["film", "age", "prevalence"]) {
      const sentence = this.wrong?.[name];
      at(`${name}-error`).textContent = sentence ? this.speech.say(sentence) : "";
      at(`${name}-field`).classList.toggle("wrong", Boolean(sentence));
    }
    for (const [id, name] of Object.entries(FIELDS)) {
      at(id).toggleAttribute("aria-invalid", Boolean(this.wrong?.[name]));
    }
    const first = ["film", "age", "prevalence"].find((name) => this.wrong?.[name]);
    if (first) at(first === "prevalence" ? "low" : first).focus();
  }

  another() {
    at("ask").reset();
    this.choose(null);
    at("result").hidden = true;
    this.shown = null;
    this.say("ready");
    at("film").focus();
  }

  print() {
    at("numbers").open = true;
    window.print();
  }

  save() {
    const content = JSON.stringify(this.shown.answers, null, 2);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
    link.download = `${this.shown.asked.name}.covid-d.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // Words

  changeLanguage() {
    this.speech.language = this.speech.language === "es" ? "en" : "es";
    this.speak();
  }

  speak() {
    const { speech, facts } = this;
    document.documentElement.lang = speech.language;
    speech.speak(document.body);
    speakDialogue(at("straightener"), speech);
    at("straightened").textContent = this.straightened ? speech.say("straightened") : "";
    const viewer = document.querySelector(".viewer");
    if (viewer) speakViewer(viewer, speech);
    document.title = `${speech.say("title")} · COVID-D`;
    const english = speech.language === "es";
    Object.assign(at("language"), { textContent: english ? "English" : "Español" });
    at("language").lang = english ? "en" : "es";
    const { name, version, sha256 } = facts.bundle.id;
    at("model").textContent = `${name} ${version}`;
    at("intended").textContent = speech.in(facts.intended_use);
    at("versions").textContent = `COVID-D ${facts.covid_d} · ${name} ${version} · ${sha256.slice(0, 12)}`;
    const size = Math.round(this.size / MEGABYTE);
    at("install-why").textContent = speech.say("install_why", { size });
    at("install-now").textContent = speech.say("install", { size });
    this.say(...this.state);
    if (this.failed) this.fail(...this.failed);
    this.showWrong();
    if (this.shown) {
      showResult(this.shown.answers, this.shown.asked, speech);
      const { weighed: what } = wordsOf(this.shown.answers, speech);
      const weight = document.querySelector("[data-weight]");
      if (weight) weight.textContent = speech.say("weight", { what });
    }
  }

  say(...state) {
    this.state = state;
    at("state").textContent = state.length ? this.speech.say(...state) : "";
  }

  clear() {
    this.failed = null;
    at("fault").hidden = true;
  }

  /** What stops the page, in place of what it was about to say. */
  fail(...failed) {
    this.say();
    this.failed = failed;
    at("fault").textContent = this.speech.say(...failed);
    at("fault").hidden = false;
  }
}

async function begin() {
  const [facts, site] = await Promise.all(
    ["facts.json", "size.json"].map(async (path) => (await fetch(path)).json()),
  );
  await new Page(facts, site.size).start();
}

begin().catch((error) => {
  // No sentences yet: what went wrong is said in its own words.
  at("fault").textContent = `COVID-D: ${error.message}`;
  at("fault").hidden = false;
});
