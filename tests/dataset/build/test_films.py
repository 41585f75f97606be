"""Films read once and written once, in this process or in others."""

from __future__ import annotations

import io
import os
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import films as film_files
from collection_factory import draw
from covid_d.dataset.build.films import (
    Inspection,
    InspectionOrder,
    WriteOrder,
    film_workers,
    inspect,
    map_films,
    write_film,
)
from covid_d.dataset.collections import Exclusion, Modality
from covid_d.errors import DatasetError
from covid_d.radiograph import read


def order(file: Path, *, strict: bool = True, ct: bool = False) -> InspectionOrder:
    return InspectionOrder(file, Modality.CT if ct else Modality.XRAY, strict=strict)


def write_order(file: Path, target: Path, max_side: int | None = None) -> WriteOrder:
    digest = sha256(file.read_bytes()).hexdigest()
    return WriteOrder(file, target, digest, max_side, render=max_side is not None)


def dicom(path: Path, bits: int = 12, **elements: object) -> Path:
    pixels = film_files.grey16(seed=5, bits=bits)
    path.write_bytes(film_files.dicom(pixels, **elements))
    return path


def test_a_film_is_known_by_its_bytes(tmp_path: Path) -> None:
    file = draw(tmp_path / "a.png", 2, size=100)  # this one has no margin to take off
    result = inspect(order(file))
    assert isinstance(result, Inspection)
    assert result.fingerprint.sha256 == sha256(file.read_bytes()).hexdigest()
    assert (result.width, result.height) == (100, 100)
    assert result.facts.format == "PNG"
    assert not result.is_ct


def test_what_cannot_be_read_is_refused_with_its_code(tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("no film", encoding="utf-8")
    cut = tmp_path / "cut.png"
    cut.write_bytes(draw(tmp_path / "whole.png", 1).read_bytes()[:700])
    empty = tmp_path / "empty.png"
    empty.touch()
    results = [inspect(order(file)) for file in (text, cut, empty, tmp_path / "gone.png")]
    codes = [result.reason for result in results if isinstance(result, Exclusion)]
    assert codes == ["not_an_image", "truncated", "empty_file", "not_found"]
    assert all(isinstance(result, Exclusion) and result.detail for result in results)


def test_every_hostile_file_is_refused_or_read(hostile_files: list[Path]) -> None:
    for file in hostile_files:
        assert isinstance(inspect(order(file)), (Inspection, Exclusion))


def test_only_a_strict_look_refuses_what_the_detector_would(tmp_path: Path) -> None:
    wide = tmp_path / "wide.png"
    Image.fromarray(np.tile(film_files.grey8(1, size=160), (1, 3))).save(wide)
    refused = inspect(order(wide))
    assert isinstance(refused, Exclusion)
    assert refused.reason == "odd_shape"
    assert isinstance(inspect(order(wide, strict=False)), Inspection)
    assert isinstance(inspect(order(wide, ct=True)), Inspection)


def test_whether_children_are_wanted_is_not_asked_here(tmp_path: Path) -> None:
    result = inspect(order(dicom(tmp_path / "child.dcm", PatientAge="005Y")))
    assert isinstance(result, Inspection)
    assert result.facts.age_years == 5.0


def test_bytes_are_copied_untouched(tmp_path: Path) -> None:
    file = draw(tmp_path / "a.jpg", 1)
    target = tmp_path / "b.jpg"
    written = write_film(write_order(file, target))
    assert target.read_bytes() == file.read_bytes()
    assert written.size is None
    assert written.sha256 == sha256(file.read_bytes()).hexdigest()


def test_a_large_film_is_made_smaller(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    Image.fromarray(film_files.grey8(1, size=450, height=300)).save(file)
    target = tmp_path / "b.png"
    written = write_film(write_order(file, target, max_side=240))
    assert written.size == (240, 160)
    assert written.sha256 == sha256(target.read_bytes()).hexdigest()
    small, large = read(target), read(file)
    assert (small.width, small.height) == (240, 160)
    assert small.facts.bits == 8
    assert float(small.pixels.mean()) == pytest.approx(float(large.pixels.mean()), abs=0.01)


def test_a_very_long_film_stays_readable(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    Image.fromarray(np.tile(film_files.grey8(1, size=160, height=120), (1, 8))).save(file)
    target = tmp_path / "b.png"
    assert write_film(write_order(file, target, max_side=224)).size == (1024, 96)
    assert read(target).height == 96


@pytest.mark.parametrize(("bits", "mode"), [(12, "I;16"), (16, "I;16")])
def test_dicom_becomes_a_png_as_deep_as_it_was(tmp_path: Path, bits: int, mode: str) -> None:
    file = dicom(tmp_path / "a.dcm", bits=bits, BitsStored=bits, HighBit=bits - 1)
    target = tmp_path / "a.png"
    written = write_film(
        WriteOrder(file, target, sha256(file.read_bytes()).hexdigest(), None, True)
    )
    with Image.open(io.BytesIO(target.read_bytes())) as picture:
        assert picture.format == "PNG"
        assert picture.mode == mode
        assert picture.size == written.size
    # Rounding to 16 bits is all that is lost.
    np.testing.assert_allclose(read(target).pixels, read(file).pixels, atol=1 / 65535)


def test_a_file_changed_meanwhile_is_an_error(tmp_path: Path) -> None:
    file = draw(tmp_path / "a.png", 1)
    asked = write_order(file, tmp_path / "b.png")
    draw(file, 2)
    with pytest.raises(DatasetError, match=r"a\.png changed while"):
        write_film(asked)
    file.unlink()
    with pytest.raises(DatasetError, match=r"a\.png changed while"):
        write_film(asked)
    assert not (tmp_path / "b.png").exists()


def test_other_processes_give_the_same_results(tmp_path: Path) -> None:
    orders = [order(draw(tmp_path / f"{seed}.png", seed)) for seed in range(20)]
    here = map_films(inspect, orders, None, what="", progress=False)
    with film_workers(2) as pool:
        assert pool is not None
        there = map_films(inspect, orders, pool, what="", progress=False)
    prints = [
        [r.fingerprint.sha256 for r in results if isinstance(r, Inspection)]
        for results in (here, there)
    ]
    assert prints[0] == prints[1]
    assert len(prints[0]) == 20


def test_one_job_needs_no_process() -> None:
    with film_workers(1) as pool:
        assert pool is None


def test_progress_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert map_films(abs, [-1, -2], None, what="Reading", progress=True) == [1, 2]
    captured = capsys.readouterr()
    assert "Reading" in captured.err
    assert captured.out == ""


def test_a_killed_process_is_told() -> None:
    # os._exit ends the process as the system's memory killer would: with no word.
    with film_workers(2) as pool, pytest.raises(DatasetError, match="was killed") as error:
        map_films(os._exit, [1], pool, what="", progress=False)
    assert "--jobs" in error.value.next_step
