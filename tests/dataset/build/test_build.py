"""Collections to a data set, end to end, on drawn phantoms."""

from __future__ import annotations

import csv
import json
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import films as film_files
from collection_factory import (
    cohen_row,
    draw,
    make_cohen,
    make_kermany,
    make_manifest,
    make_siim,
    write_cohen,
    write_csv,
)
from covid_d.dataset.build.build import BuildResult, build_dataset
from covid_d.dataset.build.options import BuildOptions, Licenses, Protocol
from covid_d.dataset.check.check import check_dataset
from covid_d.dataset.collections import Collection, open_collection
from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import COLUMNS
from covid_d.errors import CovidDError, DatasetError

ARTICLE = BuildOptions(protocol=Protocol.ARTICLE, children=(2, 2, 1))


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with one small collection of each kind; nobody may change it."""
    root = tmp_path_factory.mktemp("shelf")
    make_cohen(root / "cohen")
    make_kermany(root / "kermany")
    make_manifest(root / "adult")
    return root


def collections(shelf: Path, *names: str) -> list[Collection]:
    places = {"cohen": "cohen", "kermany": "kermany", "manifest": "adult"}
    return [open_collection(name, shelf / places[name]) for name in names or places]


@pytest.fixture(scope="module")
def grouped(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    return build_dataset(collections(shelf), tmp_path_factory.mktemp("out") / "grouped")


@pytest.fixture(scope="module")
def article(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    out = tmp_path_factory.mktemp("out") / "article"
    return build_dataset(collections(shelf, "cohen", "kermany"), out, ARTICLE)


def table(result: BuildResult, name: str) -> list[dict[str, str]]:
    with (result.folder / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def reasons(result: BuildResult) -> dict[str, int]:
    return dict(Counter(row["reason"] for row in table(result, "exclusions.csv")))


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_row_is_accounted_for(grouped: BuildResult, article: BuildResult) -> None:
    assert grouped.record["collections"] == {
        "cohen": {"rows": 14, "used": 12, "aside": 1, "excluded": 1},
        "kermany": {"rows": 12, "used": 0, "aside": 0, "excluded": 12},
        "adult": {"rows": 12, "used": 12, "aside": 0, "excluded": 0},
    }
    assert article.record["collections"]["kermany"] == {
        "rows": 12, "used": 10, "aside": 0, "excluded": 2,
    }  # fmt: skip
    for result in (grouped, article):
        rows = sum(numbers["rows"] for numbers in result.record["collections"].values())
        told = len(table(result, "manifest.csv")) + len(table(result, "exclusions.csv"))
        assert told == rows


def test_the_tree_is_the_articles(grouped: BuildResult) -> None:
    folders = {
        p.relative_to(grouped.folder).as_posix() for p in grouped.folder.rglob("*") if p.is_dir()
    }
    assert folders == {
        "train", "train/covid", "train/nocovid", "validation", "validation/covid",
        "validation/nocovid", "test", "CT", "lateral",
    }  # fmt: skip
    assert {p.name for p in grouped.folder.iterdir() if p.is_file()} == {
        "manifest.csv", "test_labels.csv", "exclusions.csv", "ATTRIBUTION.md", "dataset.json",
    }  # fmt: skip


def test_the_manifest_names_every_film_and_its_bytes(grouped: BuildResult) -> None:
    rows = table(grouped, "manifest.csv")
    assert list(rows[0]) == list(COLUMNS)
    films = {p for p in tree(grouped.folder) if "/" in p}
    assert {row["path"] for row in rows} == films
    for row in rows:
        data = (grouped.folder / row["path"]).read_bytes()
        # Nothing asked for a change, so the bytes are the collection's.
        assert row["sha256"] == row["original_sha256"] == sha256(data).hexdigest()
        # Drawn 160 pixels wide; a reader takes its uniform margins off.
        assert 130 < int(row["width"]) <= 160
        assert 130 < int(row["height"]) <= 160
        folder = row["path"].rpartition("/")[0]
        own = row["split"] in {"train", "validation"}
        assert folder == (f"{row['split']}/{row['label']}" if own else row["split"])


def test_facts_reach_the_manifest(grouped: BuildResult) -> None:
    rows = {row["original"]: row for row in table(grouped, "manifest.csv")}
    film = rows["images/film 1.png"]
    assert film["path"].endswith("/cohen-film_1.png")
    assert (film["source"], film["subsource"]) == ("cohen", "radiopaedia.org")
    assert (film["patient"], film["age"], film["sex"]) == ("cohen:1", "60", "M")
    assert (film["label"], film["finding"], film["projection"]) == ("covid", "COVID-19", "PA")
    assert film["license"] == "CC BY-NC-SA"
    ct = rows["images/slice.png"]
    assert (ct["label"], ct["split"], ct["path"]) == ("", "CT", "CT/cohen-slice.png")


def test_test_labels_are_the_manifests(grouped: BuildResult) -> None:
    told = {row["path"]: row["label"] for row in table(grouped, "test_labels.csv")}
    test = {r["path"]: r["label"] for r in table(grouped, "manifest.csv") if r["split"] == "test"}
    assert told == test
    assert set(told.values()) == {"covid", "nocovid"}


def test_exclusions_say_why(grouped: BuildResult, article: BuildResult) -> None:
    assert reasons(grouped) == {"missing_file": 1, "child": 12} == grouped.record["exclusions"]
    assert reasons(article) == {"missing_file": 1, "not_drawn": 2}
    gone = next(r for r in table(grouped, "exclusions.csv") if r["reason"] == "missing_file")
    assert gone["original"] == gone["detail"] == "images/gone.png"


def test_the_check_finds_nothing(grouped: BuildResult) -> None:
    report = check_dataset(Dataset.open(grouped.folder), workers=1, progress=False)
    assert report.defects == ()


def test_the_article_draws_its_children(article: BuildResult) -> None:
    drawn = Counter(
        (row["split"], "healthy" if row["finding"] == "Normal" else "ill")
        for row in table(article, "manifest.csv")
        if row["source"] == "kermany"
    )
    assert drawn == {
        ("train", "healthy"): 2, ("train", "ill"): 2,
        ("validation", "healthy"): 2, ("validation", "ill"): 2,
        ("test", "healthy"): 1, ("test", "ill"): 1,
    }  # fmt: skip
    others = Counter(
        row["split"] for row in table(article, "manifest.csv") if row["source"] == "cohen"
    )
    assert others == {"train": 8, "validation": 2, "test": 2, "CT": 1}


def test_shares_are_kept(grouped: BuildResult) -> None:
    counts = grouped.record["counts"]
    numbers = {split: sum(counts[split].values()) for split in ("train", "validation", "test")}
    assert sum(numbers.values()) == 24
    assert numbers["train"] == pytest.approx(0.7 * 24, abs=2)
    assert all(set(counts[split]) == {"covid", "nocovid"} for split in numbers)


def test_the_record_tells_of_shortcuts(grouped: BuildResult) -> None:
    assert grouped.record["shortcuts"]["single_class_sources"] == {"clinic": 6, "nih": 6}
    assert any("single class: clinic (6), nih (6)" in text for text in grouped.warnings)


def test_nothing_in_the_record_names_this_machine(grouped: BuildResult, shelf: Path) -> None:
    for name in ("dataset.json", "manifest.csv", "exclusions.csv", "ATTRIBUTION.md"):
        text = (grouped.folder / name).read_text(encoding="utf-8")
        assert str(shelf) not in text
        assert str(grouped.folder.parent) not in text


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_same_input_and_seed_give_the_same_data_set(
    shelf: Path, grouped: BuildResult, tmp_path: Path, jobs: int
) -> None:
    again = build_dataset(collections(shelf), tmp_path / "again", jobs=jobs)
    assert again.sha256 == grouped.sha256
    assert tree(again.folder) == tree(grouped.folder)


def test_another_seed_gives_another(shelf: Path, grouped: BuildResult, tmp_path: Path) -> None:
    other = build_dataset(collections(shelf), tmp_path / "other", BuildOptions(seed=8))
    assert other.sha256 != grouped.sha256


def test_another_film_gives_another_hash(grouped: BuildResult, tmp_path: Path) -> None:
    make_cohen(tmp_path / "cohen")
    draw(tmp_path / "cohen/images/film 3.png", 77)
    make_kermany(tmp_path / "kermany")
    make_manifest(tmp_path / "adult")
    other = build_dataset(collections(tmp_path), tmp_path / "out")
    assert other.record["counts"] == grouped.record["counts"]
    assert other.sha256 != grouped.sha256


def _patients(shelf: Path) -> list[dict[str, str]]:
    rows = []
    for patient in range(10):
        for visit in range(3):
            name = f"{patient}-{visit}.png"
            draw(shelf / "cohen/images" / name, 5000 + patient * 10 + visit, covid=patient % 2 > 0)
            finding = "COVID-19" if patient % 2 else "SARS"
            rows.append(cohen_row(name, patientid=str(patient), finding=finding))
    return rows


def splits_of(result: BuildResult, column: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in table(result, "manifest.csv"):
        found.setdefault(row[column], set()).add(row["split"])
    return found


def test_patients_and_copies_never_straddle_across_collections(tmp_path: Path) -> None:
    rows = _patients(tmp_path)
    write_cohen(tmp_path / "cohen", rows)
    copies = []
    for patient in range(10):
        # A cropped copy in another collection, under another patient's id, of each patient.
        with Image.open(tmp_path / f"cohen/images/{patient}-1.png") as film:
            copy = tmp_path / f"adult/{patient}.png"
            copy.parent.mkdir(exist_ok=True)
            film.resize((192, 192)).crop((6, 4, 186, 184)).save(copy)
        label = "covid" if patient % 2 else "sars"
        copies.append({"path": f"{patient}.png", "label": label, "patient": f"x{patient}"})
    write_csv(tmp_path / "adult/manifest.csv", copies[0], copies)
    result = build_dataset(collections(tmp_path, "cohen", "manifest"), tmp_path / "out")
    assert len(table(result, "manifest.csv")) == 40
    for column in ("patient", "group"):
        assert all(len(splits) == 1 for splits in splits_of(result, column).values())
    pairs = {row["original"]: row["group"] for row in table(result, "manifest.csv")}
    assert all(pairs[f"{p}.png"] == pairs[f"images/{p}-1.png"] for p in range(10))
    assert result.record["groups"]["near_duplicate_pairs_across_sources"] == 10
    assert check_dataset(Dataset.open(result.folder), workers=1, progress=False).defects == ()


def test_one_case_page_is_one_patient(tmp_path: Path) -> None:
    rows = _patients(tmp_path)
    page = "https://radiopaedia.org/cases/covid-19-pneumonia-92"
    rows = [row | ({"url": page} if row["patientid"] in {"1", "3"} else {}) for row in rows]
    write_cohen(tmp_path / "cohen", rows)
    result = build_dataset(collections(tmp_path, "cohen"), tmp_path / "out")
    groups = {row["patient"]: row["group"] for row in table(result, "manifest.csv")}
    assert groups["cohen:1"] == groups["cohen:3"]
    assert len(set(groups.values())) == 9


def test_the_article_straddles_and_says_so(tmp_path: Path) -> None:
    write_cohen(tmp_path / "cohen", _patients(tmp_path))
    result = build_dataset(collections(tmp_path, "cohen"), tmp_path / "out", ARTICLE)
    assert result.record["groups"]["straddling"] > 0
    assert any("in more than one split" in text for text in result.warnings)


def test_contradictions_are_left_out_of_the_grouped_protocol_only(tmp_path: Path) -> None:
    rows = _patients(tmp_path)
    images = tmp_path / "cohen/images"
    (images / "twin.png").write_bytes((images / "1-0.png").read_bytes())
    rows.append(cohen_row("twin.png", patientid="77", finding="SARS"))
    draw(images / "prior.png", 6000)
    rows.append(cohen_row("prior.png", patientid="3", finding="No Finding"))
    (images / "again.png").write_bytes((images / "2-0.png").read_bytes())
    rows.append(cohen_row("again.png", patientid="2", finding="SARS"))
    write_cohen(tmp_path / "cohen", rows)
    result = build_dataset(collections(tmp_path, "cohen"), tmp_path / "grouped")
    assert reasons(result) == {"conflicting_copies": 2, "conflicting_patient": 1, "exact_copy": 1}
    result = build_dataset(collections(tmp_path, "cohen"), tmp_path / "article", ARTICLE)
    assert reasons(result) == {}


def test_a_copy_of_a_childs_film_is_a_childs_film(tmp_path: Path) -> None:
    rows = _patients(tmp_path)
    images = tmp_path / "cohen/images"
    draw(images / "child.png", 7000)
    rows.append(cohen_row("child.png", patientid="80", age="12"))
    with Image.open(images / "child.png") as film:
        film.resize((192, 192)).crop((6, 4, 186, 184)).save(images / "ageless.png")
    rows.append(cohen_row("ageless.png", patientid="81", age=""))
    write_cohen(tmp_path / "cohen", rows)
    result = build_dataset(collections(tmp_path, "cohen"), tmp_path / "out")
    told = {row["original"]: row["detail"] for row in table(result, "exclusions.csv")}
    assert told == {
        "images/child.png": "12 years",
        "images/ageless.png": "same film as cohen:images/child.png",
    }
    options = BuildOptions(adults_only=False)
    result = build_dataset(collections(tmp_path, "cohen"), tmp_path / "all", options)
    groups = {row["original"]: row["group"] for row in table(result, "manifest.csv")}
    assert groups["images/child.png"] == groups["images/ageless.png"]


def test_what_cannot_be_read_is_left_out_and_told(tmp_path: Path) -> None:
    rows = _patients(tmp_path)
    images = tmp_path / "cohen/images"
    (images / "0-0.png").write_bytes(b"")
    (images / "0-1.png").write_text("no film", encoding="utf-8")
    (images / "0-2.png").write_bytes((images / "1-0.png").read_bytes()[:900])
    write_cohen(tmp_path / "cohen", rows)
    result = build_dataset(collections(tmp_path, "cohen"), tmp_path / "out", jobs=2)
    assert reasons(result) == {"empty_file": 1, "not_an_image": 1, "truncated": 1}


def test_lateral_films_are_set_aside_labelled_or_not(tmp_path: Path) -> None:
    root = make_cohen(tmp_path / "cohen")
    rows = list(csv.DictReader((root / "metadata.csv").open(encoding="utf-8")))
    for number, finding in enumerate(["COVID-19", "todo"], start=1):
        name = f"lateral {number}.png"
        draw(root / "images" / name, 5000 + number)
        rows.append(cohen_row(name, patientid=str(number), finding=finding, view="L"))
    write_cohen(root, rows)
    collections = [open_collection("cohen", root)]
    result = build_dataset(collections, tmp_path / "grouped")
    aside = {r["original"]: r for r in table(result, "manifest.csv") if r["split"] == "lateral"}
    assert set(aside) == {"images/lateral 1.png", "images/lateral 2.png"}
    for row in aside.values():
        assert row["label"] == ""
        assert row["path"].startswith("lateral/")
    assert result.record["collections"]["cohen"]["aside"] == 3  # the slice too
    assert result.record["groups"]["straddling"] == 0
    assert Dataset.open(result.folder).counts().to_numpy().sum() == 12


def test_dicom_films_are_written_as_png(tmp_path: Path) -> None:
    rows = []
    for number in range(8):
        pixels = film_files.grey16(seed=number, bits=12)
        told: dict[str, Any] = {"PatientAge": "005Y"} if number == 0 else {"PatientAge": "060Y"}
        if number == 1:
            told["ViewPosition"] = "LL"
        (tmp_path / f"{number}.dcm").write_bytes(film_files.dicom(pixels, **told))
        rows.append({"path": f"{number}.dcm", "label": "covid" if number % 2 else "normal"})
    path = write_csv(tmp_path / "manifest.csv", ["path", "label"], rows)
    result = build_dataset([open_collection("manifest", path)], tmp_path / "out")
    # What the file alone says counts as well.
    assert {r["original"]: r["reason"] for r in table(result, "exclusions.csv")} == {
        "0.dcm": "child"
    }
    aside = [r for r in table(result, "manifest.csv") if r["split"] == "lateral"]
    assert [(r["original"], r["label"], r["projection"]) for r in aside] == [("1.dcm", "", "L")]
    for row in table(result, "manifest.csv"):
        assert row["path"].endswith(".png")
        assert row["sha256"] != row["original_sha256"]
        assert row["age"] == "60"
        with Image.open(result.folder / row["path"]) as film:
            assert film.mode == "I;16"


def test_large_films_are_made_smaller_where_asked(tmp_path: Path) -> None:
    rows = []
    for number in range(8):
        draw(tmp_path / f"{number}.jpg", number, size=300 if number < 4 else 200)
        rows.append({"path": f"{number}.jpg", "label": "covid" if number % 2 else "normal"})
    path = write_csv(tmp_path / "manifest.csv", ["path", "label"], rows)
    options = BuildOptions(max_side=224)
    result = build_dataset([open_collection("manifest", path)], tmp_path / "out", options)
    for row in table(result, "manifest.csv"):
        large = int(Path(row["original"]).stem) < 4
        longest = max(int(row["width"]), int(row["height"]))
        assert longest == 224 if large else 190 < longest <= 200  # less what a margin takes
        assert row["path"].endswith(".png" if large else ".jpg")
        assert (row["sha256"] == row["original_sha256"]) != large
    assert check_dataset(Dataset.open(result.folder), workers=1, progress=False).defects == ()


def test_permissive_licences_only(shelf: Path, tmp_path: Path) -> None:
    rows = [
        {"path": "clinic/0.png", "label": "covid", "license": "CC BY-ND 4.0"},
        {"path": "clinic/2.png", "label": "covid", "license": "CC BY 4.0"},
        {"path": "nih/1.png", "label": "normal", "license": ""},
        {"path": "nih/3.png", "label": "normal", "license": "CC0"},
    ]
    path = write_csv(shelf / "adult" / "licences.csv", rows[0], rows)
    options = BuildOptions(licenses=Licenses.PERMISSIVE)
    result = build_dataset([open_collection("manifest", path)], tmp_path / "out", options)
    assert {row["original"] for row in table(result, "manifest.csv")} == {
        "clinic/2.png",
        "nih/3.png",
    }
    assert reasons(result) == {"license": 2}


def test_names_that_meet_are_told_apart(shelf: Path, tmp_path: Path) -> None:
    make_manifest(tmp_path / "more" / "adult", first_seed=8000)
    both = [
        open_collection("manifest", shelf / "adult"),
        open_collection("manifest", tmp_path / "more" / "adult"),
    ]
    result = build_dataset(both, tmp_path / "out")
    names = [Path(row["path"]).name.lower() for row in table(result, "manifest.csv")]
    assert len(set(names)) == len(names) == 24
    assert set(result.record["collections"]) == {"adult", "adult-2"}


def test_an_existing_folder_is_kept_unless_told(shelf: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(CovidDError, match="already exists"):
        build_dataset(collections(shelf, "manifest"), out)
    assert (out / "mine.txt").read_text(encoding="utf-8") == "keep"
    build_dataset(collections(shelf, "manifest"), out, overwrite=True)
    assert not (out / "mine.txt").exists()


def test_a_failed_build_leaves_nothing(shelf: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="draws 100 films of healthy children"):
        build_dataset(collections(shelf), tmp_path / "out", BuildOptions(protocol=Protocol.ARTICLE))
    assert list(tmp_path.iterdir()) == []


def test_no_film_left_is_told_with_the_reasons(tmp_path: Path) -> None:
    write_cohen(tmp_path / "cohen", [cohen_row("gone.png"), cohen_row("lost.png", finding="todo")])
    with pytest.raises(DatasetError, match=r"No film is left to learn from \(missing_file 2\)"):
        build_dataset(collections(tmp_path, "cohen"), tmp_path / "out")


def test_no_collection_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="No collection"):
        build_dataset([], tmp_path / "out")


def test_the_record_reads_back(grouped: BuildResult) -> None:
    record = json.loads((grouped.folder / "dataset.json").read_text(encoding="utf-8"))
    assert record == grouped.record
    assert record["seed"] == record["options"]["seed"] == 7
    assert record["schema"] == 2
    assert Dataset.open(grouped.folder).sha256 == grouped.sha256


# --- films graded by appearance ----------------------------------------------------------------


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    root = tmp_path_factory.mktemp("graded")
    siim = open_collection("siim", make_siim(root / "siim", each=20))
    return build_dataset([siim], root / "out")


def test_graded_films_alone_make_a_data_set(graded: BuildResult) -> None:
    rows = table(graded, "manifest.csv")
    assert len(rows) == 84
    assert {row["label"] for row in rows} == {""}
    looks = Counter(row["appearance"] for row in rows)
    assert looks == {"negative": 21, "atypical": 21, "indeterminate": 21, "typical": 21}
    assert graded.record["appearances"]["train"].keys() == looks.keys()
    assert graded.record["counts"]["train"].keys() == {""}
    assert not any("has no film of class" in warning for warning in graded.warnings)


def test_graded_films_lie_in_folders_of_their_appearance(graded: BuildResult) -> None:
    folders = {
        p.relative_to(graded.folder).as_posix() for p in graded.folder.rglob("*") if p.is_dir()
    }
    classes = ("negative", "atypical", "indeterminate", "typical")
    assert folders == {
        "train", "validation", "test", "CT", "lateral",
        *(f"{split}/{name}" for split in ("train", "validation") for name in classes),
    }  # fmt: skip


def test_each_appearance_is_divided_by_the_shares_and_each_study_kept_whole(
    graded: BuildResult,
) -> None:
    rows = table(graded, "manifest.csv")
    for name in ("negative", "atypical", "indeterminate", "typical"):
        splits = Counter(row["split"] for row in rows if row["appearance"] == name)
        assert splits["train"] == pytest.approx(0.70 * 21, abs=1.5)
        assert splits["validation"] == pytest.approx(0.15 * 21, abs=1.5)
        assert splits["test"] == pytest.approx(0.15 * 21, abs=1.5)
    for column in ("patient", "group"):
        assert all(len(splits) == 1 for splits in splits_of(graded, column).values())
    assert Counter(Counter(row["patient"] for row in rows).values()) == {1: 76, 2: 4}


def test_the_check_of_graded_films_finds_nothing(graded: BuildResult) -> None:
    report = check_dataset(Dataset.open(graded.folder), workers=1, progress=False)
    assert report.defects == ()


def test_the_test_labels_carry_the_appearance(graded: BuildResult) -> None:
    told = {row["path"]: row["appearance"] for row in table(graded, "test_labels.csv")}
    rows = table(graded, "manifest.csv")
    assert told == {row["path"]: row["appearance"] for row in rows if row["split"] == "test"}


def test_films_of_other_collections_stay_outside_and_copies_with_them(tmp_path: Path) -> None:
    siim = make_siim(tmp_path / "siim", each=20)
    make_manifest(tmp_path / "adult")
    # A film of the challenge that the other collection holds too: cropped, and labelled.
    with Image.open(siim / "train" / "10003.jpg") as film:
        film.resize((192, 192)).crop((6, 4, 186, 184)).save(tmp_path / "adult/clinic/copy.png")
    with (tmp_path / "adult/manifest.csv").open("a", encoding="utf-8") as stream:
        stream.write("clinic/copy.png,covid,clinic,clinic:99,AP,50,F,CC0\n")
    both = [open_collection("siim", siim), open_collection("manifest", tmp_path / "adult")]
    options = BuildOptions(hold_out=("clinic", "nih"))
    result = build_dataset(both, tmp_path / "out", options)
    rows = {row["original"]: row for row in table(result, "manifest.csv")}
    assert {row["split"] for row in rows.values() if row["source"] != "siim"} == {"test"}
    copy, film_row = rows["clinic/copy.png"], rows["train/10003.jpg"]
    assert copy["group"] == film_row["group"]
    assert film_row["split"] == "test"
    assert (film_row["label"], film_row["appearance"]) == ("", "typical")
    assert (copy["label"], copy["appearance"]) == ("covid", "")
    assert result.record["groups"]["near_duplicate_pairs_across_sources"] == 1
    assert result.record["counts"]["test"]["covid"] == 7
    # Labels are there to test on alone: that none is learnt from is what was asked for.
    assert not any("has no film of class" in warning for warning in result.warnings)


def test_copies_graded_differently_are_left_out(tmp_path: Path) -> None:
    siim = make_siim(tmp_path / "siim", each=20)
    train = siim / "train"
    (train / "10004.jpg").write_bytes((train / "00004.jpg").read_bytes())
    result = build_dataset([open_collection("siim", siim)], tmp_path / "out")
    told = {row["original"]: row for row in table(result, "exclusions.csv")}
    assert reasons(result) == {"conflicting_copies": 2}
    detail = told["train/10004.jpg"]["detail"]
    assert detail == "siim:train/00004.jpg is negative (likeness 1.00)"
    assert told["train/10004.jpg"]["appearance"] == "typical"


def test_a_missing_class_is_told(tmp_path: Path) -> None:
    rows = []
    for number in range(12):
        draw(tmp_path / f"{number}.png", 8100 + number)
        look = "typical" if number % 2 else "negative"
        rows.append({"path": f"{number}.png", "appearance": look})
    write_csv(tmp_path / "manifest.csv", rows[0], rows)
    result = build_dataset([open_collection("manifest", tmp_path)], tmp_path / "out")
    assert "The split train has no film of class atypical." in result.warnings
    assert not any("class covid" in warning for warning in result.warnings)


def test_the_article_learns_labels_alone(tmp_path: Path) -> None:
    siim = open_collection("siim", make_siim(tmp_path / "siim", each=2))
    make_cohen(tmp_path / "cohen")
    make_kermany(tmp_path / "kermany")
    both = [*collections(tmp_path, "cohen", "kermany"), siim]
    result = build_dataset(both, tmp_path / "out", ARTICLE)
    assert reasons(result)["unlabelled"] == 12


def test_what_was_not_understood_is_listed_with_its_count(tmp_path: Path) -> None:
    rows = []
    for number in range(24):
        draw(tmp_path / f"{number}.png", 9100 + number, covid=number % 2 > 0)
        label = "positivo" if number % 2 else "sano"
        rows.append({"ruta": f"{number}", "etiqueta": label, "edad": "40", "vista": "AP Seduto"})
    rows[0]["etiqueta"] = rows[1]["etiqueta"] = "quizás"
    rows[2]["edad"] = "doce"
    write_csv(tmp_path / "m.csv", rows[0], rows)
    result = build_dataset([open_collection("manifest", tmp_path / "m.csv")], tmp_path / "out")
    name = result.record["collections"].keys()
    assert list(result.record["not_understood"].values()) == [
        {"age": {"doce": 1}, "label": {"quizás": 2}}
    ]
    assert result.record["not_understood"].keys() == name
    assert reasons(result) == {"unlabelled": 2, "unreadable_age": 1}
    (said,) = result.record["understood"]
    assert said.startswith("m.csv: UTF-8, commas; columns ruta = path, etiqueta = label")
    assert any(text.endswith("label: 'quizás' (2).") for text in result.warnings)
