"""Which cases are one patient's: those that share a cédula, or a code within a unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Identity(NamedTuple):
    """What tells a case's patient apart.

    Parameters
    ----------
    unit_id
        The case's unit: a patient code means something within its unit only.
    patient_code
        As entered.
    national_id_hash
        Keyed hash of the cédula, where one was given.
    """

    unit_id: int
    patient_code: str
    national_id_hash: str | None


def same_patient(identities: Sequence[Identity]) -> npt.NDArray[np.int64]:
    """Return, for each case, the place of the first case of the same patient.

    A case with a cédula joins the cases that share its code and those that share its cédula, so
    that a patient entered once with and once without it stays one patient.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    numbers: dict[object, int] = {}
    edges: list[tuple[int, int]] = []
    for place, identity in enumerate(identities):
        keys: list[object] = [(identity.unit_id, identity.patient_code)]
        if identity.national_id_hash is not None:
            keys.append(identity.national_id_hash)
        edges += [(place, numbers.setdefault(key, len(numbers))) for key in keys]
    n = len(identities)
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    cases, keys_of = np.array(edges, dtype=np.int64).T
    graph = coo_array((np.ones(len(cases)), (cases, keys_of + n)), shape=(n + len(numbers),) * 2)
    component = connected_components(graph, directed=False)[1][:n]
    _, first, index = np.unique(component, return_index=True, return_inverse=True)
    return first[index].astype(np.int64)
