"""What a row of a table says of a film and its patient, and what of it is not understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from covid_d.appearance import Appearance
from covid_d.dataset.collections.base import Exclusion, Reason
from covid_d.dataset.collections.vocabulary import (
    appearance_of,
    is_frontal,
    is_slice,
    is_untold,
    label_of,
    names_child,
    parse_projection,
    pcr_of,
)
from covid_d.dataset.manifest import Label
from covid_d.plain_words import is_unstated
from covid_d.radiograph.ages import parse_age
from covid_d.radiograph.film import Projection, Sex
from covid_d.radiograph.sexes import parse_sex


@dataclass(frozen=True, slots=True)
class StatedInRow:
    """What a row states.

    Parameters
    ----------
    label, appearance
        Its class; ``None`` when it tells none.
    contradiction
        Why it contradicts itself, if it does.
    projection, sex, age
        ``None`` when unknown.
    child
        Whether the patient is known to be under 18.
    not_understood
        (column, value) of each cell that says something nobody understood.
    """

    label: Label | None
    appearance: Appearance | None
    contradiction: Exclusion | None
    projection: Projection | None
    sex: Sex | None
    age: float | None
    child: bool
    not_understood: tuple[tuple[str, str], ...]


def stated(cells: Mapping[str, str], *, spanish_sex: bool = False) -> StatedInRow:
    """Read the cells ``label``, ``appearance``, ``pcr``, ``view``, ``age`` and ``sex`` of a row.

    Parameters
    ----------
    cells
        By these names; missing ones are empty. ``finding`` is looked at for a child alone.
    spanish_sex
        Whether ``M`` is a woman (*mujer*).
    """
    odd: list[tuple[str, str]] = []

    def heard(column: str, value: object, known: bool) -> None:
        if value is None and not known:
            odd.append((column, cells[column]))

    text = {name: cells.get(name, "") for name in (*_COLUMNS, "finding")}
    label, contradiction = _label(text["label"], text["pcr"])
    heard("label", label or contradiction, is_untold(text["label"]))
    appearance = appearance_of(text["appearance"])
    heard("appearance", appearance, is_unstated(text["appearance"]))
    heard("pcr", pcr_of(text["pcr"]), is_unstated(text["pcr"]))
    view = text["view"]
    projection = parse_projection(view)
    heard("view", projection, is_unstated(view) or is_frontal(view) or is_slice(view))
    sex = parse_sex(text["sex"], spanish=spanish_sex)
    heard("sex", sex, is_unstated(text["sex"]))
    age, child = None, names_child(text["finding"]) or names_child(text["label"])
    try:
        told = parse_age(text["age"])
    except ValueError:
        odd.append(("age", text["age"]))
    else:
        age, child = (told.years, told.child or child) if told else (None, child)
    return StatedInRow(label, appearance, contradiction, projection, sex, age, child, tuple(odd))


_COLUMNS = ("label", "appearance", "pcr", "view", "age", "sex")


def _label(finding: str, pcr: str) -> tuple[Label | None, Exclusion | None]:
    """Return the class by finding and laboratory; none where these contradict each other."""
    label, positive = label_of(finding), pcr_of(pcr)
    if positive is None or label is (Label.COVID if positive else Label.NOCOVID):
        return label, None
    if label is None:
        # A negative test alone tells little: one in five misses the virus.
        return (Label.COVID if positive else None), None
    told = f"{finding}, but RT-PCR {'positive' if positive else 'negative'}"
    return None, Exclusion(Reason.CONTRADICTORY, told)
