"""The page as a set of files: what is built into a folder, and what the clinic serves."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from pathlib import Path
from typing import Final

from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.likelihood import PUBLISHED, LikelihoodTable
from covid_d.language import Language
from covid_d.offline.facts import FACTS, facts_json
from covid_d.offline.words import PAGE

INDEX: Final = "index.html"
FILES: Final = "files.js"
SIZE: Final = "size.json"
# Parts of the clinic's pages that the page shows too: one look, one viewer, copied when it is made.
_OF_THE_CLINIC: Final = {
    "clinic/clinic.css": "clinic/http/frame/clinic.css",
    "clinic/case.css": "clinic/pages/case/case.css",
    "clinic/film.js": "clinic/pages/case/film.js",
    "clinic/straighten.css": "clinic/pages/intake/straighten.css",
    "clinic/straighten.js": "clinic/pages/intake/straighten.js",
    "clinic/viewer.js": "clinic/pages/case/viewer.js",
    "clinic/viewer_tools.js": "clinic/pages/case/viewer_tools.js",
    "icons/icon.svg": "clinic/http/frame/icon.svg",
}
# Fetched by the browser itself, so never kept by the page for the time without a network.
_NOT_KEPT: Final = frozenset({"service_worker.js", FILES})
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json; charset=utf-8",
}
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        # WebAssembly is the network's runtime; it allows no script to be made from a text.
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob:",
        # What makes "nothing leaves this device" true: the browser sends to this folder alone.
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""What every file is sent with, by whoever hosts it; the page's own worker adds them too."""
_LABELLED: Final = re.compile(r'\bdata-label="(\w+)"')
_SAID: Final = re.compile(r'(<[^<>]*\bdata-say="(\w+)"[^<>]*>)')


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """The page's files.

    Parameters
    ----------
    files
        Address below the page's own to content; of what lies in the package, to its path.
    version
        Of all of them: 64 hex digits.
    size
        Bytes that a device downloads, uncompressed.
    """

    files: Mapping[str, bytes | Path] = field(repr=False)
    version: str
    size: int

    def content(self, path: str) -> bytes:
        """Return a file.

        Raises
        ------
        KeyError
            If the page has no such file.
        """
        held = self.files[path]
        return held if isinstance(held, bytes) else held.read_bytes()


def make_site(bundle: Bundle, ratios: LikelihoodTable = PUBLISHED) -> Site:
    """Return the page that answers with a bundle.

    Parameters
    ----------
    bundle
        Checked, audited.
    ratios
        What a film's appearance says about COVID-19.

    Raises
    ------
    BundleError
        If the bundle may not answer offline.
    """
    package = Path(str(resources.files("covid_d")))
    files: dict[str, bytes | Path] = {FACTS: facts_json(bundle, ratios)}
    files |= {f"bundle/{name}": content for name, content in bundle.files.items()}
    files |= dict(_static(package / "offline" / "web"))
    files |= {address: package / place for address, place in _OF_THE_CLINIC.items()}
    files[INDEX] = page_html((package / "offline" / "web" / INDEX).read_text("utf-8")).encode()
    size = sum(_size(held) for path, held in files.items() if path not in _NOT_KEPT)
    files[SIZE] = json.dumps({"size": size}).encode()
    listed = {path: _hash(held) for path, held in sorted(files.items()) if path not in _NOT_KEPT}
    version = hashlib.sha256(json.dumps(listed).encode()).hexdigest()
    told = {"version": version, "size": size, "files": listed, "headers": HEADERS, "types": TYPES}
    files[FILES] = f"self.SITE = {json.dumps(told, indent=1)};\n".encode()
    return Site(files, version, size)


def page_html(template: str, language: Language = "es") -> str:
    """Return the page with its sentences in a language, which its script may change.

    An element that is empty and names a sentence (``data-say``) holds it then; one that names its
    label (``data-label``) is called by it.

    Raises
    ------
    KeyError
        If it names a sentence that there is not.
    """

    def say(name: str) -> str:
        return escape(PAGE[name].in_language(language))

    told = _LABELLED.sub(lambda found: f'{found[0]} aria-label="{say(found[1])}"', template)
    return _SAID.sub(lambda tag: tag[1] + say(tag[2]), told)


def type_of(path: str) -> str:
    """Return the media type of a file of the page, by its name."""
    return TYPES.get(Path(path).suffix, "application/octet-stream")


def _static(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith((".", "__")):
            yield path.relative_to(folder).as_posix(), path


def _hash(held: bytes | Path) -> str:
    content = held if isinstance(held, bytes) else held.read_bytes()
    return hashlib.sha256(content).hexdigest()


def _size(held: bytes | Path) -> int:
    return len(held) if isinstance(held, bytes) else held.stat().st_size
