"""A small dataset, made by hand of phantoms: what `dataset build` leaves, without building."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from covid_d.dataset.duplicates import fingerprint
from covid_d.dataset.manifest import COLUMNS
from covid_d.dataset.record import count, dataset_sha256
from covid_d.radiograph import read
from covid_d.radiograph.phantom import draw_phantom

Row = dict[str, str]

# source, subsource, label, patient, age, sex, projection; each patient lies in one split.
_PEOPLE = [
    ("cohen", "radiopaedia.org", "covid", "61", "M", "PA"),
    ("cohen", "radiopaedia.org", "nocovid", "47", "F", "AP"),
    ("cohen", "", "covid", "", "", "AP Supine"),
    ("nih", "", "nocovid", "35", "F", "PA"),
]
_SPLITS = ["train"] * 3 + ["validation"] + ["test"]


@dataclass(frozen=True)
class Handmade:
    """A dataset folder and its manifest's rows; change films or rows, then write or seal again."""

    folder: Path
    rows: list[Row] = field(default_factory=list)

    def add(self, split: str, label: str, seed: int, **facts: str) -> Row:
        """Draw a film, write it where its split and label say, and list it."""
        name = f"{facts.get('source', 'cohen')}-{seed}.png"
        parts = [split, label, name] if split in {"train", "validation"} else [split, name]
        path = self.folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_phantom(seed, opacities=label == "covid", size=128).to_image().save(path)
        row = dict.fromkeys(COLUMNS, "") | {"source": "cohen", "license": "CC0", **facts}
        row |= {"path": "/".join(parts), "label": label, "split": split, "original": name}
        row |= {"width": "128", "height": "128"}
        self.rows.append(row)
        self.stamp(row)
        return row

    def stamp(self, row: Row) -> None:
        """Put the film's present hashes into its row."""
        film = self.folder / row["path"]
        row["sha256"] = row["original_sha256"] = sha256(film.read_bytes()).hexdigest()
        row["phash"] = fingerprint(read(film)).phash_hex

    def row(self, path: str) -> Row:
        """Return the row whose path ends so."""
        return next(row for row in self.rows if row["path"].endswith(path))

    def in_split(self, split: str, label: str = "") -> list[Row]:
        """Return the rows of a split, of one class when given."""
        return [r for r in self.rows if r["split"] == split and label in {"", r["label"]}]

    def write_manifest(self) -> None:
        """Write ``manifest.csv``."""
        _write(self.folder / "manifest.csv", list(COLUMNS), self.rows)

    def seal(self, protocol: str = "grouped") -> Path:
        """Write every table and the ``dataset.json`` that fits them; return the folder."""
        self.write_manifest()
        _write(self.folder / "test_labels.csv", ["path", "label"], self.in_split("test"))
        _write(self.folder / "exclusions.csv", ["source", "original", "reason"], [])
        (self.folder / "ATTRIBUTION.md").write_text("# Attribution\n", encoding="utf-8")
        record = {
            "protocol": protocol,
            "seed": 7,
            "counts": count((row["split"], row["label"]) for row in self.rows),
        }
        record["sha256"] = dataset_sha256(self.folder, record)
        (self.folder / "dataset.json").write_text(json.dumps(record), encoding="utf-8")
        return self.folder


def _write(path: Path, columns: list[str], rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Handmade:
    made = Handmade(tmp_path_factory.mktemp("template") / "set")
    for place, split in enumerate(_SPLITS):
        for number, (source, subsource, label, age, sex, projection) in enumerate(_PEOPLE):
            seed = 10 * place + number
            made.add(
                split,
                label,
                seed,
                source=source,
                subsource=subsource,
                patient=f"{source}:{seed}",
                group=f"g{seed}",
                age=age,
                sex=sex,
                projection=projection,
            )
    ct = made.add("CT", "", 900, patient="cohen:0", group="g0")
    assert ct["path"] == "CT/cohen-900.png"
    made.seal()
    return made


@pytest.fixture
def handmade(_template: Handmade, tmp_path: Path) -> Handmade:
    """A sealed dataset of 20 phantoms (12 train, 4 validation, 4 test) and a CT slice.

    ``cohen`` has both classes, ``nih`` only films without COVID-19.
    """
    folder = tmp_path / "set"
    shutil.copytree(_template.folder, folder)
    return Handmade(folder, [dict(row) for row in _template.rows])
