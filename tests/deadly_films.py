"""Films that end the process which reads them: of a kind that no known film is, so they are set up.

``sitecustomize`` of a folder on ``PYTHONPATH`` makes every process that starts with it die, hang or
be killed over films of certain names; nothing else of the program is touched.
"""

from __future__ import annotations

from pathlib import Path

_SCRIPT = """
import os, signal, time
import covid_d.screen.screener as door

honest = door.fetch

def fetch(path):
    name = os.path.basename(path)
    if name.startswith("deadly"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if name.startswith("endless"):
        time.sleep(3600)
    if name.startswith("moody"):  # dies once, the first time that anybody reads it
        note = path + ".seen"
        if not os.path.exists(note):
            open(note, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
    return honest(path)

door.fetch = fetch
"""


def deadly_environment(folder: Path) -> dict[str, str]:
    """Return the environment variables by which processes die over such films.

    Parameters
    ----------
    folder
        Made, and filled.
    """
    import os

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(_SCRIPT, encoding="utf-8")
    known = os.environ.get("PYTHONPATH", "")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), known]))}
