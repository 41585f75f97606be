"""Assessments and bundles show themselves: words first, never markup from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bundle_factory import AUDITED, make_appearance_bundle, make_bundle
from covid_d.detector import Bundle, Detector
from covid_d.detector.show import assessment_html, bundle_html
from covid_d.language import INTENDED_USE
from covid_d.radiograph import Projection, Radiograph
from covid_d.settings import settings

Film = Callable[..., Radiograph]


def test_an_answer_is_words_then_number_then_warnings(detector: Detector, film_of: Film) -> None:
    assessment = detector.assess(film_of(0.8), name="a.png", prevalence=0.02)
    html = assessment_html(assessment, "es")
    order = (
        "a.png: si es adulto: compatible con COVID-19",
        "no es una probabilidad de enfermedad): 1,00",
        "La proyección no consta",
        "Respondió",
    )
    places = [html.index(part) for part in order]
    assert places == sorted(places)
    assert INTENDED_USE.es in html


def test_a_refusal_shows_its_reason_and_no_number(detector: Detector, film_of: Film) -> None:
    assessment = detector.assess(film_of(projection=Projection.LATERAL))
    assert assessment.refusal is not None
    html = assessment_html(assessment, "en")
    assert "image not analysed" in html
    assert assessment.refusal.message.en in html
    assert assessment.refusal.next_step.en in html
    assert "%" not in html


def test_the_activation_is_shown_when_there_is_one(detector: Detector, film_of: Film) -> None:
    film = film_of(0.6)
    assert "<img" not in detector.assess(film)._repr_html_()
    html = detector.assess(film, activation=True)._repr_html_()
    assert html.count("<img") == 1
    assert "no delimita lesiones" in html


def test_the_language_is_that_of_the_settings(
    detector: Detector, film_of: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    assessment = detector.assess(film_of())
    assert INTENDED_USE.es in assessment._repr_html_()
    monkeypatch.setenv("COVID_D_LANGUAGE", "en")
    settings.cache_clear()
    assert INTENDED_USE.en in assessment._repr_html_()
    assert INTENDED_USE.en in detector.bundle._repr_html_()


def test_a_path_is_never_markup(detector: Detector, film_of: Film) -> None:
    assessment = detector.assess(film_of(), name="<script>alert(1)</script>.png")
    assert "<script" not in assessment._repr_html_()


def test_a_bundle_shows_its_verdict_data_and_hash(shared_bundle: Path) -> None:
    bundle = Bundle.load(shared_bundle)
    html = bundle_html(bundle, "es")
    assert f"{bundle.spec.name} {bundle.spec.version} (demostración)" in html
    assert "no lo use para decidir" in html
    assert bundle.id.sha256[:12] in html
    for source, films in bundle.spec.training.sources.items():
        assert f"{source} {films}" in html
    assert bundle_html(bundle, "en") == bundle_html(bundle, "en")


def test_a_bundles_own_words_are_never_markup(tmp_path: Path) -> None:
    folder = make_bundle(
        tmp_path / "bundle",
        training={
            "recipe": "x", "dataset_sha256": "0", "seed": 1,
            "films": {"train": 1, "validation": 1}, "sources": {"<img src=x>": 2},
        },
    )  # fmt: skip
    assert "<img" not in Bundle.load(folder)._repr_html_()


def test_an_audited_answer_about_appearance_shows_its_range(tmp_path: Path, film_of: Film) -> None:
    detector = Detector.load(make_appearance_bundle(tmp_path / "b", verdict=AUDITED))
    html = assessment_html(detector.assess(film_of(0.6), prevalence=0.05), "es")
    assert "aspecto típico de COVID-19" in html
    assert "COVID-19 con una prevalencia del 5 %: " in html
    assert "COVID-19 con una prevalencia" not in assessment_html(
        detector.assess(film_of(0.6)), "es"
    )
    assert "de aspecto típico" in bundle_html(detector.bundle, "es")
