"""The page: headline before pool, stamps on top, nothing loaded from anywhere, both languages."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sklearn.metrics import roc_auc_score

from covid_d.evaluation.evaluation import Evaluation
from covid_d.evaluation.figures.metrics import measure
from covid_d.evaluation.report.page import EvaluationReport, stamps
from covid_d.language import Language

PIXEL = b"\x89PNG"


def _html(evaluation: Evaluation, language: Language = "es", **pictures: bytes) -> str:
    return EvaluationReport(evaluation, pictures, language).page().to_html()


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_headline_comes_before_the_pool(
    phantom_evaluation: Evaluation, language: Language
) -> None:
    headings = [
        s.heading for s in EvaluationReport(phantom_evaluation, {}, language).page().sections
    ]
    worst = {"es": "La cifra que cuenta: la peor fuente"}.get(
        language, "The figure that counts: the worst source"
    )
    assert headings[0] == worst
    pool = next(k for k, h in enumerate(headings) if "inflad" in h or "inflated" in h)
    assert pool > 0


def test_the_headline_gives_n_and_interval(phantom_evaluation: Evaluation) -> None:
    text = " ".join(EvaluationReport(phantom_evaluation, {}, "en").page().sections[0].paragraphs)
    assert "In north" in text
    films = phantom_evaluation.scores.films
    north = films[films["source"].eq("north")]
    value = roc_auc_score(north["label"].eq("covid"), north["probability"])
    assert re.search(rf"AUROC is {value:.2f} \(0\.\d\d–\d\.\d\d\)", text)
    assert "14 films with COVID-19 and 14 without" in text


def test_without_a_headline_the_page_says_why(phantom_evaluation: Evaluation) -> None:
    evaluation = replace(phantom_evaluation, headline=None)
    assert "Ninguna fuente tiene al menos 10" in _html(evaluation)
    # Predictive values then rest on the pool, and say so.
    assert "cifras infladas" in _html(evaluation)


def test_a_headline_no_better_than_chance_is_told(
    phantom_evaluation: Evaluation,
) -> None:
    films = phantom_evaluation.scores.films
    north = films[films["source"].eq("north")].copy()
    north["probability"] = 0.5
    evaluation = replace(phantom_evaluation, headline=measure(north, "north", resamples=100))
    assert "no se distingue del azar" in _html(evaluation)
    assert "cannot be told from chance" in _html(evaluation, "en")


@pytest.mark.parametrize("seen", [0, 5])
def test_allow_seen_is_stamped(phantom_evaluation: Evaluation, seen: int) -> None:
    films = phantom_evaluation.scores.films.copy()
    films["seen"] = films.index < seen
    scores = replace(phantom_evaluation.scores, films=films, seen_allowed=True)
    html = _html(replace(phantom_evaluation, scores=scores))
    assert "--allow-seen" in html
    assert ("5 de las 64 radiografías se usaron" in html) is (seen == 5)


def test_a_demonstration_bundle_is_stamped(phantom_evaluation: Evaluation) -> None:
    assert "Modelo de demostración" in _html(phantom_evaluation)
    passed = replace(phantom_evaluation, verdict="audit-passed")
    assert stamps(passed) == []
    assert "Modelo de demostración" not in _html(passed)


def test_refused_films_are_listed_with_their_reason(phantom_evaluation: Evaluation) -> None:
    html = _html(phantom_evaluation)
    assert "test/blank.png" in html
    assert "La imagen no tiene contenido" in html
    assert "Se leyeron 65 radiografías; el modelo rechazó 1" in html


def test_sources_of_one_class_show_no_number_they_do_not_have(
    phantom_evaluation: Evaluation,
) -> None:
    sources = EvaluationReport(phantom_evaluation, {}, "en").page().sections[2].tables[0]
    rows = {row[0]: row for row in sources.rows}
    assert rows["south"][4] == "one class only"
    assert "%" in str(rows["south"][5])
    assert rows["south"][6] == "–"
    assert rows["east"][5] == "–"
    assert "%" in str(rows["east"][6])


def test_small_subgroups_are_not_reported(phantom_evaluation: Evaluation) -> None:
    films = phantom_evaluation.scores.films
    small = measure(films.groupby("label").head(9), "small", resamples=100)
    evaluation = replace(
        phantom_evaluation, subgroups={**phantom_evaluation.subgroups, "sex": {"small": small}}
    )
    page = EvaluationReport(evaluation, {}, "es").page()
    table = next(t for s in page.sections for t in s.tables if t.caption == "Sexo")
    assert table.rows == [["small", 9, 9, small.patients, *["n<10, no se informa"] * 3]]


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_page_is_self_contained_and_complete(
    phantom_evaluation: Evaluation, language: Language
) -> None:
    names = (
        "roc",
        "precision_recall",
        "reliability",
        "confusion",
        "scores_by_source",
        "decision_curve",
        "worst_errors",
    )
    html = _html(phantom_evaluation, language, **dict.fromkeys(names, PIXEL))
    assert html.count("data:image/png;base64,") == len(names)
    assert not re.search(r'(?:src|href)="(?!data:)', html)
    assert f'<html lang="{language}"' in html
    # No value was left unfilled, and every hash that names what was measured is there.
    assert not re.search(r"\{[a-z_]+\}", html.split("</style>")[1])
    assert phantom_evaluation.scores.bundle.sha256 in html
    assert "a" * 64 in html


def test_without_conformal_thresholds_the_page_says_so(phantom_evaluation: Evaluation) -> None:
    evaluation = replace(phantom_evaluation, error_rate=None, coverage=())
    assert "toda respuesta es no concluyente" in _html(evaluation)


def test_a_broken_coverage_promise_is_told(phantom_evaluation: Evaluation) -> None:
    broken = replace(phantom_evaluation.coverage[0], target=0.9999999)
    covered = replace(broken, observed=replace(broken.observed, value=0.5, low=0.3, high=0.7))
    html = _html(replace(phantom_evaluation, coverage=(covered,)), "en")
    told = f"observed coverage 50% (30–70) of {covered.observed.n}, promised 100%: NOT kept"
    assert f"All films, with COVID-19: {told}" in html


def test_publishers_held_out_are_told_apart(phantom_evaluation: Evaluation) -> None:
    (covered, *_) = phantom_evaluation.coverage
    html = _html(replace(phantom_evaluation, coverage_apart={"held_out": (covered,)}), "es")
    assert "Publicadores apartados del entrenamiento (aquí nada se promete)" in html
