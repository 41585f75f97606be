"""The record of looks at the test split: added to, read back, never denied."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from covid_d.dataset.looks import LOOKS, Look, looks_at, told, write_down
from covid_d.errors import DatasetError


def _look(model: str = "1" * 64, when: str = "2026-01-02T03:04:05+00:00") -> Look:
    return Look(when, "evaluate", model, "phantom", "a" * 64)


def test_no_record_means_never_looked_at(tmp_path: Path) -> None:
    assert looks_at(tmp_path) == ()
    assert told(()).en == "By the record, the test split had not been looked at before."


def test_looks_read_back_in_order(tmp_path: Path) -> None:
    first, second = _look(), Look.now("audit", model="2" * 64, name="b", dataset="a" * 64,
                                      outcome="audit-passed")  # fmt: skip
    write_down(tmp_path, first)
    write_down(tmp_path, second)
    assert looks_at(tmp_path) == (first, second)
    lines = (tmp_path / LOOKS).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["what"] for line in lines] == ["evaluate", "audit"]


def test_the_sentence_counts_looks_and_models() -> None:
    looks = (_look(when="2026-03-02T00:00:00+00:00"), _look(), _look("2" * 64))
    assert "3 times (models: 2; first on 2026-01-02)" in told(looks).en
    assert "3 veces (modelos: 2; la primera vez el 2026-01-02)" in told(looks).es
    assert "looked at once (models: 1;" in told(looks[:1]).en


@pytest.mark.parametrize("content", ["{", '{"when": "x"}', "[]", "\x00\n"])
def test_a_damaged_record_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / LOOKS).write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError, match="nobody can say who looked"):
        looks_at(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_look_that_leaves_no_trace_is_refused_where_nothing_can_be_written(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(DatasetError, match="cannot be written"):
            write_down(tmp_path, _look())
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / LOOKS).mkdir()
    with pytest.raises(DatasetError, match="cannot be written"):
        write_down(tmp_path, _look())
    with pytest.raises(DatasetError, match="cannot be read"):
        looks_at(tmp_path)
