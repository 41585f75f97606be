"""The page as a folder that any web server can serve, or a USB stick with its own small server."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.offline.site import FILES, HEADERS, TYPES, Site

SERVER: Final = "serve.py"
_SERVER: Final = '''"""Shows the page of this folder on this machine: python serve.py"""

import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HEADERS = {headers}
TYPES = {types}


class Page(SimpleHTTPRequestHandler):
    extensions_map = {{**SimpleHTTPRequestHandler.extensions_map, **TYPES}}

    def end_headers(self):
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()


if __name__ == "__main__":
    folder = Path(__file__).resolve().parent
    # To this machine alone: whoever hosts it for others uses a web server with https.
    with ThreadingHTTPServer(("127.0.0.1", {port}), partial(Page, directory=str(folder))) as server:
        address = f"http://localhost:{{server.server_port}}/"
        print(address, flush=True)
        webbrowser.open(address)
        server.serve_forever()
'''
PORT: Final = 8765


def build(site: Site, folder: Path, *, overwrite: bool = False) -> None:
    """Write a page into a folder: whole, or nothing.

    Parameters
    ----------
    site
        The page.
    folder
        Made; an earlier page in it is replaced with ``overwrite``.
    overwrite
        Whether it may be.

    Raises
    ------
    CovidDError
        If the folder holds anything but such a page, or one and it may not be replaced.
    """
    folder = folder.absolute()
    _refuse_other(folder, overwrite=overwrite)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as work:
        made = Path(work, "page")
        for path in site.files:
            place = made / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(site.content(path))
        (made / SERVER).write_text(server_source(), encoding="utf-8")
        made.chmod(0o755)
        if folder.exists():
            old = Path(work, "old")
            folder.replace(old)
        made.replace(folder)


def server_source() -> str:
    """Return the small server that lies in the folder; it needs Python alone."""
    return _SERVER.format(headers=repr(HEADERS), types=repr(TYPES), port=PORT)


def _refuse_other(folder: Path, *, overwrite: bool) -> None:
    if not folder.exists():
        return
    if not folder.is_dir() or (any(os.scandir(folder)) and not (folder / FILES).is_file()):
        raise CovidDError(
            N_("%(folder)s is there and holds no offline page.", folder=folder),
            N_("Choose another folder."),
        )
    if (folder / FILES).is_file() and not overwrite:
        raise CovidDError(
            N_("%(out)s already exists. Choose another folder or say --overwrite.", out=folder)
        )
