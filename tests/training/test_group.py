"""Processes that train together; ``test_shared.py`` starts some."""

from __future__ import annotations

import os

import pytest
import torch
from torch import nn

from covid_d.training.group import (
    bare,
    by_first,
    first_before_others,
    group_size,
    is_first,
    join_group,
    leave_group,
)


@pytest.fixture(autouse=True)
def by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)


class TestByItself:
    def test_it_is_first_and_one(self) -> None:
        assert group_size() == 1
        assert is_first()

    def test_it_meets_nobody_and_waits_for_nobody(self) -> None:
        join_group(cpu=True)
        assert not torch.distributed.is_initialized()
        with first_before_others():
            pass
        leave_group()

    def test_its_network_is_bare(self) -> None:
        network = nn.Linear(1, 1)
        assert bare(network) is network

    def test_its_work_is_done(self) -> None:
        assert by_first(lambda: 7) == 7


class TestOneOfSeveral:
    """What the environment of a launcher says."""

    def test_the_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RANK", "0")
        monkeypatch.setenv("WORLD_SIZE", "3")
        assert (group_size(), is_first()) == (3, True)

    def test_another(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RANK", "2")
        monkeypatch.setenv("WORLD_SIZE", "3")
        assert (group_size(), is_first()) == (3, False)
        assert by_first(lambda: pytest.fail("it is not the first")) is None

    def test_what_fails_for_all_leaves_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RANK", "0")
        monkeypatch.setenv("WORLD_SIZE", "2")

        def fail() -> None:
            assert group_size() == 1
            raise OSError("full")

        with pytest.raises(OSError, match="full"):
            by_first(fail)
        assert (os.environ["RANK"], os.environ["WORLD_SIZE"]) == ("0", "2")
