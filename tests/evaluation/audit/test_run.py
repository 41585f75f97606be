"""What the audit demands of its data, and how it treats what it cannot use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bundle_factory import make_bundle
from covid_d.dataset.dataset import Dataset
from covid_d.dataset.looks import LOOKS
from covid_d.detector import Bundle, update
from covid_d.errors import EvaluationError
from covid_d.evaluation.audit import audit
from covid_d.evaluation.audit.evidence import AuditResult
from covid_d.radiograph import Radiograph
from films_on_disk import draw_films, small_probes
from lung_factory import box_network, lungs_spec


class NoLungs:
    """Finds no lung anywhere."""

    def mask(self, radiograph: Radiograph) -> np.ndarray:
        return np.zeros(radiograph.pixels.shape, dtype=np.bool_)


def run(folder: Path, dataset: Dataset, **options: object) -> AuditResult:
    bundle = Bundle.load(make_bundle(folder / "bundle"))
    with small_probes():
        return audit(bundle, dataset, perturbed_films=2, threads=1, **options)  # type: ignore[arg-type]


def rewrite(dataset: Dataset, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Dataset:
    """Return the data set with another manifest, on the same films."""
    return Dataset(dataset.folder, change(dataset.manifest.copy()), dataset.record)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Sources: 'mixed' of two publishers, 'sick' and 'well' with one class each."""
    return draw_films(tmp_path_factory.mktemp("films") / "dataset")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, dataset: Dataset) -> AuditResult:
    """The audit of a bundle that answers by brightness and carries no lung model."""
    before = {path: path.read_bytes() for path in dataset.folder.rglob("*") if path.is_file()}
    result = run(tmp_path_factory.mktemp("plain"), dataset)
    after = {path: path.read_bytes() for path in dataset.folder.rglob("*") if path.is_file()}
    # The look at the test split is written down; nothing else changes.
    assert after.pop(dataset.folder / LOOKS)
    assert after == {path: kept for path, kept in before.items() if path.name != LOOKS}
    return result


def test_sources_and_publishers(plain: AuditResult) -> None:
    found = plain.evidence
    by_name = {source.name: source for source in found.sources}
    # A publisher with too few films of a class is not listed: collections have dozens of them.
    assert list(by_name) == ["mixed", "mixed/a.org", "sick", "well"]
    assert by_name["sick"].model is None
    assert by_name["sick"].probes == {}
    assert (by_name["mixed/a.org"].positives, by_name["mixed/a.org"].negatives) == (10, 10)
    assert (by_name["mixed"].positives, by_name["mixed"].negatives) == (14, 14)
    assert found.pool.films == found.test_films == 52


def test_brightness_model_is_a_demonstration(plain: AuditResult) -> None:
    assert plain.verdict.status == "demonstration"
    assert plain.verdict.audited == plain.created
    assert not plain.passed


def test_result_is_json(plain: AuditResult) -> None:
    again = json.loads(json.dumps(plain.to_dict(), allow_nan=False))
    assert again["format"] == 2
    assert again["verdict"]["status"] == "demonstration"
    assert again["films"] == {"train": 60, "test": 52}
    assert {check["code"] for check in again["checks"]} >= {
        "lung_model",
        "calibration_error",
        "marks_on_lungs",
        "answers_turned_by_marks",
    }
    assert len(again["perturbations"]) == 16


def test_bundles_own_lung_model_and_shared_patients(tmp_path: Path, dataset: Dataset) -> None:
    def share(manifest: pd.DataFrame) -> pd.DataFrame:
        train = manifest.index[manifest["split"] == "train"][:2]
        test = manifest.index[manifest["split"] == "test"][:2]
        manifest.loc[test, "group"] = manifest.loc[train, "group"].to_numpy()
        return manifest

    folder = make_bundle(tmp_path / "bundle")
    spec = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    spec["lungs"] = lungs_spec().model_dump(mode="json")
    update(folder, {"bundle.json": json.dumps(spec), "lungs.onnx": box_network()})
    shared = rewrite(dataset, share)
    with small_probes():
        result = audit(Bundle.load(folder), shared, perturbed_films=0, threads=1)
    lungs = result.evidence.lungs
    assert lungs is not None
    assert lungs.origin == "bundle"
    assert lungs.spec == lungs_spec()
    assert lungs.found == 1.0
    assert result.evidence.sensitivities == ()
    assert result.evidence.shared_groups == 2
    assert "groups_apart" in {check.code for check in result.checks if not check.passed}


def test_no_lungs_found_counts_against(tmp_path: Path, dataset: Dataset) -> None:
    # Nothing is erased then, so the bundle scores as before: the margin is zero.
    found = run(tmp_path, dataset, lungs=NoLungs())
    mixed = next(source for source in found.evidence.sources if source.name == "mixed")
    assert mixed.model == mixed.lungs_erased == mixed.only_lungs
    failed = {check.code for check in found.checks if not check.passed}
    assert {"lungs_found", "above_lungs_erased"} <= failed


def test_films_it_was_made_from_are_refused(tmp_path: Path, dataset: Dataset) -> None:
    folder = make_bundle(tmp_path / "bundle")
    seen = dataset.films("test")["sha256"].iloc[3]
    update(folder, {"training_films.csv": f"sha256,split\n{seen},train\n"})
    with pytest.raises(EvaluationError, match="1 of 52 test films were used to make the bundle"):
        audit(Bundle.load(folder), dataset)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("label", ["covid", "nocovid"])
def test_a_missing_class_is_an_error(
    tmp_path: Path, dataset: Dataset, split: str, label: str
) -> None:
    def drop(manifest: pd.DataFrame) -> pd.DataFrame:
        return manifest[~((manifest["split"] == split) & (manifest["label"] == label))]

    with pytest.raises(EvaluationError, match="of one class"):
        run(tmp_path, rewrite(dataset, drop))


def test_an_empty_split_is_an_error(tmp_path: Path, dataset: Dataset) -> None:
    without = rewrite(dataset, lambda manifest: manifest[manifest["split"] == "train"])
    with pytest.raises(EvaluationError, match="no films in split 'test'"):
        run(tmp_path, without)


def test_unusable_films_are_counted_and_films_without_group_stand_alone(tmp_path: Path) -> None:
    own = draw_films(tmp_path / "dataset")
    test = own.films("test")
    (own.folder / test["path"].iloc[0]).write_bytes(b"")
    (own.folder / test["path"].iloc[1]).write_text("no picture", encoding="utf-8")
    (own.folder / own.films("train")["path"].iloc[0]).unlink()
    evidence = run(tmp_path, rewrite(own, lambda manifest: manifest.assign(group=""))).evidence
    assert evidence.left_out == {"empty_file": 1, "not_an_image": 1, "not_found": 1}
    assert evidence.test_films == 50
    assert evidence.train_films == 59
    assert evidence.shared_groups == 0
    assert evidence.pool.patients == 50


def test_only_unusable_films_of_a_class_are_an_error(tmp_path: Path) -> None:
    own = draw_films(tmp_path / "dataset")
    test = own.films("test")
    for name in test.loc[test["label"] == "covid", "path"]:
        (own.folder / name).write_bytes(b"")
    with pytest.raises(EvaluationError, match="test split has too few usable films of a class"):
        run(tmp_path, own)
