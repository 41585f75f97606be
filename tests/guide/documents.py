"""What the documents hold: pages, fenced blocks, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LANGUAGES = ("es", "en")
READMES = {"es": ROOT / "README.es.md", "en": ROOT / "README.md"}
NOTEBOOKS = {
    "es": ROOT / "notebooks" / "detector_covid19.py",
    "en": ROOT / "notebooks" / "covid19_detector.py",
}

_FENCE = re.compile(r"^( *)```([a-z]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(covid-d [^`]+)`")


@dataclass(frozen=True)
class Command:
    """A command line of a document, as words; ``whole`` when it is meant to be typed as it is."""

    words: tuple[str, ...]
    where: str
    whole: bool

    def __str__(self) -> str:
        return shlex.join(self.words)


def pages(language: str) -> list[Path]:
    """Return the README, the site's pages and the notebook's source of a language."""
    return [READMES[language], *sorted((DOCS / language).rglob("*.md")), NOTEBOOKS[language]]


def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    # A notebook's prose stands in comments.
    return re.sub(r"^# ?", "", text, flags=re.MULTILINE) if path.suffix == ".py" else text


def fences(path: Path, kind: str) -> list[str]:
    """Return the fenced blocks of a kind (``""``, ``"python"``, ``"powershell"``)."""
    found = _FENCE.finditer(_text(path))
    return [
        re.sub(rf"^{match[1]}", "", match[3], flags=re.MULTILINE)
        for match in found
        if match[2] == kind
    ]


def commands_of(path: Path) -> Iterator[Command]:
    """Yield every command of a document: those of its blocks in order, then those in sentences."""
    where = path.relative_to(ROOT).as_posix()
    text = _text(path)
    for block in fences(path, "") + fences(path, "powershell"):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.strip().removeprefix(".venv\\Scripts\\")
            if line.startswith("covid-d "):
                yield Command(tuple(shlex.split(line, comments=True)), where, whole=True)
    for match in _INLINE.finditer(_FENCE.sub("", text)):
        words = " ".join(match[1].split())
        if "|" not in words and "..." not in words:
            yield Command(tuple(shlex.split(words)), where, whole=False)


def commands(language: str) -> list[Command]:
    """Return every command in the documents of a language."""
    return [command for path in pages(language) for command in commands_of(path)]
