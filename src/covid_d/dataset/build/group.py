"""Which films must stay together: one patient's, one case report's, and near-duplicates."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# Pages that report one case, so that films of two collections naming the same page show the same
# patient although each collection numbers its patients anew. (A few pages report several patients;
# tying these together is harmless.) Addresses of papers, repositories and threads are no such
# pages: one of them may stand for hundreds of patients.
_CASE_PAGES: Final = (
    re.compile(r"radiopaedia\.org/cases/[\w-]+"),
    re.compile(r"eurorad\.org/case/\d+"),
    re.compile(r"sirm\.org/\d{4}/\d{2}/\d{2}/covid-19-caso-\d+"),
    re.compile(r"doi\.org/10\.1148/cases\.\d+"),
)


def case_page(url: str) -> str:
    """Return the one-case page an address names; empty when it names none.

    Examples
    --------
    >>> case_page("https://www.radiopaedia.org/cases/covid-19-pneumonia-92?lang=us")
    'radiopaedia.org/cases/covid-19-pneumonia-92'
    """
    address = re.sub(r"^https?://(www\.)?", "", url.strip().lower())
    for pattern in _CASE_PAGES:
        match = pattern.match(address)
        if match:
            return match[0]
    return ""


def group_films(
    ties: Sequence[Iterable[Hashable]], pairs: Iterable[tuple[int, int]] = ()
) -> list[int]:
    """Return the group of each film: the connected components over ties and pairs.

    Parameters
    ----------
    ties
        For each film, what ties it to others (its patient, its case page); two films that share
        one are together. A film with none is on its own.
    pairs
        Places of two films that are together besides (near-duplicates).

    Returns
    -------
    One number a film, counted from 0 in the order in which groups first appear.
    """
    films = len(ties)
    if not films:
        return []
    nodes: dict[Hashable, int] = {}
    edges = list(pairs)
    for film, names in enumerate(ties):
        edges += [(film, films + nodes.setdefault(name, len(nodes))) for name in names]
    first, second = np.array(edges, dtype=np.intp).reshape(-1, 2).T
    size = films + len(nodes)
    graph = coo_array((np.ones(len(edges), dtype=np.int8), (first, second)), shape=(size, size))
    _, component = connected_components(graph, directed=False)
    order: dict[int, int] = {}
    return [order.setdefault(int(name), len(order)) for name in component[:films]]
