"""From a bundle or a file to a report: both kinds, each look written down."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from appearance_factory import bundle_of_appearance, draw_graded
from covid_d.dataset.dataset import Dataset
from covid_d.dataset.looks import looks_at
from covid_d.detector import Bundle
from covid_d.detector.bundle.contents import update
from covid_d.errors import EvaluationError
from covid_d.evaluation.appearance.evaluation import AppearanceEvaluation
from covid_d.evaluation.evaluation import Evaluation
from covid_d.evaluation.judged import judged_bundle, judged_file
from score_factory import bundle_with_card, make_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return draw_graded(tmp_path / "dataset", per_kind=11)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return Bundle.load(bundle_of_appearance(tmp_path / "bundle"))


def test_a_bundle_of_appearance(bundle: Bundle, dataset: Dataset, tmp_path: Path) -> None:
    judged = judged_bundle(bundle, dataset, resamples=100, progress=False)
    evaluation = judged.evaluation
    assert isinstance(evaluation, AppearanceEvaluation)
    assert len(evaluation.scores.films) == 66
    films = evaluation.scores.films
    assert films["outcome"].notna().all()
    assert evaluation.pool is not None
    # The drawn films are brighter by grade, and the bundle answers by brightness.
    assert evaluation.pool.figures["auroc_typical"].value > 0.9
    assert {source.name for source in evaluation.outside} == {"rsna", "nih"}
    assert evaluation.error_rate == 0.1
    assert {role.source for role in evaluation.roles} == {"siim", "rsna", "nih"}
    judged.write(tmp_path / "out", language="es")
    assert json.loads((tmp_path / "out/metrics.json").read_text())["kind"] == "appearance"


def test_answers_are_those_of_every_face(bundle: Bundle, dataset: Dataset) -> None:
    from covid_d.detector import Detector

    films = judged_bundle(bundle, dataset, resamples=100, progress=False).evaluation.scores.films
    detector = Detector(bundle)
    for _, film in films.iloc[::13].iterrows():
        direct = detector.assess(dataset.folder / film["path"])
        assert direct.appearance is not None
        assert {name.value: p for name, p in direct.appearance.items()} == pytest.approx(
            {name: film[name] for name in ("negative", "atypical", "indeterminate", "typical")}
        )
        assert direct.outcome.value == film["outcome"]
        assert "|".join(direct.conformal_set) == film["conformal_set"]
        assert direct.opacity == pytest.approx(film["opacity"])


def test_looks_are_counted_and_told(bundle: Bundle, dataset: Dataset) -> None:
    first = judged_bundle(bundle, dataset, resamples=100, progress=False)
    second = judged_bundle(bundle, dataset, resamples=100, progress=False)
    assert first.evaluation.to_dict()["looks_before"] == 0
    assert second.evaluation.to_dict()["looks_before"] == 1
    looks = looks_at(dataset.folder)
    assert [look.what for look in looks] == ["evaluate"] * 2
    assert {look.model for look in looks} == {hashlib.sha256(bundle.model_bytes).hexdigest()}


def test_another_split_is_no_look(bundle: Bundle, tmp_path: Path) -> None:
    own = draw_graded(tmp_path / "validation", per_kind=11)
    validation = Dataset(own.folder, own.manifest.assign(split="validation"), own.record)
    judged = judged_bundle(bundle, validation, "validation", resamples=100, progress=False)
    assert judged.evaluation.to_dict()["looks_before"] is None
    assert looks_at(own.folder) == ()
    judged_bundle(bundle, validation, "all", resamples=100, progress=False)
    assert len(looks_at(own.folder)) == 1


def test_films_it_was_made_from_are_refused(bundle: Bundle, dataset: Dataset) -> None:
    digest = dataset.manifest["sha256"].iloc[3]
    update(bundle.path, {"training_films.csv": f"split,sha256\ntrain,{digest}\n"})
    seen = Bundle.load(bundle.path)
    with pytest.raises(EvaluationError, match="1 of 67 films in split 'test' were used"):
        judged_bundle(seen, dataset, progress=False)
    assert looks_at(dataset.folder) == ()  # nothing was looked at
    judged = judged_bundle(seen, dataset, allow_seen=True, resamples=100, progress=False)
    assert judged.evaluation.to_dict()["seen"] == {"known": True, "allowed": True, "films": 1}


def test_the_card_gets_the_section(bundle: Bundle, dataset: Dataset) -> None:
    judged = judged_bundle(bundle, dataset, resamples=100, progress=False)
    judged.write_card(["covid-d", "evaluate", "bundle", "dataset"])
    card = Bundle.load(bundle.path).card
    assert card.startswith("# Phantom\n\nBefore.")
    assert card.endswith("After.\n")
    assert "By the record, the test split had not been looked at before." in card
    assert "| rsna | normal | 11 | 7 |" in card


def test_a_bundle_of_the_old_kind_keeps_its_report(tmp_path: Path) -> None:
    own = make_dataset(tmp_path / "dataset")
    bundle = Bundle.load(bundle_with_card(tmp_path / "bundle"))
    judged = judged_bundle(bundle, own, resamples=100, progress=False)
    assert isinstance(judged.evaluation, Evaluation)
    judged.write(tmp_path / "out", language="en")
    assert json.loads((tmp_path / "out/metrics.json").read_text())["format"] == 1
    assert len(looks_at(own.folder)) == 1


def test_files_of_both_kinds(dataset: Dataset, tmp_path: Path) -> None:
    table = pd.DataFrame({"path": dataset.manifest["path"], "opacity": range(67)})
    table.to_csv(tmp_path / "xrv.csv", index=False)
    judged = judged_file(tmp_path / "xrv.csv", dataset, resamples=100)
    assert isinstance(judged.evaluation, AppearanceEvaluation)
    assert judged.evaluation.verdict is None
    judged.write(tmp_path / "out", language="en")
    with pytest.raises(EvaluationError, match="no model card"):
        judged.write_card(["covid-d"])

    own = make_dataset(tmp_path / "labels")
    table = pd.DataFrame({"path": own.manifest["path"], "probability": 0.5})
    table.to_csv(tmp_path / "covid.csv", index=False)
    judged = judged_file(tmp_path / "covid.csv", own, resamples=100)
    assert isinstance(judged.evaluation, Evaluation)
    judged.write(tmp_path / "labels-out", language="en")
    html = (tmp_path / "labels-out/report.html").read_text(encoding="utf-8")
    assert "nobody can check whether the model was made from these very films" in html
    assert not (tmp_path / "labels-out/plots/worst_errors.png").exists()


def test_a_mixed_data_set_is_judged_by_label_on_labelled_films(
    tmp_path: Path, dataset: Dataset
) -> None:
    # Films graded by appearance carry no label: a bundle of the old kind is not judged on them.
    labels = make_dataset(tmp_path / "labels")
    mixed = Dataset(
        labels.folder,
        pd.concat([labels.manifest, dataset.manifest.query("label == ''")], ignore_index=True),
        labels.record,
    )
    bundle = Bundle.load(bundle_with_card(tmp_path / "old"))
    judged = judged_bundle(bundle, mixed, resamples=100, progress=False)
    assert len(judged.evaluation.scores.films) == 64
