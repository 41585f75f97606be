"""One film, listed more than once in its collection's table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from covid_d.dataset.collections.base import Exclusion, FilmRow, Reason


def settle_listings(rows: Iterable[FilmRow]) -> Iterator[FilmRow]:
    """Yield the rows in their order, one usable row a film at most.

    Rows that agree on a film's class leave the first of them; where they disagree nobody knows
    which is right, and all of them are left out, each naming the other.

    Parameters
    ----------
    rows
        Every row of one collection.
    """
    listed = list(rows)
    places: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(listed):
        if row.exclusion is None and row.original:
            places[row.original].append(at)
    left_out: dict[int, Exclusion] = {}
    for name, found in places.items():
        against = {at: _contradicting(at, found, listed) for at in found}
        contradicted = [at for at, other in against.items() if other is not None]
        for at in found:
            # A row that agrees with all of them is out too: which of them it means is not known.
            other = against[at] if against[at] is not None else next(iter(contradicted), None)
            if other is not None:
                told = f"{_told(at, listed[at])}, but {_told(other, listed[other])}"
                left_out[at] = Exclusion(Reason.CONTRADICTORY, f"{name}: {told}")
            elif at != found[0]:
                left_out[at] = Exclusion(Reason.LISTED_TWICE, name)
    for at, row in enumerate(listed):
        yield replace(row, file=None, exclusion=left_out[at]) if at in left_out else row


def _contradicting(at: int, found: Sequence[int], listed: Sequence[FilmRow]) -> int | None:
    """Return the first of the rows of a film that contradicts the row ``at``."""
    return next((other for other in found if _disagree(listed[at], listed[other])), None)


def _disagree(one: FilmRow, other: FilmRow) -> bool:
    """Return whether two rows that show the same film contradict each other; silence does not."""
    labels, looks = {one.label, other.label}, {one.appearance, other.appearance}
    return len(labels - {None}) > 1 or len(looks - {None}) > 1


def _told(at: int, row: FilmRow) -> str:
    return f"row {at + 1} says {row.finding or row.label or row.appearance!s}"
