from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from fastai.learner import Learner

from covid_d.dataset.dataset import Dataset
from covid_d.detector import Bundle, Detector, Outcome
from covid_d.detector.bundle.spec import Calibration
from covid_d.errors import TrainingError
from covid_d.radiograph import Facts, Radiograph
from covid_d.radiograph.read import read
from covid_d.training.build import learner
from covid_d.training.card import cell
from covid_d.training.data import dataloaders
from covid_d.training.export import export_bundle
from covid_d.training.gate.pictures import ALTERATIONS
from covid_d.training.recipes import Recipe

pytestmark = pytest.mark.train


@pytest.fixture
def trained(
    phantoms: Dataset,
    finished_run: Path,
    tiny: Recipe,
    tmp_path_factory: pytest.TempPathFactory,
) -> Learner:
    """A Learner with the finished run's weights."""
    dls = dataloaders(phantoms, tiny, cache=tmp_path_factory.getbasetemp() / "shared-cache")
    learn = learner(dls, tiny)
    learn.model.load_state_dict(torch.load(finished_run / "stage-2.pth", weights_only=True))
    return learn


def test_the_bundle_is_sound_and_answers(phantoms: Dataset, finished_run: Path) -> None:
    bundle = Bundle.load(finished_run / "bundle")
    assert bundle.spec.verdict.status == "demonstration"
    assert (bundle.spec.name, bundle.spec.version) == ("tiny-test_resnet", "1.0.0")
    detector = Detector(bundle)
    film = phantoms.folder / phantoms.films("validation")["path"].iloc[0]
    assessment = detector.assess(read(film))
    assert assessment.outcome is not Outcome.REFUSED
    assert assessment.probability is not None


def test_detector_answers_as_the_learner_does(
    phantoms: Dataset, finished_run: Path, trained: Learner
) -> None:
    """The whole chain: file, read, prepare, ONNX, calibration, against file, fastai, torch."""
    with trained.no_bar():
        scores, _ = trained.get_preds(ds_idx=1, act=lambda x: x)
    logits = (scores[:, 0] - scores[:, 1]).double().numpy()
    bundle = Bundle.load(finished_run / "bundle")
    detector, line = Detector(bundle), bundle.spec.calibration
    assert isinstance(line, Calibration)
    answered = 0
    for row, logit in zip(phantoms.films("validation").itertuples(), logits, strict=True):
        wanted = 1 / (1 + np.exp(-(line.slope * logit + line.intercept)))
        given = detector.assess(read(phantoms.path(row))).probability
        if given is not None:  # the input gate refuses one film or another
            assert given == pytest.approx(wanted, abs=1e-4)
            answered += 1
    assert answered >= 20


def test_spec_tells_where_it_came_from(phantoms: Dataset, finished_run: Path) -> None:
    spec = json.loads((finished_run / "bundle" / "bundle.json").read_text())
    assert spec["training"] == {
        "recipe": "tiny",
        "dataset_sha256": phantoms.sha256,
        "seed": 7,
        "films": {"train": 24, "validation": 24},
        "sources": {"first": 32, "second": 16},
    }
    assert spec["preprocessing"]["size"] == 64
    assert spec["calibration"]["films"] + spec["conformal"]["positives"] + spec["conformal"][
        "negatives"
    ] == 24  # fmt: skip


def test_training_films_are_listed_by_both_hashes(phantoms: Dataset, finished_run: Path) -> None:
    with (finished_run / "bundle" / "training_films.csv").open() as stream:
        listed = list(csv.DictReader(stream))
    assert list(listed[0]) == ["split", "sha256", "original_sha256"]
    manifest = phantoms.manifest
    for column in ("sha256", "original_sha256"):
        assert {row[column] for row in listed} == set(manifest[column])
    assert {row["split"] for row in listed} == {"train", "validation"}


def test_exporting_again_gives_the_same_network(
    phantoms: Dataset, finished_run: Path, trained: Learner, tiny: Recipe, tmp_path: Path
) -> None:
    bundle = export_bundle(
        trained, tiny, phantoms, tmp_path / "again", name="other", version="2.0.0"
    )
    loaded = Bundle.load(bundle)
    assert (loaded.spec.name, loaded.spec.version) == ("other", "2.0.0")
    first = Bundle.load(finished_run / "bundle")
    assert loaded.model_bytes == first.model_bytes
    assert loaded.spec.calibration == first.spec.calibration


def test_the_gate_judges_the_exported_network_s_own_features(
    phantoms: Dataset, finished_run: Path
) -> None:
    bundle = Bundle.load(finished_run / "bundle")
    spec = bundle.spec.gate
    assert spec is not None
    assert spec.kinds[0] == "frontal"
    assert spec.films["frontal"] == 24
    # Two alterations of each film, and it with one half covered.
    assert sum(spec.films[kind.value] for kind in ALTERATIONS) == 24 * 3
    detector = Detector(bundle)
    rng = np.random.default_rng(0)
    noise = Radiograph(rng.random((144, 132), dtype=np.float32), Facts("PNG", "", 8))
    assert detector.assess(noise).outcome is Outcome.REFUSED


def test_a_bundle_can_be_made_without_a_gate(
    phantoms: Dataset, trained: Learner, tiny: Recipe, tmp_path: Path
) -> None:
    bundle = Bundle.load(
        export_bundle(trained, tiny, phantoms, tmp_path / "open", gate=False, progress=False)
    )
    assert bundle.spec.gate is None
    assert "gate.npz" not in bundle.files
    assert "None: only what a film's file states" in bundle.card


def test_a_network_no_better_than_chance_is_not_exported(
    phantoms: Dataset, trained: Learner, tiny: Recipe, tmp_path: Path
) -> None:
    with torch.no_grad():
        for parameter in trained.model[1].parameters():
            parameter.neg_()
    with pytest.raises(TrainingError, match="slope -"):
        export_bundle(trained, tiny, phantoms, tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_is_not_what_prepare_gives_is_noticed(
    phantoms: Dataset, trained: Learner, tiny: Recipe, tmp_path: Path
) -> None:
    other = trained.dls.preprocessing.model_copy(update={"intensity": "full"})
    trained.dls.preprocessing = other  # as if preparation had changed since films were cached
    with pytest.raises(TrainingError, match="reaches training and prediction differently"):
        export_bundle(trained, tiny, phantoms, tmp_path / "bundle")


def test_a_film_that_is_gone_is_an_error_of_ours(
    trained: Learner, tiny: Recipe, tmp_path: Path, phantoms: Dataset
) -> None:
    moved = Dataset(tmp_path / "moved", phantoms.manifest, phantoms.record)
    with pytest.raises(TrainingError, match="cannot be read again") as caught:
        export_bundle(trained, tiny, moved, tmp_path / "bundle")
    assert "--resume" in caught.value.next_step


def test_a_bad_name_is_refused_before_any_work(
    phantoms: Dataset, trained: Learner, tiny: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="'No Name'"):
        export_bundle(trained, tiny, phantoms, tmp_path / "bundle", name="No Name")


class TestCard:
    @pytest.fixture
    def card(self, finished_run: Path) -> str:
        return (finished_run / "bundle" / "MODEL_CARD.md").read_text()

    def test_sections(self, card: str) -> None:
        headings = [line[3:] for line in card.splitlines() if line.startswith("## ")]
        assert headings == [
            "Resumen", "Intended use", "Data", "Training", "Validation films, at export",
            "Calibration and inconclusive answers", "Input gate", "Evaluation",
            "Shortcut audit", "Limits",
        ]  # fmt: skip

    def test_spanish_comes_first(self, card: str) -> None:
        assert card.index("no es un diagnóstico") < card.index("not a diagnosis")

    def test_counts_by_source_split_and_class(self, card: str, phantoms: Dataset) -> None:
        counts = phantoms.manifest.groupby(["source", "split", "label"]).size()
        groups = phantoms.manifest.groupby(["source", "split"])["group"].nunique()
        for source in ("first", "second"):
            for split in ("train", "validation"):
                covid, other = counts[source, split, "covid"], counts[source, split, "nocovid"]
                films, patients = covid + other, groups[source, split]
                row = f"| {source} | {split} | {films} | {patients} | {covid} | {other} |"
                assert row in card

    def test_patients_are_counted_one_way(self, card: str, phantoms: Dataset) -> None:
        made_of = phantoms.manifest[phantoms.manifest["split"].isin(["train", "validation"])]
        patients = made_of["group"].nunique()
        assert f"{len(made_of)} films of {patients} patients" in card
        assert f"| all |  | {len(made_of)} | {patients} |" in card

    def test_figures_agree_with_the_stage(self, card: str, finished_run: Path) -> None:
        kept = json.loads((finished_run / "stage-2" / "stage.json").read_text())["kept"]
        row = next(line for line in card.splitlines() if line.startswith("| all | 12 | 12 |"))
        assert f"{kept['error_rate']:.1%}" in row
        assert f"{kept['auroc']:.3f}" in row

    def test_it_says_what_the_gate_was_fitted_to(self, card: str, finished_run: Path) -> None:
        gate = Bundle.load(finished_run / "bundle").spec.gate
        assert gate is not None
        assert f"| `picture` | {gate.films['picture']} |" in card
        for left in gate.left_out.values():
            assert f"| {left.films} | {left.refused} |" in card

    def test_it_says_what_it_is_worth(self, card: str) -> None:
        assert "inflated by the source" in card
        assert "validated" not in card.lower()
        assert "covid-d train ..." in card

    @pytest.mark.parametrize("section", ["evaluation", "audit"])
    def test_places_for_what_comes_later(self, card: str, section: str) -> None:
        begin, end = f"<!-- {section}:begin -->", f"<!-- {section}:end -->"
        assert card.count(begin) == card.count(end) == 1
        assert card.index(begin) < card.index(end)


def test_a_licence_cannot_break_the_table() -> None:
    assert cell("CC | BY\nNC") == "CC \\| BY NC"
