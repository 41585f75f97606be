// Keeps the page for the time without a network: all of it, each file checked, or nothing.
// A new version waits until the reader asks for it; nothing is swapped under an answer.

importScripts("files.js"); // generated: every file of the page with its hash

const { version, size, files, headers, types } = self.SITE;
const KEPT = `covid-d-${version}`;
const MINE = /^covid-d-[0-9a-f]{64}$/;
const here = (path) => new URL(path, self.registration.scope).href;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", (event) => {
  if (event.data === "use") self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
  const { url, method } = event.request;
  if (!url.startsWith(self.registration.scope)) return; // none: the page's policy allows no other
  if (method !== "GET") return;
  event.respondWith(answer(url));
});

async function install() {
  const cache = await caches.open(KEPT);
  let done = 0;
  try {
    for (const [path, hash] of Object.entries(files)) {
      const content = await fetched(path);
      if ((await sha256(content)) !== hash) throw new Error(path);
      await cache.put(here(path), new Response(content, { headers: headersOf(path) }));
      done += content.byteLength;
      await tell({ done, size });
    }
  } catch (error) {
    await caches.delete(KEPT);
    await tell({ failed: String(error.message) });
    throw error;
  }
}

async function fetched(path) {
  const response = await fetch(here(path), { cache: "no-store", credentials: "same-origin" });
  if (!response.ok || response.redirected) throw new Error(`${path}: ${response.status}`);
  return response.arrayBuffer();
}

async function activate() {
  for (const name of await caches.keys()) {
    if (MINE.test(name) && name !== KEPT) await caches.delete(name);
  }
  await self.clients.claim();
}

async function answer(url) {
  const path = url.slice(self.registration.scope.length).replace(/[?#].*$/s, "") || "index.html";
  const held = path in files && (await (await caches.open(KEPT)).match(here(path)));
  return held || new Response(null, { status: 404, headers });
}

function headersOf(path) {
  const kind = types[path.slice(path.lastIndexOf("."))] ?? "application/octet-stream";
  return { ...headers, "Content-Type": kind };
}

async function sha256(content) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function tell(said) {
  const pages = await self.clients.matchAll({ includeUncontrolled: true });
  for (const page of pages) page.postMessage({ version, ...said });
}
