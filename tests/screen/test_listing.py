"""Every film of an archive, each once, in order, however the archive is named."""

from __future__ import annotations

import csv
import os
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from covid_d.detector import expand
from covid_d.errors import CovidDError
from covid_d.screen.listing import ListedFilm, films_of


def paths(archive: Path | str) -> list[str]:
    return [film.path for film in films_of(str(archive))]


def put(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * (number + 1))


class TestFolder:
    def test_films_in_the_order_of_predict_with_their_sizes(self, tmp_path: Path) -> None:
        put(tmp_path, "b.png", "a.DCM", "sub/1.2.3", "sub/IM0001", "notes.txt", ".hidden.png")
        found = list(films_of(str(tmp_path)))
        assert [film.path for film in found] == [
            str(tmp_path / name) for name in ("a.DCM", "b.png", "sub/1.2.3", "sub/IM0001")
        ]
        assert [film.size for film in found] == [2, 1, 3, 4]
        assert [film.path for film in found] == list(map(str, expand([tmp_path])))

    def test_a_link_to_what_is_listed_anyway_gives_nothing(self, tmp_path: Path) -> None:
        put(tmp_path, "a.png", "sub/b.png")
        (tmp_path / "again.png").symlink_to(tmp_path / "sub" / "b.png")
        assert paths(tmp_path) == [str(tmp_path / "a.png"), str(tmp_path / "sub" / "b.png")]

    def test_links_to_one_film_elsewhere_give_it_once(self, tmp_path: Path) -> None:
        put(tmp_path, "elsewhere/film.png", "archive/own.png")
        for name in ("one.png", "two.png"):
            (tmp_path / "archive" / name).symlink_to(tmp_path / "elsewhere" / "film.png")
        names = [Path(path).name for path in paths(tmp_path / "archive")]
        assert names == ["one.png", "own.png"]

    def test_a_link_to_what_the_walk_passes_over_is_a_film(self, tmp_path: Path) -> None:
        put(tmp_path, ".store/film.png")
        (tmp_path / "film.png").symlink_to(tmp_path / ".store" / "film.png")
        assert paths(tmp_path) == [str(tmp_path / "film.png")]

    def test_a_link_that_leads_nowhere_is_listed_without_a_size(self, tmp_path: Path) -> None:
        (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
        assert list(films_of(str(tmp_path))) == [ListedFilm(str(tmp_path / "gone.png"))]

    @pytest.mark.skipif(os.name == "nt", reason="other systems allow no such name")
    def test_a_name_that_is_no_text_stays_as_it_is(self, tmp_path: Path) -> None:
        odd = os.fsencode(tmp_path) + b"/\xe9\xff.png"
        Path(os.fsdecode(odd)).write_bytes(b"x")
        assert [os.fsencode(path) for path in paths(tmp_path)] == [odd]

    def test_it_is_a_stream(self, tmp_path: Path) -> None:
        put(tmp_path, *(f"{number:03}.png" for number in range(50)))
        films = films_of(str(tmp_path))
        first = list(islice(films, 2))
        for path in tmp_path.glob("04*.png"):
            path.unlink()
        assert len(first) == 2
        assert [film.size for film in films].count(None) == 10, "what is gone by now is listed"


class TestTable:
    def table(self, folder: Path, text: str, name: str = "films.csv") -> Path:
        path = folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def test_paths_beside_the_table_and_elsewhere(self, tmp_path: Path) -> None:
        table = self.table(tmp_path, "path\na.png\n/archive/b.png\ns3://bucket/c.png\n")
        assert paths(table) == [str(tmp_path / "a.png"), "/archive/b.png", "s3://bucket/c.png"]

    @pytest.mark.parametrize("heading", ["path", "Ruta", "ARCHIVO", "url"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_as_people_write_it(self, tmp_path: Path, heading: str, delimiter: str) -> None:
        lines = [["n.º", heading, "bytes"], ["1", "/x/a,1.png", "17"], ["2", "/x/ñ.png", ""]]
        path = tmp_path / "films.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream, delimiter=delimiter).writerows(lines)
        assert list(films_of(str(path))) == [
            ListedFilm("/x/a,1.png", 17),
            ListedFilm("/x/ñ.png", None),
        ]

    def test_a_film_that_is_listed_twice_is_one(self, tmp_path: Path) -> None:
        table = self.table(tmp_path, "path\n/b.png\n/a.png\n\n/b.png\n/a.png\n/c.png\n")
        assert paths(table) == ["/b.png", "/a.png", "/c.png"]

    def test_every_name_is_taken_as_it_is(self, tmp_path: Path) -> None:
        table = self.table(tmp_path, "path\n/a.tar\n/none/at/all\n")
        assert paths(table) == ["/a.tar", "/none/at/all"]

    def test_without_a_path(self, tmp_path: Path) -> None:
        table = self.table(tmp_path, "name,size\na,1\n")
        with pytest.raises(CovidDError, match="has no column path; it has name, size"):
            paths(table)

    def test_an_empty_one(self, tmp_path: Path) -> None:
        with pytest.raises(CovidDError, match="it has none"):
            paths(self.table(tmp_path, ""))

    def test_not_utf_8(self, tmp_path: Path) -> None:
        (tmp_path / "films.csv").write_bytes(b"path\n/\xe9.png\n")
        with pytest.raises(CovidDError, match="no CSV file in UTF-8"):
            paths(tmp_path / "films.csv")

    def test_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(CovidDError, match="No such file"):
            paths(tmp_path / "films.csv")


class TestParquet:
    def test_paths_sizes_and_tags(self, tmp_path: Path) -> None:
        table = {
            "path": ["/a.png", "/b.png", "/a.png"],
            "size": [5, None, 5],
            "etag": ["e", "", "e"],
        }
        parquet.write_table(pa.table(table), tmp_path / "films.parquet")
        assert list(films_of(str(tmp_path / "films.parquet"))) == [
            ListedFilm("/a.png", 5, "e"),
            ListedFilm("/b.png", None, None),
        ]

    def test_a_stores_inventory(self, tmp_path: Path) -> None:
        table = {
            "bucket": ["films"] * 4,
            "key": ["2020/a b.dcm", "2020/", "readme.txt", "2020/1.2.840"],
            "size": [7, 0, 9, 8],
            "e_tag": ["x", "", "y", "z"],
        }
        parquet.write_table(pa.table(table), tmp_path / "inventory.parquet")
        assert list(films_of(str(tmp_path / "inventory.parquet"))) == [
            ListedFilm("s3://films/2020/a b.dcm", 7, "x"),
            ListedFilm("s3://films/2020/1.2.840", 8, "z"),
        ]

    def test_no_parquet(self, tmp_path: Path) -> None:
        (tmp_path / "films.parquet").write_bytes(b"PAR1 and no more")
        with pytest.raises(CovidDError, match="is no Parquet file"):
            paths(tmp_path / "films.parquet")


class TestNothing:
    def test_no_archive(self, tmp_path: Path) -> None:
        with pytest.raises(CovidDError, match="There is no archive at"):
            films_of(str(tmp_path / "none"))

    def test_an_unknown_address(self) -> None:
        with pytest.raises(CovidDError, match="ftp:// is no store"):
            films_of("ftp://host/films")
