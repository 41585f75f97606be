"""How ``covid-d predict`` says and tabulates answers: words, JSON lines, CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bundle_factory import AUDITED, make_appearance_bundle
from covid_d.cli.answers import DIALECTS, AnswerTable
from covid_d.detector import Detector
from covid_d.detector.assessment import PUBLISHED_TABLE
from covid_d.settings import settings

Run = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.usefixtures("plain_settings")


class TestCsv:
    def test_table_equals_json(self, run: Run, films: Path, tmp_path: Path) -> None:
        table = tmp_path / "out" / "table.csv"
        code, out, _ = run(films, "--csv", table, "--prevalence", "0.2")
        assert code == 0
        assert "4 radiografías: " in out
        # A number before the words would ask for their plural.
        assert re.search(r"imagen no analizada \(\d\)[.,]", out)
        lines = [
            json.loads(line) for line in run(films, "--json", "--prevalence", "0.2")[1].splitlines()
        ]
        with table.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) == 4
        for row, line in zip(rows, lines, strict=True):
            assert row["path"] == line["path"]
            assert row["outcome"] == line["outcome"]
            assert row["bundle_sha256"] == line["bundle"]["sha256"]
            assert row["warnings"].split() == [warning["code"] for warning in line["warnings"]]
            if line["refusal"]:
                assert row["probability"] == ""
                assert row["refusal"] == line["refusal"]["code"]
                said = (line["refusal"][part]["es"] for part in ("message", "next_step"))
                assert row["refusal_message"] == " ".join(said)
            else:
                assert float(row["probability"]) == line["probability"]
                assert (row["covid_value"], row["typical"]) == ("", "")
                assert row["verdict"] == line["verdict"] == "demonstration"
                assert row["conformal_set"].split() == line["conformal_set"]
                assert row["refusal"] == ""

    def test_an_error_leaves_the_old_table(self, run: Run, films: Path, tmp_path: Path) -> None:
        table = tmp_path / "table.csv"
        table.write_text("old")
        code, _, err = run(films, "--csv", table, named=tmp_path / "no-bundle")
        assert code == 1
        assert "no-bundle" in err
        assert table.read_text() == "old"

    def test_a_spanish_excel_opens_it(self, run: Run, films: Path, tmp_path: Path) -> None:
        table = tmp_path / "tabla.csv"
        odd = tmp_path / "=1+1.png"
        odd.write_bytes((films / "a.png").read_bytes())
        code, _, _ = run(films / "a.png", odd, "--csv", table, "--csv-dialect", "excel-es")
        assert code == 0
        content = table.read_bytes()
        assert content.startswith(b"\xef\xbb\xbfpath;outcome;")
        assert content.count(b"\r\n") == content.count(b"\n") == 3
        lines = content.decode("utf-8-sig").splitlines()
        rows = [dict(zip(lines[0].split(";"), line.split(";"), strict=True)) for line in lines[1:]]
        assert re.fullmatch(r"\d,\d+(e-\d+)?", rows[0]["probability"])
        assert all(
            not value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values()
        )

    def test_a_dash_prints_it_and_nothing_else(self, run: Run, films: Path) -> None:
        code, out, _ = run(films, "--csv", "-")
        assert code == 0
        rows = list(csv.DictReader(out.splitlines()))
        assert [row["path"] for row in rows] == [
            str(films / name) for name in ("a.png", "b.png", "torn.png", "sub/A.png")
        ]

    def test_rows_are_written_as_they_come(self, films: Path, bundle: Path) -> None:
        """No table of an archive has to fit into memory."""
        detector = Detector.load(bundle)
        stream = io.StringIO()
        table = AnswerTable(stream, DIALECTS["plain"], "es")
        lengths = []
        for _ in range(3):
            table.write(detector.assess(films / "a.png"))
            lengths.append(len(stream.getvalue()))
        assert lengths == sorted(set(lengths))


class TestAppearance:
    """A bundle that says how a film looks."""

    @pytest.fixture(scope="class")
    @classmethod
    def audited(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return make_appearance_bundle(tmp_path_factory.mktemp("a") / "bundle", verdict=AUDITED)

    @pytest.fixture
    def bright(self, tmp_path: Path) -> Path:
        film = tmp_path / "bright.png"
        Image.fromarray(np.linspace(102, 204, 256 * 256).reshape(256, 256).astype(np.uint8)).save(
            film
        )
        return film

    def test_words(self, run: Run, bright: Path, audited: Path) -> None:
        code, out, _ = run(bright, "--prevalence", "0.025", named=audited)
        lines = out.splitlines()
        assert code == 0
        # Nobody told an age.
        assert lines[0] == f"{bright}: si es adulto: aspecto típico de COVID-19"
        assert re.match(r"  Aspecto según el modelo: aspecto típico de COVID-19 [>\d]", lines[1])
        assert lines[2].startswith("  Alguna opacidad pulmonar: ")
        assert re.match(r"  COVID-19 con una prevalencia del 2,5 %: \d+ % a \d+ % ", lines[3])
        assert "no dice cuán probable" not in out

    def test_json_and_table_agree(
        self, run: Run, bright: Path, audited: Path, tmp_path: Path
    ) -> None:
        options = (bright, "--prevalence", "0.1")
        line = json.loads(run(*options, "--json", named=audited)[1])
        assert line == Detector.load(audited).assess(bright, prevalence=0.1).to_dict()
        run(*options, "--csv", tmp_path / "t.csv", named=audited)
        (row,) = csv.DictReader((tmp_path / "t.csv").open(encoding="utf-8"))
        assert row["most_likely"] == line["most_likely"] == "typical"
        for name, share in line["appearance"].items():
            assert float(row[name]) == share
        for name in ("low", "value", "high"):
            assert float(row[f"covid_{name}"]) == line["covid"][name]
        assert float(row["prevalence"]) == 0.1
        assert row["probability"] == ""

    def test_a_demonstration_gives_no_range_and_says_so(
        self, run: Run, bright: Path, tmp_path: Path
    ) -> None:
        shown = make_appearance_bundle(tmp_path / "b")
        out = run(bright, "--prevalence", "0.1", named=shown)[1]
        assert "  COVID-19 con una prevalencia" not in out
        assert "no dice cuán probable" in out
        assert (
            json.loads(run(bright, "--prevalence", "0.1", "--json", named=shown)[1])["covid"]
            is None
        )

    def test_no_face_speaks_of_a_post_test_probability(
        self, run: Run, bright: Path, audited: Path
    ) -> None:
        for options in ((), ("--json",), ("--csv", "-")):
            said = run(bright, "--prevalence", "0.1", *options, named=audited)[1]
            assert "post_test" not in said
            assert "post-test" not in said

    @pytest.fixture
    def own(self, tmp_path: Path) -> Path:
        """Counts by which a typical film says much more than by the published ones."""
        counts = tmp_path / "own.csv"
        counts.write_text(
            "study,group,negative,atypical,indeterminate,typical\n"
            "Ours,covid,10,10,10,970\nOurs,other,990,4,4,2\n"
        )
        return counts

    def test_a_table_of_ones_own_answers_and_is_named(
        self, run: Run, bright: Path, audited: Path, own: Path
    ) -> None:
        options = (bright, "--prevalence", "0.1", "--json")
        published = json.loads(run(*options, named=audited)[1])["covid"]
        ours = json.loads(run(*options, "--likelihood", own, named=audited)[1])["covid"]
        assert ours["low"] > published["high"] or ours["value"] > published["value"]
        assert ours["table"].startswith("Ours (")
        assert published["table"] == PUBLISHED_TABLE
        said = run(*options[:-1], "--likelihood", own, named=audited)[1]
        assert f"según la tabla «{ours['table']}»" in said

    def test_the_setting_names_it_too_and_the_option_comes_first(
        self,
        run: Run,
        bright: Path,
        audited: Path,
        own: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        other = tmp_path / "other.csv"
        other.write_text(own.read_text().replace("Ours", "Theirs"))
        monkeypatch.setenv("COVID_D_LIKELIHOOD", str(other))
        settings.cache_clear()
        options = (bright, "--prevalence", "0.1", "--json")
        assert json.loads(run(*options, named=audited)[1])["covid"]["table"].startswith("Theirs (")
        ours = json.loads(run(*options, "--likelihood", own, named=audited)[1])["covid"]
        assert ours["table"].startswith("Ours (")
        assert json.loads(run(bright, "--json", named=audited)[1])["covid"] is None

    def test_a_table_without_a_prevalence_or_that_cannot_be_used_stops_before_any_film(
        self, run: Run, bright: Path, audited: Path, own: Path
    ) -> None:
        code, out, err = run(bright, "--likelihood", own, named=audited)
        assert (code, out) == (2, "")
        assert "--prevalence" in err
        own.write_text(own.read_text().replace("970", "many"))
        code, out, err = run(bright, "--prevalence", "0.1", "--likelihood", own, named=audited)
        assert (code, out) == (1, "")
        assert "2" in err
        assert "many" in err
