"""Films of two groups of patients whose true appearance is known, and a model that is unsure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from bundle_factory import AUDITED, make_appearance_bundle
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import bundles
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector.bundle.contents import pack
from episode_factory import Told, write

EVEN = (0.25, 0.25, 0.25, 0.25)
# In the order negative, atypical, indeterminate, typical: unlike the published studies.
TRUE_COVID = (0.1, 0.1, 0.2, 0.6)
TRUE_OTHER = (0.4, 0.3, 0.2, 0.1)
# How a film of each true category scores: normal around its place, so that neighbours overlap.
_PLACES = np.array([0.0, 1.6, 3.2, 4.8])


def simulated(
    rng: np.random.Generator,
    count: int,
    *,
    covid: float = 0.5,
    shares: Sequence[float] = EVEN,
    with_covid: Sequence[float] = TRUE_COVID,
    without: Sequence[float] = TRUE_OTHER,
) -> tuple[np.ndarray, np.ndarray]:
    """Return calibrated probabilities (N x 4) and who has COVID-19 (N).

    ``shares`` are those of the films that the model was calibrated on.
    """
    positive = rng.random(count) < covid
    category = np.where(
        positive, rng.choice(4, count, p=with_covid), rng.choice(4, count, p=without)
    )
    score = rng.normal(_PLACES[category], 1.0)
    likely = np.exp(-((score[:, None] - _PLACES) ** 2) / 2) * np.asarray(shares)
    return likely / likely.sum(axis=1, keepdims=True), positive


def use_audited(installation: Installation, folder: Path, user_id: int) -> str:
    """Have a bundle of appearance that passed its audit answer, and return its SHA-256."""
    pack(make_appearance_bundle(folder / "seen", verdict=AUDITED), folder / "seen.zip")
    actor = Actor(user_id)
    sha256 = bundles.install(installation, actor, (folder / "seen.zip").read_bytes())
    bundles.switch(installation, actor, sha256)
    return sha256


def write_simulated(
    installation: Installation,
    bundle: str,
    count: int,
    *,
    user_id: int,
    seed: int = 1,
    last: date = date(2026, 11, 24),
    days: int = 200,
    unit_id: int = 1,
    like: Mapping[str, Sequence[float]] | None = None,
) -> None:
    """Write simulated cases with RT-PCR results, evenly over the days until ``last``."""
    looks, positive = simulated(np.random.default_rng(seed), count, **(like or {}))  # type: ignore[arg-type]
    told = [
        Told(
            day=last - timedelta(days=days - 1 - number * days // count),
            unit_id=unit_id,
            patient=f"S{seed}-{number}",
            answers=(float(looks[number, 3]),),
            looks=looks[number].tolist(),
            rt_pcr="positive" if positive[number] else "negative",
            bundle=bundle,
        )
        for number in range(count)
    ]
    write(installation, told, user_id=user_id)
