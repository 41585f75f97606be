"""``ATTRIBUTION.md``: source and licence of every film, for whoever passes the data set on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from covid_d.dataset.build.licenses import terms_of

Row = Mapping[str, str]

_HEAD = """# Where these films are from

Each film keeps the licence it was published under. COVID-D judges a licence by its wording alone;
that is no legal advice. What is not stated is not granted.

"""


def attribution(films: Sequence[Row], citations: Sequence[str]) -> str:
    """Return the page.

    Parameters
    ----------
    films
        Rows of the manifest.
    citations
        How to cite each collection, in Markdown.
    """
    parts = [_HEAD, "## Collections\n\n"]
    parts += [f"- {citation}\n" for citation in citations]
    parts += ["\n## Licences\n\n", *_licenses(films), "\n## Films\n\n"]
    parts += ["| film | source | original | licence | address |\n", "|---|---|---|---|---|\n"]
    for film in films:
        cells = (
            film["path"],
            film["source"],
            film["original"],
            film["license"] or "none stated",
            film["url"],
        )
        parts.append("| " + " | ".join(_cell(text) for text in cells) + " |\n")
    return "".join(parts)


def _licenses(films: Sequence[Row]) -> list[str]:
    counts = Counter(film["license"] for film in films)
    lines = [
        "| licence as stated | films | changed copies may be shared | commercially too |\n",
        "|---|---|---|---|\n",
    ]
    for text, number in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        terms = terms_of(text)
        told = ("yes" if terms.derivatives else "no", "yes" if terms.commercial else "no")
        lines.append(f"| {_cell(text) or 'none stated'} | {number} | {told[0]} | {told[1]} |\n")
    return lines


def _cell(text: str) -> str:
    # A cell of a Markdown table: one line, and no character that would start markup.
    plain = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
    return plain.replace("<", "&lt;").replace(">", "&gt;")
