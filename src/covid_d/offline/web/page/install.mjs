// The page kept on the device: downloaded once, used without a network, renewed when asked.

/** How the page's files are kept, and what can be done about it. */
export class Installation {
  /** @param {{progress: (share: number) => void, update: () => void}} told */
  constructor(told) {
    this.told = told;
    this.registration = null;
  }

  /** Whether this browser keeps pages at all, here. */
  static get isPossible() {
    return window.isSecureContext && "serviceWorker" in navigator;
  }

  /** Whether the page that is shown is the kept one. */
  get isKept() {
    return navigator.serviceWorker?.controller != null;
  }

  /** Look for a newer version than the one kept, without waiting for it. */
  async look() {
    this.registration = await navigator.serviceWorker.getRegistration();
    if (!this.registration) return;
    this.watch();
    this.registration.update().catch(() => undefined); // without a network there is none to find
  }

  /** Download everything; resolves once it is kept and in use. */
  async install() {
    const failed = new Promise((_, reject) => {
      navigator.serviceWorker.addEventListener("message", ({ data }) => {
        if (data.failed) reject(new Error(data.failed));
        else if (data.size) this.told.progress(data.done / data.size);
      });
      navigator.serviceWorker.startMessages?.();
    });
    const controlled = new Promise((resolve) => {
      navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
    });
    const register = async () => {
      const options = { scope: "./", updateViaCache: "none" };
      this.registration = await navigator.serviceWorker.register("service_worker.js", options);
      if (!this.isKept) await controlled;
      this.watch();
    };
    await Promise.race([register(), failed]);
  }

  /** Use the version that waits; the page is loaded anew by it. */
  useUpdate() {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), {
      once: true,
    });
    this.registration.waiting?.postMessage("use");
  }

  watch() {
    const offer = () => this.registration.waiting && this.isKept && this.told.update();
    const follow = () => this.registration.installing?.addEventListener("statechange", offer);
    offer();
    follow(); // the browser looks by itself too, and may have begun before this page asked
    this.registration.addEventListener("updatefound", follow);
  }
}
