"""The audit's page, figure and card section: complete, in both languages, self-contained."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audit_factory import evidence, result, source, too_small
from bundle_factory import make_bundle
from covid_d.dataset.looks import Look
from covid_d.detector import Bundle, update
from covid_d.detector.bundle.spec import Verdict
from covid_d.detector.bundle.summary import verdict_in_summary
from covid_d.detector.lungs import LungModel
from covid_d.errors import BundleError, EvaluationError
from covid_d.evaluation.audit import audit_page, texts, write_verdict
from covid_d.evaluation.audit.card import BEGIN, END, audit_section, with_audit_section
from covid_d.evaluation.audit.evidence import Evidence, LungEvidence
from covid_d.evaluation.audit.figure import audit_figure
from covid_d.evaluation.audit.probes import Probe
from covid_d.evaluation.audit.thresholds import THRESHOLDS
from covid_d.language import Language, Message
from lung_factory import make_lungs

LANGUAGES: tuple[Language, ...] = ("es", "en")
COMMAND = ["covid-d", "audit", "my bundle", "dataset", "--write"]
BARE = evidence(
    lungs=None, sources=(too_small(),), predictability=(), sensitivities=(), left_out={}
)


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_shows_every_check_and_threshold(language: Language) -> None:
    found = result(evidence(sources=(source(), source("south", erased=0.84))))
    shown = words_of(audit_page(found, language).to_html())
    for check in found.checks:
        assert check.message.in_language(language) in shown
    for name in THRESHOLDS.to_dict():
        assert texts.THRESHOLDS[name].in_language(language) in shown
    for probe in Probe:
        assert probe.message.in_language(language) in shown
    assert texts.DEMONSTRATION.in_language(language) in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_verdict_comes_first(language: Language) -> None:
    page = audit_page(result(), language)
    assert page.notices == [texts.PASSED.in_language(language)]
    assert page.language == language
    assert audit_page(result(BARE), language).notices == [texts.DEMONSTRATION.in_language(language)]


def test_page_loads_nothing_from_elsewhere() -> None:
    html = audit_page(result(), "en").to_html()
    assert not re.search(r"(src|href)=[\"'](?!data:|#)", html)
    assert "<script" not in html
    assert html.count("data:image/png;base64,") == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("found", [evidence(), BARE], ids=["full", "bare"])
def test_page_has_no_unfilled_field(language: Language, found: object) -> None:
    html = audit_page(result(found), language).to_html()  # type: ignore[arg-type]
    shown = words_of(html.split("</style>")[-1])
    assert not re.search(r"\{\w+\}", shown)
    assert not re.search(r"\bnan\b|\bNone\b", shown)


def test_spanish_page_writes_decimal_commas() -> None:
    shown = words_of(audit_page(result(), "es").to_html().split("</style>")[-1])
    figures = re.findall(r"\b0[.,]\d{2,3}\b", shown)
    assert figures
    assert all("," in figure for figure in figures)


def test_sources_without_figures_say_so() -> None:
    shown = words_of(audit_page(result(), "en").to_html())
    assert "too few films of one of the classes (positive / negative): tiny (9 / 40)." in shown


def test_a_column_holds_one_source() -> None:
    found = evidence(sources=(source(), source("south", erased=0.84), too_small()))
    (table,) = audit_page(result(found), "en").sections[1].tables
    assert list(table.header) == ["Source", "pooled (inflated)", found.sources[0].name, "south"]
    rows = {str(row[0]): row[1:] for row in table.rows}
    assert len(rows) == 6 + len(Probe)
    assert rows["with letters, electrodes or tubes on the lungs"][2] == "4 / 3"
    south = found.sources[1]
    counts = f"{south.positives} / {south.negatives} ({south.patients})"
    assert rows["positive / negative (patients)"][2] == counts
    assert str(rows["model, lungs erased"][2]).startswith("0.84 (")
    best = south.probes[Probe.BORDER].auroc
    assert str(rows[Probe.BORDER.message.en][2]).startswith(f"{best.value:.2f} (")


@pytest.mark.parametrize(
    ("lungs", "expected"),
    [
        (evidence().lungs, "Dice 0.950 (0.940–0.960) on 40 films of 30 held-out patients"),
        (LungEvidence("given", None, 0.97), "given by the auditor; lungs found on 97%"),
        (None, "No lung model."),
    ],
    ids=["bundle", "given", "none"],
)
def test_lung_model_is_told(lungs: LungEvidence | None, expected: str) -> None:
    assert expected in words_of(audit_page(result(evidence(lungs=lungs)), "en").to_html())


def test_left_out_films_are_told() -> None:
    shown = words_of(audit_page(result(), "en").to_html())
    assert "400 training (probes), 120 test; left out: colour_picture 2." in shown


def test_never_says_validated() -> None:
    for text in vars(texts).values():
        for message in text if isinstance(text, tuple) else [text]:
            if isinstance(message, Message):
                # "Cross-validated" is a method; "validated" would be a claim.
                assert not re.search(r"(?<!cross-)validated", message.en.lower())
                assert "validado" not in message.es.lower()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "found",
    [evidence(), evidence(lungs=None, sources=(source(erased=None),)), evidence(sources=())],
    ids=["full", "no lungs", "pool only"],
)
def test_figure_is_a_picture(language: Language, found: object) -> None:
    png = audit_figure(found, language)  # type: ignore[arg-type]
    picture = Image.open(io.BytesIO(png))
    assert picture.format == "PNG"
    assert min(picture.size) > 300
    assert np.asarray(picture.convert("L")).std() > 5
    assert png == audit_figure(found, language)  # type: ignore[arg-type]


def test_figure_draws_what_lies_below_chance() -> None:
    low = evidence(
        sources=(source(model=0.31, probes=(0.35, 0.45, 0.5, 0.6, *[0.4] * 4), erased=0.28),)
    )
    high = evidence(
        sources=(source(model=0.91, probes=(0.35, 0.45, 0.5, 0.6, *[0.4] * 4), erased=0.28),)
    )
    assert audit_figure(low, "en") != audit_figure(high, "en")


def test_no_figure_without_figures() -> None:
    nothing = replace(BARE, pool=too_small("pooled"))
    assert "data:image/png" not in audit_page(result(nothing), "en").to_html()


def test_card_section_tells_figures_and_command() -> None:
    section = audit_section(result(), COMMAND)
    assert section.startswith(f"**{texts.PASSED.en}**")
    assert "| north | 30 | 30 | 50 | 0.85 (0.77–0.93) | 0.70 (0.62–0.78), border only" in section
    assert "| tiny | 9 | 40 | 40 | too few |" in section
    assert "covid-d audit 'my bundle' dataset --write" in section
    assert "balanced accuracy 92%, chance 50%" in section
    for check in result().checks:
        assert f"- holds: {check.message.en}" in section


def test_card_section_says_how_answers_change() -> None:
    section = audit_section(result(), COMMAND)
    assert "- text: probability moves by 0.12 on average, 20% of 50 answers change.\n" in section
    # Where all are refused there is no probability whose move could be told.
    assert "- inverted: all 50 films are refused.\n" in section


def test_card_section_names_what_falls_short() -> None:
    section = audit_section(result(BARE), COMMAND)
    assert section.startswith(f"**{texts.DEMONSTRATION.en}**")
    assert section.count("**falls short**") == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_attempts_are_told(language: Language) -> None:
    look = Look("2026-01-02T03:04:05+00:00", "audit", "6" * 64, "first", "4" * 64, "demonstration")
    again = replace(result(), attempts=(look, look))
    shown = words_of(audit_page(again, language).to_html())
    assert ("ya se había mirado 2 veces" if language == "es" else "looked at 2 times") in shown
    assert "looked at 2 times (models: 1; first on 2026-01-02)" in audit_section(again, COMMAND)
    assert "had not been looked at before" in audit_section(result(), COMMAND)
    assert [item["what"] for item in again.to_dict()["attempts_before"]] == ["audit", "audit"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_of_appearance_stand_side_by_side(language: Language) -> None:
    found = evidence(
        pool=source("pooled", question="typical"),
        sources=(source("siim", question="typical"), source("siim", question="opacity")),
    )
    page = audit_page(result(found), language)
    (table,) = page.sections[1].tables
    typical = "típico frente a negativo" if language == "es" else "typical v negative"
    assert f"siim: {typical}" in table.header
    assert len(table.header) == 4
    assert "| siim, typical v negative | 30 | 30 |" in audit_section(result(found), COMMAND)


@pytest.mark.parametrize("card", ["# Card", f"{END}\n{BEGIN}", f"{BEGIN}{BEGIN}{END}", BEGIN])
def test_card_without_markers(card: str) -> None:
    with pytest.raises(EvaluationError, match="lacks the markers"):
        with_audit_section(card, "text")


def test_card_keeps_all_else() -> None:
    card = f"# Card\n\nBefore.\n\n{BEGIN}\nold\n{END}\n\nAfter.\n"
    once = with_audit_section(card, "new")
    assert once == f"# Card\n\nBefore.\n\n{BEGIN}\nnew\n{END}\n\nAfter.\n"
    assert with_audit_section(once, "new") == once


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    folder = make_bundle(tmp_path / "bundle")
    update(folder, {"MODEL_CARD.md": f"# Phantom\n\n{BEGIN}\nnot audited\n{END}\n"})
    return Bundle.load(folder)


def test_verdict_is_written_into_the_bundle(bundle: Bundle) -> None:
    found = result(bundle=bundle.id)
    write_verdict(bundle, found, COMMAND)
    again = Bundle.load(bundle.path)
    assert again.claimed == found.verdict
    assert again.claimed.status == "audit-passed"
    assert texts.PASSED.en in again.card
    assert "not audited" not in again.card
    assert again.id.sha256 != bundle.id.sha256
    # Nothing else changed.
    assert again.spec.model_copy(update={"verdict": bundle.spec.verdict}) == bundle.spec
    assert again.model_bytes == bundle.model_bytes


def test_the_summary_tells_the_verdict_that_was_written(bundle: Bundle) -> None:
    before = verdict_in_summary(Verdict())
    update(bundle.path, {"MODEL_CARD.md": f"# Card\n\n{before}\n\n{BEGIN}\n-\n{END}\n"})
    loaded = Bundle.load(bundle.path)
    found = result(bundle=loaded.id)
    write_verdict(loaded, found, COMMAND)
    card = Bundle.load(bundle.path).card
    assert before not in card
    assert card.startswith(f"# Card\n\n{verdict_in_summary(found.verdict)}\n")


STAMPED = "# Card\n\n> Demonstration model: it has not passed the shortcut audit. Do not use it to decide about patients.\n\n**Worst source**\n"  # noqa: E501 - as an evaluation writes it


@pytest.mark.parametrize(("evidence", "stands"), [(None, False), (BARE, True)])
def test_a_card_that_passed_no_longer_calls_it_a_demonstration(
    bundle: Bundle, evidence: Evidence | None, stands: bool
) -> None:
    update(bundle.path, {"MODEL_CARD.md": f"{STAMPED}\n{BEGIN}\nnot audited\n{END}\n"})
    bundle = Bundle.load(bundle.path)
    found = result(bundle=bundle.id) if evidence is None else result(evidence, bundle=bundle.id)
    write_verdict(bundle, found, COMMAND)
    card = Bundle.load(bundle.path).card
    assert ("> Demonstration model:" in card) is stands
    assert "**Worst source**" in card


def test_the_lung_model_that_it_rests_on_goes_in_too(bundle: Bundle, tmp_path: Path) -> None:
    lungs = make_lungs(tmp_path / "lungs")
    write_verdict(bundle, result(bundle=bundle.id), COMMAND, lungs=lungs)
    again = Bundle.load(bundle.path)
    assert again.spec.lungs == LungModel.open(lungs).spec
    assert LungModel.load(again).spec.dice == again.spec.lungs.dice
    assert again.claimed.status == "audit-passed"


def test_a_damaged_lung_model_leaves_the_bundle_as_it_was(bundle: Bundle, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in bundle.path.iterdir()}
    with pytest.raises(BundleError, match="holds no lung model"):
        write_verdict(bundle, result(bundle=bundle.id), COMMAND, lungs=tmp_path)
    assert {path.name: path.read_bytes() for path in bundle.path.iterdir()} == before


def test_a_worse_verdict_replaces_a_better_one(bundle: Bundle) -> None:
    write_verdict(bundle, result(bundle=bundle.id), COMMAND)
    passed = Bundle.load(bundle.path)
    write_verdict(passed, result(BARE, bundle=passed.id), COMMAND)
    verdict = Bundle.load(bundle.path).spec.verdict
    assert verdict.status == "demonstration"
    assert len(verdict.reasons) == 3


def test_verdict_of_another_bundle_is_not_written(bundle: Bundle) -> None:
    before = {path.name: path.read_bytes() for path in bundle.path.iterdir()}
    with pytest.raises(EvaluationError, match="is not the bundle that was audited"):
        write_verdict(bundle, result(), COMMAND)
    assert {path.name: path.read_bytes() for path in bundle.path.iterdir()} == before


def test_verdict_is_not_written_over_a_changed_bundle(bundle: Bundle) -> None:
    found = result(bundle=bundle.id)
    update(bundle.path, {"training_films.csv": "sha256,split\n"})
    with pytest.raises(EvaluationError, match="Audit it again"):
        write_verdict(bundle, found, COMMAND)
