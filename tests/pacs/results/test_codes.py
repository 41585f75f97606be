"""The table of codes: what the standard holds them to, and that public ones mean what we say."""

from __future__ import annotations

import pytest
from pydicom.sr.codedict import codes as standard
from pydicom.sr.coding import Code

from covid_d.detector import CATEGORIES, Outcome
from covid_d.pacs.results import codes, is_ours
from pacs_factory import hospital_film

TABLE = codes.table()


@pytest.mark.parametrize("code", TABLE, ids=lambda code: f"{code.scheme_designator}-{code.value}")
def test_a_code_has_the_lengths_that_the_standard_allows(code: Code) -> None:
    assert 0 < len(code.value) <= 16  # SH, PS3.3 table 8.8-1
    assert 0 < len(code.scheme_designator) <= 16
    assert 0 < len(code.meaning) <= 64  # LO


def test_no_code_means_two_things() -> None:
    keys = [(code.scheme_designator, code.value) for code in TABLE]
    assert len(keys) == len(set(keys))
    meanings = [code.meaning for code in TABLE if code.scheme_designator == codes.SCHEME]
    assert len(meanings) == len(set(meanings))


@pytest.mark.parametrize(
    ("ours", "public"),
    [
        (codes.POSITIVE, standard.SCT.Positive),
        (codes.NEGATIVE, standard.SCT.Negative),
        (codes.INDETERMINATE, standard.SCT.Indeterminate),
        (codes.LUNG, standard.SCT.LungStructure),
        (codes.INTELLIGENCE, standard.DCM.ArtificialIntelligence),
        (codes.ANALYSIS, standard.DCM.AnalysisPerformed),
        (codes.SUCCEEDED, standard.DCM.Succeeded),
        (codes.NOT_ATTEMPTED, standard.DCM.NotAttempted),
        (codes.COMMENT, standard.DCM.Comment),
    ],
)
def test_public_codes_are_those_of_the_standards_tables(ours: Code, public: Code) -> None:
    assert (ours.value, ours.scheme_designator) == (public.value, public.scheme_designator)
    assert ours.meaning.split(" (")[0].lower() == public.meaning.split(" (")[0].lower()


def test_every_answer_and_appearance_has_a_code_and_a_refusal_has_none() -> None:
    assert set(codes.ANSWER) == set(Outcome) - {Outcome.REFUSED}
    assert set(codes.CATEGORY) == set(codes.PROBABILITY_OF) == set(CATEGORIES)


@pytest.mark.parametrize("name", ["COVID-D", "covid-d", " COVID-D "])
def test_ours_is_what_bears_our_name(name: str) -> None:
    assert is_ours(hospital_film(Manufacturer=name))


@pytest.mark.parametrize("name", [None, "", "Agfa", "COVID-D2"])
def test_a_stations_film_is_not(name: str | None) -> None:
    film = hospital_film() if name is None else hospital_film(Manufacturer=name)
    assert not is_ours(film)
