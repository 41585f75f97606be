from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from covid_d.dataset import CheckReport, Dataset, check_dataset
from covid_d.dataset.check.defects import Defect, DefectKind, Leaks

if TYPE_CHECKING:
    from pathlib import Path

    from dataset.conftest import Handmade


def _check(folder: Path) -> CheckReport:
    return check_dataset(Dataset.open(folder), workers=2, progress=False)


def _problems(report: CheckReport) -> set[DefectKind]:
    return {defect.kind for defect in report.defects}


def _only(report: CheckReport, problem: DefectKind) -> Defect:
    assert _problems(report) == {problem}
    assert len(report.defects) == 1
    return report.defects[0]


def test_a_good_dataset_passes(handmade: Handmade) -> None:
    report = _check(handmade.folder)
    assert report.defects == ()
    assert report.notes == ()
    assert report.passed()
    assert not report.leaks
    assert report.films == 21


def test_the_number_of_workers_changes_nothing(handmade: Handmade) -> None:
    (handmade.folder / handmade.rows[0]["path"]).unlink()
    dataset = Dataset.open(handmade.folder)
    one = check_dataset(dataset, workers=1, progress=False)
    assert one == check_dataset(dataset, workers=4, progress=False)
    assert one == check_dataset(dataset, progress=False)


# --- films -----------------------------------------------------------------------------------


def test_a_missing_film_is_found(handmade: Handmade) -> None:
    name = handmade.in_split("test")[1]["path"]
    (handmade.folder / name).unlink()
    finding = _only(_check(handmade.folder), DefectKind.MISSING)
    assert finding.files == (name,)
    assert name in finding.message


def test_an_altered_film_is_found(handmade: Handmade) -> None:
    row = handmade.rows[5]
    path = handmade.folder / row["path"]
    with Image.open(path) as film:
        film.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(path)
    finding = _only(_check(handmade.folder), DefectKind.ALTERED)
    assert finding.files == (row["path"],)
    assert row["sha256"] in finding.message


@pytest.mark.parametrize("content", [b"", b"not a film", "half"])
def test_an_unreadable_film_is_found(handmade: Handmade, content: bytes | str) -> None:
    row = handmade.rows[2]
    path = handmade.folder / row["path"]
    path.write_bytes(path.read_bytes()[:3000] if isinstance(content, str) else content)
    finding = _only(_check(handmade.folder), DefectKind.UNREADABLE)
    assert finding.files == (row["path"],)


def test_a_film_that_is_a_folder_is_found(handmade: Handmade) -> None:
    path = handmade.folder / handmade.rows[2]["path"]
    path.unlink()
    path.mkdir()
    assert _problems(_check(handmade.folder)) == {DefectKind.MISSING}


@pytest.mark.parametrize(
    "name", ["train/covid/extra.png", "test/extra.JPG", "extra.dcm", "more/deep/extra.tif", "CT/x"]
)
def test_a_film_that_is_not_listed_is_found(handmade: Handmade, name: str) -> None:
    target = handmade.folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(handmade.folder / handmade.rows[0]["path"], target)
    assert _only(_check(handmade.folder), DefectKind.UNLISTED).files == (name,)


@pytest.mark.parametrize(
    "name", ["description/contact_sheet.png", "notes.md", ".thumbs/a.png", "train/covid/.DS_Store"]
)
def test_what_is_no_film_may_lie_there(handmade: Handmade, name: str) -> None:
    target = handmade.folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"x")
    assert _check(handmade.folder).passed()


# --- labels ----------------------------------------------------------------------------------


def test_a_label_that_is_not_its_folder_is_found(handmade: Handmade) -> None:
    row = handmade.in_split("train", "covid")[0]
    row["label"] = "nocovid"
    handmade.seal()
    finding = _only(_check(handmade.folder), DefectKind.LABEL)
    assert finding.files == (row["path"],)
    assert "train/nocovid/" in finding.message


def test_a_film_in_another_splits_folder_is_found(handmade: Handmade) -> None:
    row = handmade.in_split("train", "covid")[0]
    row["split"] = "validation"
    handmade.seal()
    assert _only(_check(handmade.folder), DefectKind.LABEL).files == (row["path"],)


def test_test_films_lie_in_no_folder_of_a_class(handmade: Handmade) -> None:
    row = handmade.in_split("test", "covid")[0]
    old, row["path"] = row["path"], "test/covid/" + row["original"]
    (handmade.folder / "test" / "covid").mkdir()
    (handmade.folder / old).rename(handmade.folder / row["path"])
    handmade.seal()
    assert _only(_check(handmade.folder), DefectKind.LABEL).files == (row["path"],)


def _test_labels(handmade: Handmade, old: str, new: str) -> set[DefectKind]:
    path = handmade.folder / "test_labels.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    report = _check(handmade.folder)
    assert not report.passed(allow_leaks=True)
    return _problems(report)


def test_other_labels_in_the_test_table_are_found(handmade: Handmade) -> None:
    # The file is part of the hash, so that the change is found twice.
    assert _test_labels(handmade, ",covid", ",nocovid") == {DefectKind.LABEL, DefectKind.HASH}


def test_a_test_table_of_other_films_is_found(handmade: Handmade) -> None:
    assert _test_labels(handmade, "test/cohen", "test/else") == {DefectKind.LABEL, DefectKind.HASH}


@pytest.mark.parametrize("header", ["film,label", "path,class", ""])
def test_a_test_table_of_other_columns_is_found(handmade: Handmade, header: str) -> None:
    assert _test_labels(handmade, "path,label", header) == {DefectKind.LABEL, DefectKind.HASH}


def test_a_missing_test_table_is_found(handmade: Handmade) -> None:
    (handmade.folder / "test_labels.csv").unlink()
    assert _problems(_check(handmade.folder)) == {DefectKind.LABEL, DefectKind.HASH}


def test_a_group_with_two_labels_is_only_noted(handmade: Handmade) -> None:
    first, second = handmade.in_split("train", "covid")[0], handmade.in_split("train", "nocovid")[0]
    second["group"] = first["group"]
    handmade.seal()
    report = _check(handmade.folder)
    assert report.passed()
    assert len(report.notes) == 1
    for part in (first["group"], first["path"], second["path"]):
        assert part in report.notes[0]


# --- counts and hash -------------------------------------------------------------------------


def _change_record(handmade: Handmade, **changes: object) -> CheckReport:
    path = handmade.folder / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return _check(handmade.folder)


def test_other_counts_are_found(handmade: Handmade) -> None:
    report = _change_record(handmade, counts={"train": {"covid": 99}})
    assert _problems(report) == {DefectKind.COUNTS, DefectKind.HASH}


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"seed": 8}, {"new": "option"}])
def test_another_hash_or_option_is_found(handmade: Handmade, change: dict[str, object]) -> None:
    assert "dataset.json says" in _only(_change_record(handmade, **change), DefectKind.HASH).message


@pytest.mark.parametrize("name", ["exclusions.csv", "ATTRIBUTION.md"])
def test_a_change_in_any_table_changes_the_hash(handmade: Handmade, name: str) -> None:
    with (handmade.folder / name).open("a") as stream:
        stream.write("more\n")
    _only(_check(handmade.folder), DefectKind.HASH)


def test_a_changed_fact_in_the_manifest_changes_the_hash(handmade: Handmade) -> None:
    handmade.rows[0]["age"] = "62"
    handmade.write_manifest()
    _only(_check(handmade.folder), DefectKind.HASH)


def test_a_film_and_its_row_dropped_together_are_found(handmade: Handmade) -> None:
    row = handmade.rows.pop(3)
    (handmade.folder / row["path"]).unlink()
    handmade.write_manifest()
    assert _problems(_check(handmade.folder)) == {DefectKind.COUNTS, DefectKind.HASH}


# --- leaks -----------------------------------------------------------------------------------


def test_a_patient_in_two_splits_is_found(handmade: Handmade) -> None:
    train, test = handmade.in_split("train", "covid")[0], handmade.in_split("test", "covid")[0]
    test["patient"] = train["patient"]
    handmade.seal()
    report = _check(handmade.folder)
    finding = _only(report, DefectKind.PATIENT)
    assert set(finding.files) == {train["path"], test["path"]}
    assert "train (1) and test (1)" in finding.message
    assert (report.leaks.patients, report.leaks.groups, report.leaks.near_duplicates) == (1, 0, 0)
    assert (report.leaks.covid_test_films_seen, report.leaks.covid_test_films) == (1, 2)


def test_a_group_in_two_splits_is_found(handmade: Handmade) -> None:
    handmade.in_split("validation")[0]["group"] = handmade.in_split("test")[1]["group"]
    handmade.seal()
    report = _check(handmade.folder)
    _only(report, DefectKind.GROUP)
    assert report.leaks.covid_test_films_seen == 0, "validation is not training"


def test_unknown_patients_are_not_one_patient(handmade: Handmade) -> None:
    for row in handmade.rows:
        row["patient"] = ""
    handmade.seal()
    assert _check(handmade.folder).passed()


def test_ct_of_a_patient_is_no_leak(handmade: Handmade) -> None:
    handmade.row("CT/cohen-900.png")["group"] = handmade.in_split("test")[0]["group"]
    handmade.seal()
    assert _check(handmade.folder).passed()


def _replace_film(handmade: Handmade, path: str, film: Image.Image) -> None:
    row = handmade.row(path)
    film.save(handmade.folder / row["path"])
    handmade.stamp(row)
    row["width"], row["height"] = str(film.width), str(film.height)


def test_a_copy_in_another_split_is_found_whatever_the_manifest_says(handmade: Handmade) -> None:
    train, test = handmade.in_split("train", "covid")[1], handmade.in_split("test", "covid")[0]
    with Image.open(handmade.folder / train["path"]) as film:
        pixels = np.asarray(film).astype(float)
    # Rescaled and of other contrast, as a second publisher would have it.
    changed = Image.fromarray(np.clip(pixels * 0.9 + 12, 0, 255).astype(np.uint8)).resize(
        (180, 176)
    )
    _replace_film(handmade, test["path"], changed)
    test["phash"] = "0" * 16  # the column is not believed
    handmade.seal()
    report = _check(handmade.folder)
    finding = _only(report, DefectKind.NEAR_DUPLICATE)
    assert set(finding.files) == {train["path"], test["path"]}
    assert report.leaks.covid_test_films_seen == 1
    assert not report.passed()
    assert report.passed(allow_leaks=True)


def test_a_copy_within_a_split_is_no_leak(handmade: Handmade) -> None:
    first, second = handmade.in_split("train", "covid")[:2]
    with Image.open(handmade.folder / first["path"]) as film:
        _replace_film(handmade, second["path"], film.copy())
    handmade.seal()
    assert _check(handmade.folder).passed()


def test_allowed_leaks_excuse_nothing_else(handmade: Handmade) -> None:
    train, test = handmade.in_split("train")[0], handmade.in_split("test")[0]
    test["patient"] = train["patient"]
    handmade.seal()
    assert _check(handmade.folder).passed(allow_leaks=True)
    (handmade.folder / train["path"]).unlink()
    assert not _check(handmade.folder).passed(allow_leaks=True)


def test_the_article_protocol_declares_its_leaks_but_does_not_pass(handmade: Handmade) -> None:
    handmade.in_split("test")[0]["patient"] = handmade.in_split("train")[0]["patient"]
    handmade.seal(protocol="article")
    report = _check(handmade.folder)
    assert report.leaks_expected
    assert not report.passed()
    assert report.passed(allow_leaks=True)


def test_leaks_in_a_sentence() -> None:
    told = str(Leaks(3, 4, 5, covid_test_films=8, covid_test_films_seen=6))
    assert "3 patients, 4 groups and 5 pairs" in told
    assert "75 % of COVID-19 test films (6 of 8)" in told
    # Films graded by appearance carry no label: a share of nothing is not told.
    assert "COVID-19" not in str(Leaks(0, 0, 0, 0, 0))


def test_to_dict_is_what_json_prints(handmade: Handmade) -> None:
    name = handmade.rows[0]["path"]
    (handmade.folder / name).unlink()
    told = json.loads(json.dumps(_check(handmade.folder).to_dict()))
    assert told["findings"] == [
        {"problem": "missing", "message": f"{name} is missing.", "files": [name]}
    ]
    assert told["films"] == 21
    assert told["leaks"]["covid_test_films"] == 2
    assert told["leaks_expected"] is False
