"""The lung model at work: masks on the film's own grid, contract, files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bundle_factory import make_bundle
from covid_d.detector import Bundle, update
from covid_d.detector.bundle.spec import Verdict
from covid_d.detector.bundle.summary import verdict_in_summary
from covid_d.detector.lungs import LungModel, put_into_bundle
from covid_d.errors import BundleError
from covid_d.radiograph import Radiograph, standardise
from lung_factory import BOX, PREPROCESSING, SIZE, box_network, lungs_spec, make_lungs


def bundle_with_lungs(folder: Path) -> Bundle:
    make_bundle(folder)
    spec = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    spec["lungs"] = lungs_spec().model_dump(mode="json")
    update(folder, {"bundle.json": json.dumps(spec), "lungs.onnx": box_network()})
    return Bundle.load(folder)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (300, 200), (128, 256), (65, 101)])
def test_mask_has_the_films_shape_and_place(
    film_of: Callable[..., Radiograph], height: int, width: int
) -> None:
    mask = LungModel(box_network(), lungs_spec()).mask(film_of(height=height, width=width))
    assert mask.dtype == np.bool_
    assert mask.shape == (height, width)
    rows, columns = np.nonzero(mask)
    # The box's edges, scaled to the film; interpolation may move them by about a cell.
    slack = max(height, width) / SIZE + 1
    expected = (BOX[0].start, BOX[0].stop, BOX[1].start, BOX[1].stop)
    found = (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1)
    scale = (height / SIZE, height / SIZE, width / SIZE, width / SIZE)
    for edge, wanted, factor in zip(found, expected, scale, strict=True):
        assert abs(edge - wanted * factor) <= slack


def test_map_is_the_film_as_seen_and_how_probable_lung_is(
    film_of: Callable[..., Radiograph],
) -> None:
    film = film_of(height=200, width=120)
    seen, lungs = LungModel(box_network(lung=0.7), lungs_spec()).map(film)
    assert np.array_equal(seen, (standardise(film, PREPROCESSING) / 255.0).astype(np.float32))
    expected = np.zeros((SIZE, SIZE), dtype=np.float32)
    expected[BOX] = 0.7
    assert np.array_equal(lungs, expected)


def test_threshold_decides(film_of: Callable[..., Radiograph]) -> None:
    model = box_network(lung=0.6)
    assert LungModel(model, lungs_spec(threshold=0.5)).mask(film_of()).any()
    assert not LungModel(model, lungs_spec(threshold=0.7)).mask(film_of()).any()


def test_mask_does_not_touch_the_film(film_of: Callable[..., Radiograph]) -> None:
    film = film_of()
    before = film.pixels.copy()
    LungModel(box_network(), lungs_spec()).mask(film)
    assert np.array_equal(film.pixels, before)


def test_bundle_carries_its_lung_model(tmp_path: Path, film_of: Callable[..., Radiograph]) -> None:
    model = LungModel.load(bundle_with_lungs(tmp_path / "bundle"))
    assert model.spec == lungs_spec()
    assert model.mask(film_of()).any()


def test_put_into_bundle(tmp_path: Path, film_of: Callable[..., Radiograph]) -> None:
    folder, path = make_lungs(tmp_path / "lungs"), make_bundle(tmp_path / "bundle")
    before = Bundle.load(path)
    put_into_bundle(folder, path)
    after = Bundle.load(path)
    assert after.spec == before.spec.model_copy(update={"lungs": lungs_spec()})
    assert LungModel.load(after).mask(film_of()).any()
    put_into_bundle(folder, path)
    assert Bundle.load(path).id == after.id


def test_another_lung_model_takes_a_passed_audit_back(tmp_path: Path) -> None:
    passed = {"status": "audit-passed", "reasons": [], "audited": "2026-01-02T03:04:05Z"}
    path = make_bundle(tmp_path / "bundle", verdict=passed)
    put_into_bundle(make_lungs(tmp_path / "lungs"), path)
    verdict = Bundle.load(path).spec.verdict
    assert verdict.status == "demonstration"
    assert verdict.reasons == ("not audited",)


def test_the_card_of_a_bundle_with_another_lung_model_no_longer_says_passed(
    tmp_path: Path,
) -> None:
    passed = {"status": "audit-passed", "reasons": [], "audited": "2026-01-02T03:04:05Z"}
    path = make_bundle(tmp_path / "bundle", verdict=passed)
    told = verdict_in_summary(Verdict.model_validate(passed))
    update(path, {"MODEL_CARD.md": f"# Card\n\n{told}\n"})
    put_into_bundle(make_lungs(tmp_path / "lungs"), path)
    assert Bundle.load(path).card == f"# Card\n\n{verdict_in_summary(Verdict())}\n"


def test_broken_lung_model_is_not_put_into_a_bundle(tmp_path: Path) -> None:
    folder, path = make_lungs(tmp_path / "lungs"), make_bundle(tmp_path / "bundle")
    (folder / "lungs.onnx").write_bytes(b"broken")
    before = Bundle.load(path).id
    with pytest.raises(BundleError, match="cannot be loaded"):
        put_into_bundle(folder, path)
    assert Bundle.load(path).id == before


def test_bundle_without_lung_model(tmp_path: Path) -> None:
    bundle = Bundle.load(make_bundle(tmp_path / "bundle"))
    with pytest.raises(BundleError, match="carries no lung model") as caught:
        LungModel.load(bundle)
    assert "train-lungs" in caught.value.next_step


def test_bundle_that_names_a_missing_lung_model(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "bundle")
    spec = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    spec["lungs"] = lungs_spec().model_dump(mode="json")
    update(folder, {"bundle.json": json.dumps(spec)})
    with pytest.raises(BundleError, match=r"lungs\.onnx"):
        LungModel.load(Bundle.load(folder))


def test_altered_lung_model_is_refused(tmp_path: Path) -> None:
    bundle = bundle_with_lungs(tmp_path / "bundle")
    path = bundle.path / "lungs.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(BundleError, match=r"lungs\.onnx"):
        Bundle.load(bundle.path)


def test_open_reads_what_training_writes(
    tmp_path: Path, film_of: Callable[..., Radiograph]
) -> None:
    model = LungModel.open(make_lungs(tmp_path / "lungs", threshold=0.4))
    assert model.spec.threshold == 0.4
    assert model.mask(film_of()).mean() > 0.5


@pytest.mark.parametrize("missing", ["lungs.json", "lungs.onnx"])
def test_open_names_the_folder_without_files(tmp_path: Path, missing: str) -> None:
    folder = make_lungs(tmp_path / "lungs")
    (folder / missing).unlink()
    with pytest.raises(BundleError, match="holds no lung model"):
        LungModel.open(folder)


def test_open_refuses_a_spec_against_the_schema(tmp_path: Path) -> None:
    folder = make_lungs(tmp_path / "lungs")
    spec = json.loads((folder / "lungs.json").read_text(encoding="utf-8"))
    (folder / "lungs.json").write_text(json.dumps(spec | {"dice": 1.5}), encoding="utf-8")
    with pytest.raises(BundleError, match="dice"):
        LungModel.open(folder)


def test_no_network() -> None:
    with pytest.raises(BundleError, match="cannot be loaded"):
        LungModel(b"not an onnx file", lungs_spec())


@pytest.mark.parametrize(
    "model",
    [
        box_network(input_name="picture"),
        box_network(output_name="mask"),
        box_network(size=128),
    ],
    ids=["input", "output", "size"],
)
def test_contract_of_the_network(model: bytes) -> None:
    with pytest.raises(BundleError, match="must map 'film'"):
        LungModel(model, lungs_spec())


@pytest.mark.parametrize("change", [{"fit": "pad"}, {"crop_border": 0.1}])
def test_preprocessing_must_keep_the_whole_film(change: dict[str, object]) -> None:
    # A padded or cropped film could not be mapped back by one resize.
    preprocessing = PREPROCESSING.model_copy(update=change)
    with pytest.raises(BundleError, match="must squash the whole film"):
        LungModel(box_network(), lungs_spec(preprocessing=preprocessing))
