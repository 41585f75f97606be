"""The card's section: replaced in place, the bundle sealed again, figures equal to the metrics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bundle_factory import make_bundle
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.contents import pack
from covid_d.errors import EvaluationError
from covid_d.evaluation.evaluation import Evaluation
from covid_d.evaluation.report.card import BEGIN, END, card_section, with_section, write_card
from covid_d.evaluation.report.texts import shown

COMMAND = ["covid-d", "evaluate", "my bundle", "data", "--out", "out"]


def test_section_has_every_source_with_n_and_interval(phantom_evaluation: Evaluation) -> None:
    section = card_section(phantom_evaluation, COMMAND)
    lines = {line.split("|")[1].strip(): line for line in section.splitlines() if "|" in line}
    assert {"north", "south", "east"} < set(lines)
    for name, stratum in phantom_evaluation.subgroups["source"].items():
        counts = (stratum.positives, stratum.negatives, stratum.patients)
        assert f"| {' | '.join(map(str, counts))} |" in lines[name]
    auroc = phantom_evaluation.pool.figures["auroc"]
    assert shown("auroc", auroc, "en") in lines["all together (inflated by source)"]
    assert lines["south"].count("not reported") == 3


def test_section_has_headline_command_and_hash(phantom_evaluation: Evaluation) -> None:
    section = card_section(phantom_evaluation, COMMAND)
    assert "worst source with both classes, north" in section
    assert "covid-d evaluate 'my bundle' data --out out" in section
    assert "a" * 64 in section
    assert "Do not quote them without the worst source's" in section
    assert "Demonstration model" in section


def test_seen_films_are_stamped_in_the_card(phantom_evaluation: Evaluation) -> None:
    films = phantom_evaluation.scores.films.assign(seen=True)
    scores = replace(phantom_evaluation.scores, films=films, seen_allowed=True)
    section = card_section(replace(phantom_evaluation, scores=scores), COMMAND)
    assert "64 of the 64 films were used to train" in section


def test_no_headline_is_said(phantom_evaluation: Evaluation) -> None:
    section = card_section(replace(phantom_evaluation, headline=None), COMMAND)
    assert "No source has at least 10 films of each class" in section


def test_only_the_text_between_the_markers_changes() -> None:
    card = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert with_section(card, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert with_section(with_section(card, "new"), "new") == with_section(card, "new")


@pytest.mark.parametrize(
    "card", ["no markers", f"{END}\n{BEGIN}", f"{BEGIN}\n{BEGIN}\n{END}", f"{BEGIN} only"]
)
def test_a_card_without_markers_is_an_error(card: str) -> None:
    with pytest.raises(EvaluationError, match="evaluation:begin"):
        with_section(card, "new")


@pytest.mark.parametrize("packed", [False, True])
def test_the_bundle_is_sealed_again(
    packed: bool, phantom_evaluation: Evaluation, tmp_path: Path
) -> None:
    from covid_d.detector.bundle.contents import update

    folder = make_bundle(tmp_path / "bundle")
    update(folder, {"MODEL_CARD.md": f"# Card\n{BEGIN}\n{END}\nend\n"})
    path = folder
    if packed:
        path = tmp_path / "bundle.zip"
        pack(folder, path)
    before = Bundle.load(path)
    write_card(before, phantom_evaluation, COMMAND)
    after = Bundle.load(path)
    assert after.id.sha256 != before.id.sha256
    assert "worst source" in after.card
    assert after.card.startswith("# Card\n")
    assert after.card.endswith(f"{END}\nend\n")
    assert after.model_bytes == before.model_bytes


def test_a_card_without_markers_leaves_the_bundle_as_it_was(
    phantom_evaluation: Evaluation, tmp_path: Path
) -> None:
    folder = make_bundle(tmp_path / "bundle")
    before = Bundle.load(folder)
    with pytest.raises(EvaluationError):
        write_card(before, phantom_evaluation, COMMAND)
    assert Bundle.load(folder).id == before.id
