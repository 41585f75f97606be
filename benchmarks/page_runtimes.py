"""Asks the offline page's own modules about films: in Node, in Chromium, in Firefox.

All three run one module, that fetches film after film from a server here and sends back what the
page's modules make of it; the browsers need no driver.
"""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from covid_d.offline.build import build
from covid_d.offline.site import HEADERS, TYPES, Site

Film = tuple[str, bytes]
RUNTIMES: Final = {
    "node": ("node",),
    "chromium": ("chromium", "chromium-browser"),
    "firefox": ("firefox-esr", "firefox"),
}
_STALLED: Final = 300.0  # seconds without an answer
_PAGE: Final = (
    '<!doctype html><meta charset="utf-8"><script type="module" src="asking.mjs"></script>'
)
_BEGIN: Final = 'new Worker("asked.mjs", { type: "module" });'
_ASKED: Final = """
import { detector } from "./assess.mjs";
import { standardise } from "./radiograph/prepare.mjs";
import { read } from "./radiograph/read.mjs";

const base = globalThis.process?.argv[2] ?? new URL("/", self.location).href;
const EVERYTHING = { top: 0, left: 0, bottom: 1, right: 1 };
console.error = () => undefined;
globalThis.crypto ??= (await import("node:crypto")).webcrypto;

const tell = (said) => fetch(`${base}told`, { method: "POST", body: JSON.stringify(said) });

async function sha256({ buffer, byteOffset, byteLength }) {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}

async function seen(bytes, name, { facts, examiner }) {
  let film;
  try {
    film = await read(bytes, name, facts);
  } catch {
    return { pixels: null, grey: null };
  }
  const { window = EVERYTHING } = await examiner.lungs.find(film);
  const grey = standardise(film, facts.bundle.spec.preprocessing, window ?? EVERYTHING);
  return { pixels: await sha256(film.pixels), grey: base64(grey) };
}

try {
  const begun = performance.now();
  const held = await detector();
  const opened = performance.now() - begun;
  await tell({ opened, agent: globalThis.process?.version ?? navigator.userAgent });
  for (;;) {
    const film = await fetch(`${base}next`);
    if (film.status !== 200) break;
    const name = decodeURIComponent(film.headers.get("x-name"));
    const bytes = new Uint8Array(await film.arrayBuffer());
    const start = performance.now();
    const answer = await held.assess(bytes, { name, prevalence: 0.1 });
    const took = performance.now() - start;
    await tell({ answer, took, ...(await seen(bytes, name, held)) });
  }
} catch (error) {
  await tell({ fault: `${error}\\n${error.stack}` });
}
"""


class Asked:
    """The page's modules at work in one runtime.

    Parameters
    ----------
    runtime
        Of :data:`RUNTIMES`.
    opened_ms
        What the model took to open.
    agent
        What the runtime calls itself.
    """

    def __init__(self, runtime: str, process: subprocess.Popen[bytes], mail: _Mail) -> None:
        self.runtime = runtime
        self._process = process
        self._mail = mail
        said = mail.answer("the model")
        self.opened_ms = float(said["opened"])
        self.agent = str(said["agent"])

    def about(self, films: Iterable[Film]) -> Iterator[dict[str, Any]]:
        """Yield what the page makes of each film; the next one is asked when this one is used.

        Returns
        -------
        ``answer`` (as Python's ``Assessment.to_dict``), ``took`` (ms), ``pixels`` (SHA-256 of the
        film as it is read, float32) and ``grey`` (base64 of the network's picture); the last two
        ``None`` where it cannot be read.
        """
        for name, data in films:
            self._mail.films.put((name, data))
            yield self._mail.answer(name)

    def memory_mb_most(self) -> int:
        """Return the most that any of its processes has held so far (resident)."""
        return max(map(_peak_kb, _family(self._process.pid)), default=0) // 1000


class _Mail:
    def __init__(self) -> None:
        self.films: queue.Queue[Film | None] = queue.Queue()
        self.told: queue.Queue[dict[str, Any]] = queue.Queue()

    def answer(self, about: str) -> dict[str, Any]:
        try:
            said = self.told.get(timeout=_STALLED)
        except queue.Empty:
            raise RuntimeError(f"{about}: no answer in {_STALLED:.0f} seconds") from None
        if "fault" in said:
            raise RuntimeError(f"{about}: {said['fault']}")
        return said


@contextmanager
def asking(runtime: str, site: Site, work: Path, program: str | None = None) -> Iterator[Asked]:
    """Run the page's modules in a runtime, from a folder that may be thrown away.

    Parameters
    ----------
    runtime
        Of :data:`RUNTIMES`.
    site
        The page.
    work
        An empty folder.
    program
        Instead of the first that is installed.

    Raises
    ------
    RuntimeError
        If there is no such program, or the page's modules do not open in it.
    """
    folder = work / "page"
    build(site, folder)
    (folder / "asked.mjs").write_text(_ASKED)
    (folder / "asking.mjs").write_text(_BEGIN)
    (folder / "asking.html").write_text(_PAGE)
    found = program or next(filter(None, map(shutil.which, RUNTIMES[runtime])), None)
    if found is None:
        raise RuntimeError(f"there is no {runtime}")
    mail = _Mail()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, mail, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://localhost:{server.server_port}/"
        arguments = _arguments(runtime, base, work, folder)
        silent = subprocess.DEVNULL
        with subprocess.Popen([found, *arguments], stdout=silent, stderr=silent) as process:
            try:
                yield Asked(runtime, process, mail)
            finally:
                mail.films.put(None)
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                process.kill()
        server.shutdown()


def _arguments(runtime: str, base: str, work: Path, folder: Path) -> list[str]:
    if runtime == "node":
        return [str(folder / "asked.mjs"), base]
    own = work / "profile"
    own.mkdir()
    if runtime == "firefox":
        return ["--headless", "--no-remote", "--profile", str(own), f"{base}asking.html"]
    quiet = ["--disable-gpu", "--disable-background-networking", "--no-first-run"]
    return [
        "--headless=new",
        "--no-sandbox",
        *quiet,
        f"--user-data-dir={own}",
        f"{base}asking.html",
    ]


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | TYPES

    def __init__(self, mail: _Mail, *arguments: Any, **named: Any) -> None:
        self.mail = mail
        super().__init__(*arguments, **named)

    def do_GET(self) -> None:
        if self.path != "/next":
            return super().do_GET()
        film = self.mail.films.get()
        if film is None:
            return self._say(204)
        name, data = film
        return self._say(200, data, name)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        self.mail.told.put(json.loads(content))
        self._say(204)

    def _say(self, status: int, content: bytes = b"", name: str = "") -> None:
        self.send_response(status)
        self.send_header("x-name", quote(name))
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _family(pid: int) -> set[int]:
    """Return a process and all that came of it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1]
                )
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _peak_kb(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
