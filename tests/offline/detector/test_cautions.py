"""What is said beside an answer: every caution that Python gives, in its words."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from typing import Any

from covid_d.detector.cautions import cautions_of_unknown, contradictions
from covid_d.detector.stated import Stated
from covid_d.language import years
from covid_d.radiograph.film import Facts, Projection, Sex
from on_node import Ask

_CAUTIONS = """
import { cautionsOfUnknown, contradictions } from "@web/detector/cautions.mjs";
export default ({ facts, asked }) => asked.map(({ film, stated }) => ({
  unknown: cautionsOfUnknown(film, stated, facts),
  contradictions: contradictions(film, stated, facts),
}));
"""
_STATED = """
import { statedOf } from "@web/detector/stated.mjs";
export default ({ facts, good, bad }) => ({
  good: good.map((said) => statedOf(said, facts)),
  bad: bad.map((said) => {
    try {
      return statedOf(said, facts);
    } catch (error) {
      return error.name;
    }
  }),
});
"""
_FILL = """
import { fill, localised, years } from "@web/detector/language.mjs";
export default ({ facts, numbers }) => ({
  years: numbers.map((number) => years(number, facts)),
  localised: [localised("5.5", "es"), localised("5.5", "en")],
  missing: ["{a}", "{a.es}", "{b}"].map((text) => {
    try {
      return fill({ es: text, en: text }, { a: { en: "x" } });
    } catch (error) {
      return error.constructor.name;
    }
  }),
});
"""


def _known() -> list[tuple[Facts, Stated]]:
    """Every pair of what a film and a person may say that has a word of its own."""
    projections = (None, Projection.PA, Projection.AP_SUPINE)
    sexes = (None, Sex.FEMALE, Sex.OTHER)
    ages: list[dict[str, Any]] = [
        {},
        {"age_years": 40.9, "age_by_dates": 1.5},
        {"age_years": 42.0, "age_by_dates": 40.0},
        {"age_years": 17.5},
        {"turned": "RF"},
        {"turned": "FL"},
        {"expiration": True},
    ]
    said: list[dict[str, Any]] = [
        {},
        {"adult": True},
        {"adult": False},
        {"age_years": 44.7, "sex": Sex.MALE, "projection": Projection.AP},
        {"age_years": 43.0, "sex": Sex.FEMALE, "projection": Projection.PA},
        {"age_years": 1.0, "adult": True},
    ]
    return [
        (Facts("DICOM", "0" * 64, 12, projection=projection, sex=sex, **age), Stated(**stated))
        for projection, sex, age, stated in itertools.product(projections, sexes, ages, said)
    ]


def _plain(known: Facts | Stated) -> dict[str, Any]:
    return asdict(known)


def test_every_caution_is_given_where_python_gives_it(ask: Ask, facts: dict[str, Any]) -> None:
    known = _known()
    asked = [{"film": _plain(film), "stated": _plain(stated)} for film, stated in known]
    found = ask(_CAUTIONS, {"facts": facts, "asked": asked})
    codes = set()
    for (film, stated), answer in zip(known, found, strict=True):
        unknown = [caution.to_dict() for caution in cautions_of_unknown(film, stated)]
        against = [caution.to_dict() for caution in contradictions(film, stated)]
        assert answer == {"unknown": unknown, "contradictions": against}
        codes |= {caution["code"] for caution in unknown + against}
    assert codes == {
        *("projection_unknown", "supine", "age_unknown", "ages_contradict", "age_differs"),
        *("sex_differs", "projection_differs", "stated_mirrored", "stated_turned"),
        "expiration",
    }


def test_what_is_stated_is_whole_or_is_not_taken(ask: Ask, facts: dict[str, Any]) -> None:
    good: list[Any] = [
        {},
        None,
        {"age_years": 0, "adult": None},
        {"projection": "AP Supine", "sex": "O"},
    ]
    bad = [
        {"age_years": -1},
        {"age_years": 200},
        {"age_years": "40"},
        {"projection": "frontal"},
        {"sex": "female"},
        {"adult": "yes"},
        {"name": "somebody"},
    ]
    found = ask(_STATED, {"facts": facts, "good": good, "bad": bad})
    nothing = {"projection": None, "age_years": None, "adult": None, "sex": None}
    assert found["good"] == [{**nothing, **(said or {})} for said in good]
    assert found["bad"] == ["RangeError"] * len(bad)


def test_sentences_are_filled_whole_or_not_at_all(ask: Ask, facts: dict[str, Any]) -> None:
    found = ask(_FILL, {"facts": facts, "numbers": [0, 1, 2, 22, 102]})
    assert found["years"] == [years(number).to_dict() for number in (0, 1, 2, 22, 102)]
    assert found["localised"] == ["5,5", "5.5"]
    assert found["missing"] == ["MissingWords"] * 3
