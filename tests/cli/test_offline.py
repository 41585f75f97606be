"""``covid-d offline build``: a folder with the page, or why there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bundle_factory import make_bundle
from covid_d.cli.main import main
from covid_d.settings import settings

Run = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.usefixtures("plain_settings")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(["offline", "build", *map(str, arguments)])
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return call


def test_the_page_is_written_and_its_size_said(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    code, out, _ = run(folder)
    assert code == 0
    assert re.search(r"downloads 3\d MB once", out)
    assert f"python {folder / 'serve.py'}" in out
    assert (folder / "index.html").is_file()
    assert (folder / "bundle" / "model.onnx").is_file()
    code, _, err = run(folder)
    assert code == 1
    assert "--overwrite" in err
    assert run(folder, "--overwrite")[0] == 0


def test_the_page_answers_by_ones_own_table_of_ratios(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = tmp_path / "hospital.csv"
    counts.write_text(
        "study,group,negative,atypical,indeterminate,typical\n"
        "Our hospital,covid,30,12,18,40\n"
        "Our hospital,other,90,30,24,6\n"
    )

    def told(*more: object) -> dict[str, Any]:
        assert run(tmp_path / "page", "--overwrite", *more)[0] == 0
        facts = json.loads((tmp_path / "page" / "facts.json").read_text("utf-8"))
        likelihood: dict[str, Any] = facts["likelihood"]
        return likelihood

    assert told()["published"]
    own = told("--likelihood", counts)
    assert not own["published"]
    assert sum(own["pooled"]["covid"]) == pytest.approx(1)
    monkeypatch.setenv("COVID_D_LIKELIHOOD", str(counts))
    settings.cache_clear()
    assert told() == own
    code, _, err = run(tmp_path / "other", "--likelihood", tmp_path / "none.csv")
    assert code == 1
    assert "none.csv" in err
    assert not (tmp_path / "other").exists()


def test_a_bundle_that_may_not_answer_alone_gives_no_page(run: Run, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    code, out, err = run(tmp_path / "page", "--bundle", bundle)
    assert code != 0
    assert out == ""
    assert "cannot answer offline: it is a demonstration" in err
    assert "the built-in one is such" in err
    assert not (tmp_path / "page").exists()
