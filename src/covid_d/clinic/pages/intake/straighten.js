// A photograph is straightened and cut: four corners on it, by mouse, finger or keyboard. Where the
// film seems to lie, and what is made of the corners, is for whoever opens the dialogue.

const STEP = 0.002; // of a side, an arrow's
const LARGE_STEP = 0.02;
const LOUPE = 3;

const clamp = (value) => Math.min(Math.max(value, 0), 1);

let open = null; // the photograph that is being straightened

/** Whether the four corners run clockwise from the upper left, none of them inwards. */
function isConvex(corners) {
  return corners.every(([x, y], at) => {
    const [nextX, nextY] = corners[(at + 1) % 4];
    const [afterX, afterY] = corners[(at + 2) % 4];
    return (nextX - x) * (afterY - nextY) - (nextY - y) * (afterX - nextX) > 0.0005;
  });
}

class Straightener {
  constructor(dialog, work) {
    Object.assign(this, { dialog, work, corners: [], held: null });
    this.stage = dialog.querySelector("[data-stage]");
    this.image = dialog.querySelector("img");
    this.loupe = dialog.querySelector("canvas");
    this.handles = [...dialog.querySelectorAll("[data-corner]")];
    this.end = new AbortController(); // of every listener, when the dialogue closes
  }

  async start() {
    const { signal } = this.end;
    for (const [at, handle] of this.handles.entries()) {
      handle.addEventListener("keydown", (event) => this.key(event, at), { signal });
      handle.addEventListener("pointerdown", (event) => this.take(event, at), { signal });
      handle.addEventListener("pointermove", (event) => this.drag(event, at), { signal });
      for (const name of ["pointerup", "pointercancel"]) {
        handle.addEventListener(name, () => this.letGo(), { signal });
      }
    }
    const actions = {
      straighten: () => this.straighten(),
      propose: () => this.propose(),
      whole: () => this.place([[0, 0], [1, 0], [1, 1], [0, 1]]),
      cancel: () => this.dialog.close(),
    };
    for (const [name, action] of Object.entries(actions)) {
      this.dialog.querySelector(`[data-do=${name}]`).addEventListener("click", action, { signal });
    }
    this.dialog.addEventListener("close", () => this.close(), { signal });
    this.image.src = this.work.picture;
    this.dialog.showModal();
    await this.propose();
    this.handles[0].focus();
  }

  close() {
    this.end.abort();
    this.image.removeAttribute("src");
    open = null;
  }

  async propose() {
    try {
      const { corners, found } = await this.work.propose();
      this.place(corners);
      this.say(this.dialog.dataset[found ? "textFound" : "textNotFound"]);
    } catch (error) {
      this.say(error.message);
    }
  }

  place(corners) {
    this.corners = corners.map(([x, y]) => [clamp(x), clamp(y)]);
    for (const [at, handle] of this.handles.entries()) {
      handle.style.left = `${100 * this.corners[at][0]}%`;
      handle.style.top = `${100 * this.corners[at][1]}%`;
    }
    const points = this.corners.map(([x, y]) => `${100 * x},${100 * y}`).join(" ");
    this.dialog.querySelector("polygon").setAttribute("points", points);
    const convex = isConvex(this.corners);
    this.stage.classList.toggle("crossed", !convex);
    this.dialog.querySelector("[data-do=straighten]").disabled = !convex;
    this.say(convex ? "" : this.dialog.dataset.textCrossed);
  }

  move(at, x, y) {
    const corners = [...this.corners];
    corners[at] = [x, y];
    this.place(corners);
  }

  key(event, at) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    const step = event.shiftKey ? LARGE_STEP : STEP;
    const [x, y] = this.corners[at];
    this.move(at, x + step * way[0], y + step * way[1]);
  }

  take(event, at) {
    event.preventDefault();
    this.handles[at].setPointerCapture(event.pointerId);
    this.handles[at].focus();
    const box = this.stage.getBoundingClientRect();
    const [x, y] = this.corners[at];
    // Where the finger took it, so that the corner does not jump under it.
    this.held = {
      x: event.clientX - box.left - x * box.width,
      y: event.clientY - box.top - y * box.height,
    };
    this.magnify(at);
  }

  drag(event, at) {
    if (!this.held) return;
    const box = this.stage.getBoundingClientRect();
    const x = (event.clientX - box.left - this.held.x) / box.width;
    const y = (event.clientY - box.top - this.held.y) / box.height;
    this.move(at, x, y);
    this.magnify(at);
  }

  letGo() {
    this.held = null;
    this.loupe.hidden = true;
  }

  /** What lies under the finger, larger, in the half of the picture where no finger is. */
  magnify(at) {
    const { loupe, image } = this;
    const [x, y] = this.corners[at];
    const seen = loupe.width / LOUPE;
    const scale = image.naturalWidth / image.clientWidth;
    const context = loupe.getContext("2d");
    context.fillRect(0, 0, loupe.width, loupe.height);
    const [left, top] = [x * image.naturalWidth, y * image.naturalHeight];
    const half = (seen * scale) / 2;
    context.drawImage(image, left - half, top - half, 2 * half, 2 * half, 0, 0, loupe.width, loupe.height);
    context.strokeStyle = "#ffd400";
    const middle = loupe.width / 2;
    context.beginPath();
    context.moveTo(middle, 0);
    context.lineTo(middle, loupe.height);
    context.moveTo(0, middle);
    context.lineTo(loupe.width, middle);
    context.stroke();
    loupe.classList.toggle("right", x < 0.5);
    loupe.classList.toggle("low", y < 0.5);
    loupe.hidden = false;
  }

  async straighten() {
    const button = this.dialog.querySelector("[data-do=straighten]");
    button.disabled = true;
    this.say(this.dialog.dataset.textWorking);
    try {
      const made = await this.work.straighten(this.corners);
      this.dialog.close();
      this.work.done(made);
    } catch (error) {
      button.disabled = false;
      this.say(error.message);
    }
  }

  say(words) {
    this.dialog.querySelector("[data-status]").textContent = words;
  }
}

/**
 * Open the dialogue for one photograph.
 *
 * @param {HTMLDialogElement} dialog
 * @param {object} work
 * @param {string} work.picture the photograph's address
 * @param {() => Promise<{corners: number[][], found: boolean}>} work.propose in shares of its sides
 * @param {(corners: number[][]) => Promise<any>} work.straighten throws what is to be said
 * @param {(made: any) => void} work.done is given what came of it
 */
export function straightenPhotograph(dialog, work) {
  if (open) return;
  open = new Straightener(dialog, work);
  open.start();
}
