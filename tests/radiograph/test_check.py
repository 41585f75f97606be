"""The checks without a model: each refusal, and its edges."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from covid_d.radiograph import Facts, Projection, Radiograph, RefusalCode, check
from covid_d.radiograph.phantom import draw_phantom

FACTS = Facts(format="DICOM", sha256="0" * 64, bits=12)


def code_of(pixels: np.ndarray[Any, Any] | None = None, **facts: Any) -> RefusalCode | None:
    """Return the code of the refusal of a phantom with these facts, if it is refused."""
    drawn = draw_phantom(3).pixels if pixels is None else pixels.astype(np.float32)
    refusal = check(Radiograph(drawn, replace(FACTS, **facts)))
    return refusal.code if refusal else None


def test_a_film_with_nothing_against_it_passes() -> None:
    assert code_of() is None
    assert (
        code_of(modality="DX", body_part="CHEST", projection=Projection.PA, age_years=40.0) is None
    )


@pytest.mark.parametrize("modality", ["CR", "DX", "RG", "DR", "OT", "SC", None])
def test_radiographic_modalities_pass(modality: str | None) -> None:
    assert code_of(modality=modality) is None


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "MG", "NM", "PT", "XA", "RF", "DOC"])
def test_other_modalities_are_refused(modality: str) -> None:
    assert code_of(modality=modality) is RefusalCode.NOT_RADIOGRAPHY


@pytest.mark.parametrize(
    "part",
    [
        "CHEST",
        "Thorax",
        "TÓRAX",
        "TORAX PA",
        "PORT CHEST",
        "PECHO",
        "LUNG",
        "PULMONES",
        None,
        "",
        "UNKNOWN",
        "OTHER",
        "N/A",
        "--",
    ],
)
def test_chest_and_nothing_pass(part: str | None) -> None:
    assert code_of(body_part=part) is None


@pytest.mark.parametrize(
    "part",
    [
        "ABDOMEN",
        "EXTREMITY",
        "SKULL",
        "TSPINE",
        "RIB",
        "MANO",
        "WHOLEBODY",
        "CHEST RIBS",
        "COLUMNA TORAX",
        "THORACIC SPINE",
    ],
)
def test_other_parts_are_refused(part: str) -> None:
    assert code_of(body_part=part) is RefusalCode.NOT_CHEST


@pytest.mark.parametrize(
    ("projection", "code"),
    [
        (Projection.PA, None),
        (Projection.AP, None),
        (Projection.AP_SUPINE, None),
        (Projection.LATERAL, RefusalCode.NOT_FRONTAL),
        (Projection.OTHER, RefusalCode.NOT_FRONTAL),
    ],
)
def test_only_frontal_films_pass(projection: Projection, code: RefusalCode | None) -> None:
    assert code_of(projection=projection) is code


@pytest.mark.parametrize(
    ("age", "code"),
    [(0.0, RefusalCode.CHILD), (17.99, RefusalCode.CHILD), (18.0, None), (119.0, None)],
)
def test_children_are_refused(age: float, code: RefusalCode | None) -> None:
    assert code_of(age_years=age) is code


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"age_years": 45.0, "age_by_dates": 5.0}, RefusalCode.CHILD),
        ({"age_years": 5.0, "age_by_dates": 45.0}, RefusalCode.CHILD),
        ({"age_years": 45.0, "child": True}, RefusalCode.CHILD),
        ({"child": True}, RefusalCode.CHILD),
        ({"age_unread": "XX"}, RefusalCode.AGE_UNREAD),
        ({"age_unread": "XX", "age_years": 45.0}, None),
        ({"age_years": 45.0, "age_by_dates": 70.0}, None),
    ],
)
def test_a_child_by_any_source_is_refused_and_so_is_an_age_not_understood(
    facts: dict[str, Any], code: RefusalCode | None
) -> None:
    assert code_of(**facts) is code


def test_a_child_is_quoted_in_whole_years() -> None:
    refusal = check(Radiograph(draw_phantom(3).pixels, replace(FACTS, age_years=17.99)))
    assert refusal is not None
    assert refusal.message.es.startswith("La edad del paciente (17) es menor de 18 años")
    assert refusal.message.en.startswith("The patient's age (17) is under 18 years")


def test_colour_is_refused() -> None:
    assert code_of(colour=True) is RefusalCode.COLOUR


@pytest.mark.parametrize("colour", [False, True])
def test_coloured_marks_on_a_film_are_told_from_a_colour_picture(colour: bool) -> None:
    assert code_of(colour=colour, marks=True) is RefusalCode.ANNOTATED


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ((200, 200), None),
        ((200, 400), None),
        ((400, 200), None),
        ((200, 401), RefusalCode.ASPECT),
        ((401, 200), RefusalCode.ASPECT),
    ],
)
def test_shapes(shape: tuple[int, int], code: RefusalCode | None) -> None:
    across, down = np.linspace(0, 0.5, shape[1]), np.linspace(0, 0.5, shape[0])
    assert code_of(across[None, :] + down[:, None]) is code


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_uniform_fields_are_blank(level: float) -> None:
    assert code_of(np.full((256, 256), level)) is RefusalCode.BLANK


def test_noise_of_a_field_and_masks_are_blank() -> None:
    rng = np.random.default_rng(1)
    assert code_of(0.5 + rng.normal(0, 0.0005, (256, 256))) is RefusalCode.BLANK
    assert code_of(rng.integers(0, 2, (256, 256))) is RefusalCode.BLANK
    nearly_all_black = np.zeros((400, 400))
    nearly_all_black[200, 100:130] = np.linspace(0.1, 1, 30)
    assert code_of(nearly_all_black) is RefusalCode.BLANK


def test_levels_that_lie_between_the_first_lines_looked_at_count() -> None:
    rows = np.repeat(np.linspace(0, 0.2, 15), 20)[:288]
    few = np.tile(rows[:, None], (1, 288))
    assert code_of(few) is RefusalCode.BLANK
    more = few.copy()
    more[9] = np.linspace(0, 0.2, 288)  # no 32nd line
    assert code_of(more) is not RefusalCode.BLANK


@pytest.mark.parametrize("bits", [10, 12])
def test_a_film_that_uses_few_of_sixteen_bits_is_not_blank(bits: int) -> None:
    assert code_of(np.rint(draw_phantom(3).pixels * ((1 << bits) - 1)) / 65535) is None


def test_what_is_stated_is_judged_before_what_is_seen() -> None:
    assert code_of(np.zeros((200, 900)), modality="CT", age_years=3.0) is (
        RefusalCode.NOT_RADIOGRAPHY
    )


@pytest.mark.parametrize(("levels", "blank"), [(15, True), (16, False), (40, False)])
def test_a_film_has_sixteen_levels_at_least(levels: int, blank: bool) -> None:
    """Counted wherever they lie: of one value there is a single pixel."""
    film = np.zeros((256, 256))
    film[100, 20 : 20 + levels - 1] = np.linspace(0.2, 0.9, levels - 1)
    film[60:200, 60:200] = 0.9  # or the film's contrast would be nought
    assert (code_of(film) is RefusalCode.BLANK) is blank


def test_the_first_film_does_not_load_what_it_does_not_need() -> None:
    """NumPy's masked arrays take as long to load as a film to answer."""
    program = (
        "import sys, numpy as np\n"
        "from covid_d.radiograph import Facts, Radiograph, check\n"
        "pixels = np.random.default_rng(1).random((256, 256), dtype=np.float32)\n"
        "film = Radiograph(pixels, Facts('PNG', '', 8))\n"
        "assert check(film) is None\n"
        "from covid_d.radiograph.strokes import drawn_over\n"
        "drawn_over(pixels, np.ones((32, 32), dtype=bool))\n"
        "sys.exit('numpy.ma' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
