"""Files as clinics send them, with the counts that a test wants."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from covid_d.clinic.federation.blocks import BINS, CLASSES
from covid_d.clinic.federation.signing import signed
from covid_d.clinic.keys import Keys

BUNDLE = "ab" * 32
OTHER = "cd" * 32


def keys_of(name: str) -> Keys:
    """Return a clinic's keys; the same for the same name."""
    return Keys(hashlib.sha256(name.encode()).digest())


def block(
    positive: Sequence[int | None],
    negative: Sequence[int | None],
    *,
    month: str = "2026-10",
    unit: str = "Hospital",
    bundle: str = BUNDLE,
    **more: Any,
) -> dict[str, Any]:
    """Return a block with answers (positive, negative, inconclusive) by reference."""
    nothing = {name: [0] * BINS for name in CLASSES}
    rows = (list(positive), list(negative), [0, 0, 0])
    totals = [None if None in row else sum(row) for row in rows]  # type: ignore[arg-type]
    return {
        "bundle": bundle,
        "unit": unit,
        "month": month,
        "cases": dict(zip(CLASSES, totals, strict=True)),
        "unanswered": 0,
        "answers": dict(zip(CLASSES, rows, strict=True)),
        "scores": nothing,
        "stated": nothing,
        "stated_mean": [None] * BINS,
        **more,
    }


def sent(
    clinic: str,
    blocks: Sequence[dict[str, Any]],
    *,
    made: str = "2026-11-02T10:00:00+00:00",
    drift: Sequence[dict[str, Any]] = (),
    key: str = "",
) -> dict[str, Any]:
    """Return a signed file of a clinic."""
    months = sorted(one["month"] for one in blocks) or ["2026-10"]
    return signed(
        {
            "format": "covid-d federation 1",
            "covid_d": "0.4.0",
            "clinic": clinic,
            "made": made,
            "first": months[0],
            "last": months[-1],
            "least": 5,
            "bundles": {
                BUNDLE: {"name": "seen", "version": "1.0"},
                OTHER: {"name": "seen", "version": "2.0"},
            },
            "blocks": list(blocks),
            "drift": list(drift),
        },
        keys_of(key or clinic),
    )
