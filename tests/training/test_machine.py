from __future__ import annotations

import pytest
import torch

from covid_d.errors import TrainingError
from covid_d.training.machine import Machine

without_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")


@pytest.fixture(autouse=True)
def by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)


class TestPrepare:
    def test_threads(self) -> None:
        Machine("cpu", threads=2).prepare()
        assert torch.get_num_threads() == 2

    def test_auto_is_the_cpu_without_cuda(self) -> None:
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
        assert Machine("auto").prepare().type == wanted
        assert Machine("cpu").prepare().type == "cpu"

    @without_cuda
    def test_cuda_where_there_is_none_is_an_error(self) -> None:
        with pytest.raises(TrainingError, match="No CUDA device"):
            Machine("cuda").prepare()


class TestToStart:
    def test_plain_training_starts_none(self) -> None:
        assert Machine().to_start() == 0
        assert Machine("cpu", processes=4).to_start() == 0

    def test_as_many_as_asked_for(self) -> None:
        assert Machine("cpu", distributed=True, processes=3).to_start() == 3

    def test_one_is_plain_training(self) -> None:
        assert Machine("cpu", distributed=True, processes=1).to_start() == 0

    def test_on_processors_the_number_must_be_said(self) -> None:
        with pytest.raises(TrainingError, match="How many processes") as caught:
            Machine("cpu", distributed=True).to_start()
        assert "--processes 2" in caught.value.next_step

    @without_cuda
    def test_without_devices_auto_means_processors(self) -> None:
        assert Machine(distributed=True, processes=2).to_start() == 2

    def test_those_of_a_launcher_start_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RANK", "1")
        monkeypatch.setenv("WORLD_SIZE", "2")
        assert Machine("cpu", distributed=True, processes=2).to_start() == 0

    def test_one_of_several_that_was_not_told_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RANK", "0")
        monkeypatch.setenv("WORLD_SIZE", "2")
        with pytest.raises(TrainingError, match="one of 2 processes") as caught:
            Machine("cpu").to_start()
        assert "--distributed" in caught.value.next_step
