from __future__ import annotations

import signal
import tempfile
from pathlib import Path

import pytest

from covid_d.errors import CovidDError, TrainingError
from covid_d.training.launch import together
from training_members import nothing, second_fails, second_is_killed

pytestmark = [pytest.mark.train, pytest.mark.slow]


def test_what_the_first_returns_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    assert together(2, nothing, value=4) == 4
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_one_ends_all_and_is_told_as_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CovidDError) as caught:
        together(2, second_fails)
    assert caught.value.message == "The second has no films."
    assert caught.value.next_step == "Give it some."
    assert "Traceback" not in capfd.readouterr().err


def test_a_killed_one_ends_all(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TrainingError, match="died") as caught:
        together(2, second_is_killed)
    assert "SIGKILL" in caught.value.message
    assert "--resume" in caught.value.next_step
    assert "Traceback" not in capfd.readouterr().err
