"""Page, card and plots of appearance: figures in both languages, counts in every row."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from appearance_factory import graded_table, outside_table, scores_of
from covid_d.detector import Appearance
from covid_d.evaluation.appearance import texts
from covid_d.evaluation.appearance.card import appearance_section
from covid_d.evaluation.appearance.evaluation import AppearanceEvaluation, evaluate_appearance
from covid_d.evaluation.appearance.output import write_appearance
from covid_d.evaluation.appearance.page import AppearanceReport
from covid_d.evaluation.appearance.plots import draw_plots, worst_films
from covid_d.evaluation.report.texts import shown
from covid_d.language import Language
from covid_d.radiograph.phantom import draw_phantom


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_page_tells_what_counts(
    drawn_appearance: AppearanceEvaluation, language: Language
) -> None:
    html = AppearanceReport(drawn_appearance, {}, language).page().to_html()
    worst = drawn_appearance.headline
    assert worst is not None
    assert shown("auroc", worst.figures["auroc_typical"], language) in html
    headings = (
        texts.HEADLINE_HEADING, texts.GRADED_HEADING, texts.ANSWERS_HEADING,
        texts.OUTSIDE_HEADING, texts.COVERAGE_HEADING, texts.CALIBRATION_HEADING,
        texts.SUBGROUPS_HEADING,
    )  # fmt: skip
    for heading in headings:
        assert escape(heading.in_language(language)) in html.replace("&#39;", "&#x27;")
    assert "0.56" in html or "0,56" in html  # radiologists' agreement stands beside
    demonstration = "Modelo de demostración" if language == "es" else "Demonstration model"
    assert demonstration in html
    looked = "ya se había mirado 2 veces" if language == "es" else "looked at 2 times"
    assert looked in html


def test_what_took_part_in_choosing_is_named(drawn_appearance: AppearanceEvaluation) -> None:
    html = AppearanceReport(drawn_appearance, {}, "en").page().to_html()
    assert "siim: the model was trained on 400 of its films (380 patients), and 100 (95" in html
    assert "rsna: no film took part in making the model." in html


def test_a_file_of_scores_says_that_nobody_can_check(
    drawn_appearance: AppearanceEvaluation,
) -> None:
    scores = replace(drawn_appearance.scores, seen_known=False)
    evaluation = replace(drawn_appearance, scores=scores, verdict=None, roles=())
    html = AppearanceReport(evaluation, {}, "en").page().to_html()
    assert "nobody can check whether the model was made from these very films" in html
    assert "Demonstration model" not in html


def test_without_graded_films_the_page_says_so() -> None:
    scores = scores_of(outside_table("rsna", "Normal", 0, 31))
    evaluation = evaluate_appearance(scores, error_rate=None, resamples=100)
    html = AppearanceReport(evaluation, {}, "en").page().to_html()
    assert texts.NO_HEADLINE.en in html
    assert texts.NO_COVERAGE.en in html
    assert texts.CALIBRATION_HEADING.en not in html


def test_without_outside_films_the_page_says_what_is_missing() -> None:
    evaluation = evaluate_appearance(scores_of(graded_table(12)), error_rate=0.1, resamples=100)
    html = AppearanceReport(evaluation, {}, "es").page().to_html()
    assert texts.NO_OUTSIDE.es in html


def test_every_row_of_the_card_counts_films_and_patients(
    drawn_appearance: AppearanceEvaluation,
) -> None:
    section = appearance_section(drawn_appearance, ["covid-d", "evaluate", "b", "d"])
    lines = section.splitlines()
    assert "covid-d evaluate b d" in lines
    called = lines.index("Other sources, at the shipped thresholds:")
    rows = [line for line in lines[called + 4 :] if line.startswith("|")][:4]
    assert [row.split(" | ")[0].strip("| ") for row in rows] == ["nih", "nih", "rsna", "cohen"]
    rsna = next(row for row in rows if row.startswith("| rsna"))
    assert "| normal | 60 | 60 |" in rsna
    assert "| all | 279 |" in section
    pool = drawn_appearance.pool
    assert pool is not None
    ends = [pool.categories[Appearance.NEGATIVE], pool.categories[Appearance.TYPICAL]]
    figures = [line for line in lines if line.startswith("| AUROC, typical v negative |")]
    films, patients = (sum(getattr(end, name) for end in ends) for name in ("films", "patients"))
    assert figures[0].endswith(f" | {films} | {patients} |")
    kappa = next(line for line in lines if line.startswith("| Weighted (quadratic) kappa"))
    assert kappa.endswith(f" | {pool.all.films} | {pool.all.patients} |")
    apart = lines.index("Told apart within other sources:")
    nih = next(line for line in lines[apart:] if line.startswith("| nih |"))
    source = next(found for found in drawn_appearance.outside if found.name == "nih")
    counts = [(count.films, count.patients) for count in source.counts.values()]
    assert nih.endswith(f" | {counts[0][0]} | {counts[0][1]} |")
    assert source.counts.keys() == source.figures.keys()
    assert "NOT kept" in section or "| kept |" in section


def test_plots_of_everything(drawn_appearance: AppearanceEvaluation) -> None:
    found = draw_plots(drawn_appearance, None, "es")
    assert set(found) == {"roc", "confusion", "calibration", "outside"}
    for png in found.values():
        assert png.startswith(b"\x89PNG")


def test_worst_films_are_the_least_given_and_wrong() -> None:
    films = graded_table(3)
    films[["negative", "atypical", "indeterminate", "typical"]] = [
        *[[0.7, 0.1, 0.1, 0.1]] * 3,
        *[[0.0, 0.5, 0.4, 0.1]] * 3,
        *[[0.1, 0.6, 0.2, 0.1]] * 3,
        [0.9, 0.0, 0.05, 0.05], [0.1, 0.1, 0.1, 0.7], [0.5, 0.2, 0.1, 0.2],
    ]  # fmt: skip
    worst = worst_films(films)
    assert worst["path"].tolist()[:2] == ["siim/9.png", "siim/11.png"]
    assert worst["given"].tolist() == pytest.approx([0.05, 0.2, 0.2, 0.2, 0.2])


def test_everything_is_written_and_reads_back(
    drawn_appearance: AppearanceEvaluation, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    for path in worst_films(drawn_appearance.scores.films.query("appearance != ''"))["path"]:
        (films / path).parent.mkdir(parents=True, exist_ok=True)
        pixels = draw_phantom(1, size=96).pixels
        Image.fromarray((pixels * 255).astype("uint8")).save(films / path)
    out = tmp_path / "out"
    write_appearance(drawn_appearance, films, out, language="en")
    assert sorted(path.name for path in out.iterdir()) == [
        "metrics.json", "plots", "refused.csv", "report.html", "scores.csv",
    ]  # fmt: skip
    assert {path.stem for path in (out / "plots").iterdir()} == {
        "roc", "confusion", "calibration", "outside", "worst_errors",
    }  # fmt: skip
    again = pd.read_csv(out / "scores.csv", keep_default_na=False)
    assert again["typical"].tolist() == drawn_appearance.scores.films["typical"].tolist()
    html = (out / "report.html").read_text(encoding="utf-8")
    assert html.count("data:image/png") == 5
