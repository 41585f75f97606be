"""What each source had to do with making the bundle: fitted on, chosen on, or nothing."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import pandas as pd

from covid_d.dataset.manifest import Split
from covid_d.detector.bundle.bundle import Bundle
from covid_d.evaluation.appearance.figures import Count
from covid_d.language import Message

_FITTED = Message(
    "{source}: el modelo se entrenó con {fitted} de sus radiografías ({fitted_patients} pacientes) "
    "y con {chosen} ({chosen_patients} pacientes) se eligió y se calibró.",
    "{source}: the model was trained on {fitted} of its films ({fitted_patients} patients), and "
    "{chosen} ({chosen_patients} patients) chose and calibrated it.",
)
_NAMED = Message(
    "{source}: el modelo dice haberse hecho con {named} radiografías de esta fuente; ninguna de "
    "este conjunto de datos.",
    "{source}: the model says it was made from {named} films of this source; none is of this "
    "data set.",
)
_OUTSIDE = Message(
    "{source}: ninguna radiografía participó en hacer el modelo.",
    "{source}: no film took part in making the model.",
)


@dataclass(frozen=True, slots=True)
class SourceRole:
    """What a source's films did for the bundle, by the bundle's own list of films.

    Parameters
    ----------
    source
        Its name.
    fitted, chosen
        Films of this data set that the network was fitted on, and that chose, stopped or
        calibrated it (the validation split).
    named
        Films of a source of this name in the bundle's record, whether or not they are of this
        data set.
    """

    source: str
    fitted: Count
    chosen: Count
    named: int

    @property
    def outside(self) -> bool:
        """Whether the source had no part in the bundle."""
        return not (self.fitted.films or self.chosen.films or self.named)

    @property
    def message(self) -> Message:
        """The role in words."""
        if self.outside:
            return _OUTSIDE.format(source=self.source)
        if not (self.fitted.films or self.chosen.films):
            return _NAMED.format(source=self.source, named=self.named)
        return _FITTED.format(
            source=self.source,
            fitted=self.fitted.films,
            fitted_patients=self.fitted.patients,
            chosen=self.chosen.films,
            chosen_patients=self.chosen.patients,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "fitted": self.fitted.to_dict(),
            "chosen": self.chosen.to_dict(),
            "named_in_bundle": self.named,
            "outside": self.outside,
        }


def roles(bundle: Bundle, manifest: pd.DataFrame) -> tuple[SourceRole, ...]:
    """Return the role of every source of a data set, by name.

    Parameters
    ----------
    bundle
        What was made.
    manifest
        The data set's, all splits: a film is known by its hash.
    """
    table = pd.read_csv(io.StringIO(bundle.training_films), dtype=str, keep_default_na=False)
    named = bundle.spec.training.sources
    part = pd.Series("", index=manifest.index)
    for split, into in ((Split.VALIDATION, "chosen"), (Split.TRAIN, "fitted")):
        own = table[table["split"].eq(split.value)] if "split" in table else table.iloc[:0]
        for column in ("original_sha256", "sha256"):
            digests = {digest for digest in own.get(column, ()) if digest}
            part[manifest[column].isin(digests)] = into
    return tuple(
        SourceRole(
            str(source),
            Count.of(films[part[films.index].eq("fitted")]),
            Count.of(films[part[films.index].eq("chosen")]),
            int(named.get(str(source), 0)),
        )
        for source, films in manifest.groupby("source")
    )
