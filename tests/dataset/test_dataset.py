from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import covid_d.dataset as room
from covid_d.dataset import Dataset, Split
from covid_d.dataset.manifest import COLUMNS
from covid_d.errors import DatasetError

if TYPE_CHECKING:
    from .conftest import Handmade


def test_open_reads_the_manifest_with_proper_types(handmade: Handmade) -> None:
    dataset = Dataset.open(handmade.folder)
    assert list(dataset.manifest.columns) == list(COLUMNS)
    assert len(dataset) == 21
    assert dataset.manifest["age"].dtype == np.float64
    assert dataset.manifest["width"].dtype == np.int64
    assert dataset.manifest["height"].tolist() == [128] * 21
    first, third = dataset.manifest.iloc[0], dataset.manifest.iloc[2]
    assert first["age"] == 61.0
    assert np.isnan(third["age"])
    assert third["sex"] == ""
    assert dataset.protocol == "grouped"
    assert dataset.sha256 == json.loads((handmade.folder / "dataset.json").read_text())["sha256"]


def test_open_takes_a_string_too(handmade: Handmade) -> None:
    assert Dataset.open(str(handmade.folder)).folder == handmade.folder


def test_films_of_a_split(handmade: Handmade) -> None:
    dataset = Dataset.open(handmade.folder)
    assert len(dataset.films("train")) == len(dataset.films(Split.TRAIN)) == 12
    assert set(dataset.films("test")["split"]) == {"test"}
    assert dataset.films("CT")["path"].tolist() == ["CT/cohen-900.png"]
    with pytest.raises(DatasetError, match="'tset'") as caught:
        dataset.films("tset")
    assert "train, validation, test, CT" in caught.value.next_step


def test_path_takes_every_kind_of_row(handmade: Handmade) -> None:
    dataset = Dataset.open(handmade.folder)
    expected = handmade.folder / "train" / "covid" / "cohen-0.png"
    assert dataset.path(dataset.manifest.iloc[0]) == expected
    assert dataset.path(next(dataset.manifest.itertuples())) == expected
    assert dataset.path({"path": "train/covid/cohen-0.png"}) == expected
    assert all(dataset.path(row).is_file() for row in dataset.manifest.itertuples())


def test_counts_leave_ct_out(handmade: Handmade) -> None:
    counts = Dataset.open(handmade.folder).counts()
    assert counts.to_dict() == {
        "train": {"covid": 6, "nocovid": 6},
        "validation": {"covid": 2, "nocovid": 2},
        "test": {"covid": 2, "nocovid": 2},
    }


def test_counts_have_every_class_and_split_even_when_empty(handmade: Handmade) -> None:
    kept = [row for row in handmade.rows if row["split"] == "train" and row["label"] == "covid"]
    handmade.rows[:] = kept
    handmade.seal()
    counts = Dataset.open(handmade.folder).counts()
    assert list(counts.loc["nocovid"]) == [0, 0, 0]
    assert list(counts.loc["covid"]) == [6, 0, 0]


def test_show_batch_is_a_picture_that_shows_itself(handmade: Handmade) -> None:
    dataset = Dataset.open(handmade.folder)
    picture = dataset.show_batch(n=4)
    assert isinstance(picture, Image.Image)
    assert picture._repr_png_()
    assert picture.tobytes() == dataset.show_batch(n=4).tobytes()
    assert picture.tobytes() != dataset.show_batch(n=4, seed=8).tobytes()
    assert picture.tobytes() != dataset.show_batch(n=4, language="en").tobytes()


def test_a_notebook_shows_counts_protocol_and_hash(handmade: Handmade) -> None:
    dataset = Dataset.open(handmade.folder)
    html = dataset._repr_html_()
    for part in ("20 radiografías", "TC 1, laterales 0", "grouped", dataset.sha256[:12], "nocovid"):
        assert part in html
    assert "grouped" in repr(dataset)


def test_a_notebook_never_takes_a_folder_for_markup(handmade: Handmade) -> None:
    evil = handmade.folder.rename(handmade.folder.with_name("<b>set"))
    assert "<b>set" not in Dataset.open(evil)._repr_html_()


@pytest.mark.parametrize("name", ["manifest.csv", "dataset.json"])
def test_a_folder_without_its_tables_is_no_dataset(handmade: Handmade, name: str) -> None:
    (handmade.folder / name).unlink()
    with pytest.raises(DatasetError, match=f"holds no {name}") as caught:
        Dataset.open(handmade.folder)
    assert "dataset build" in caught.value.next_step


def test_no_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere"):
        Dataset.open(tmp_path / "nowhere")


def _change(handmade: Handmade, change: str, value: str, line: int = 0) -> None:
    handmade.rows[line][change] = value
    handmade.write_manifest()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("split", "tain"),
        ("label", "maybe"),
        ("label", ""),
        ("age", "old"),
        ("age", "-1"),
        ("width", ""),
        ("height", "0"),
        ("width", "12.5"),
        ("path", "../outside.png"),
        ("path", "/etc/passwd"),
        ("path", ""),
        ("path", "train/covid/cohen-20.png"),
        ("sha256", "abc"),
        ("original_sha256", ""),
    ],
)
def test_wrong_values_are_named_with_their_line(
    handmade: Handmade, column: str, value: str
) -> None:
    _change(handmade, column, value)
    with pytest.raises(DatasetError) as caught:
        Dataset.open(handmade.folder)
    assert repr(value) in caught.value.message
    assert f"cannot be the {column}" in caught.value.message
    assert "line 2" in caught.value.message


def test_the_number_of_wrong_lines_is_told(handmade: Handmade) -> None:
    for line in (3, 4, 5):
        handmade.rows[line]["label"] = "?"
    handmade.write_manifest()
    with pytest.raises(DatasetError) as caught:
        Dataset.open(handmade.folder)
    english = "line 5: '?' cannot be the label (one of 3 such lines)."
    assert caught.value.message.endswith(english)
    spanish, _ = caught.value.in_language("es")
    assert spanish.endswith("línea 5: '?' no sirve como label (una de 3 líneas así).")


def test_ct_needs_no_label(handmade: Handmade) -> None:
    assert Dataset.open(handmade.folder).films("CT")["label"].tolist() == [""]


def test_a_film_needs_a_label_or_an_appearance(handmade: Handmade) -> None:
    row = handmade.rows[0]
    row["label"], row["appearance"] = "", "typical"
    film = Dataset.open(handmade.seal()).manifest.iloc[0]
    assert (film["label"], film["appearance"]) == ("", "typical")
    row["appearance"] = ""
    handmade.write_manifest()
    with pytest.raises(DatasetError, match="line 2: '' cannot be the label"):
        Dataset.open(handmade.folder)
    row["label"], row["appearance"] = "covid", "odd"
    handmade.write_manifest()
    with pytest.raises(DatasetError, match="line 2: 'odd' cannot be the appearance"):
        Dataset.open(handmade.folder)


def test_a_data_set_of_an_earlier_version_has_no_appearances(handmade: Handmade) -> None:
    path = handmade.folder / "manifest.csv"
    pd.read_csv(path, dtype=str).drop(columns="appearance").to_csv(path, index=False)
    assert set(Dataset.open(handmade.folder).manifest["appearance"]) == {""}


def test_wrong_columns_are_named(handmade: Handmade) -> None:
    table = pd.read_csv(handmade.folder / "manifest.csv", dtype=str)
    renamed = table.rename(columns={"sex": "gender"}).drop(columns=["url"])
    renamed.to_csv(handmade.folder / "manifest.csv", index=False)
    with pytest.raises(DatasetError, match="lacks sex, url and has unknown gender"):
        Dataset.open(handmade.folder)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00garbage", b'a,b\n"unclosed'])
def test_a_manifest_that_is_none_is_an_error(handmade: Handmade, content: bytes) -> None:
    (handmade.folder / "manifest.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=r"manifest\.csv"):
        Dataset.open(handmade.folder)


@pytest.mark.parametrize("content", ["", "[]", "{not json", '{"protocol": "grouped"}'])
def test_a_record_that_is_none_is_an_error(handmade: Handmade, content: str) -> None:
    (handmade.folder / "dataset.json").write_text(content)
    with pytest.raises(DatasetError, match=r"dataset\.json"):
        Dataset.open(handmade.folder)


def test_every_export_of_the_room_is_there() -> None:
    for name in room.__all__:
        assert getattr(room, name) is not None
    assert dir(room) == sorted(room.__all__)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = room.nothing_like_it


def test_the_room_stays_light() -> None:
    script = (
        "import sys, covid_d.dataset, covid_d.dataset.manifest;"
        "print(*{'pandas', 'matplotlib', 'scipy', 'httpx'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []
