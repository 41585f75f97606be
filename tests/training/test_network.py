from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from fastai.vision.learner import create_head, create_timm_model
from torch import nn

from covid_d.errors import TrainingError
from covid_d.training.network import (
    OUTPUTS,
    DetectorNetwork,
    OnnxNetwork,
    batches,
    check_parity,
    to_onnx,
)

SIZE = 64

Exported = tuple[nn.Sequential, DetectorNetwork, bytes]


def _model(*, linear: bool) -> nn.Sequential:
    torch.manual_seed(3)
    options = {"concat_pool": False, "lin_ftrs": [], "first_bn": False} if linear else {}
    model: nn.Sequential
    model, _ = create_timm_model("test_resnet", 2, pretrained=False, **options)
    model.train()
    with torch.no_grad():  # running statistics other than their defaults
        for _ in range(3):
            model(torch.randn(8, 3, SIZE, SIZE))
    return model


@pytest.fixture(scope="module", params=[True, False], ids=["linear", "concat"])
def exported(request: pytest.FixtureRequest) -> Exported:
    model = _model(linear=request.param)
    network = DetectorNetwork(model)
    return model, network, to_onnx(network, SIZE)


@pytest.fixture
def films() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(5, 3, SIZE, SIZE)).astype(np.float32)


def test_logit_is_the_model_s_covid_less_the_other(exported: Exported, films: np.ndarray) -> None:
    model, _, content = exported
    model.eval()
    with torch.no_grad():
        scores = model(torch.from_numpy(films)).numpy()
    logit, _, _ = OnnxNetwork(content)(films)
    assert logit == pytest.approx(scores[:, 0] - scores[:, 1], abs=1e-4)


def test_features_are_the_pooled_body(exported: Exported, films: np.ndarray) -> None:
    model, _, content = exported
    model.eval()
    with torch.no_grad():
        pooled = model[0](torch.from_numpy(films)).mean(dim=(2, 3)).numpy()
    _, features, activation = OnnxNetwork(content)(films)
    assert features.shape == (5, 96)
    assert np.allclose(features, pooled, atol=1e-4)
    assert activation.shape == (5, 2, 2)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_any_number_of_films(exported: Exported, count: int) -> None:
    films = np.random.default_rng(count).normal(size=(count, 3, SIZE, SIZE)).astype(np.float32)
    _, network, content = exported
    assert check_parity(network, OnnxNetwork(content), films) <= 1e-4


def test_a_film_s_answer_does_not_depend_on_its_company(
    exported: Exported, films: np.ndarray
) -> None:
    network = OnnxNetwork(exported[2])
    together = network(films)[0]
    alone = [float(network(film[None])[0][0]) for film in films]
    assert together == pytest.approx(alone, abs=1e-5)


def test_names_and_versions(exported: Exported) -> None:
    model = onnx.load_from_string(exported[2])
    assert [value.name for value in model.graph.input] == ["film"]
    assert tuple(value.name for value in model.graph.output) == OUTPUTS
    assert model.ir_version <= 10
    assert all(opset.version <= 21 for opset in model.opset_import)
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert shape[0].dim_param
    assert [d.dim_value for d in shape[1:]] == [3, SIZE, SIZE]


def test_the_file_names_nothing_of_this_machine(exported: Exported) -> None:
    content = exported[2]
    for word in (b"site-packages", b"/home", b".py", b"Traceback"):
        assert word not in content


def test_exporting_leaves_the_model_as_it_was() -> None:
    model = _model(linear=False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    DetectorNetwork(model)
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_a_differing_export_is_refused(exported: Exported, films: np.ndarray) -> None:
    model, _, content = exported
    other = DetectorNetwork(model)
    with torch.no_grad():
        other.head.layers[-1].get_parameter("weight")[0] += 0.01
    with pytest.raises(TrainingError, match="differs from the trained one: logit by"):
        check_parity(other, OnnxNetwork(content), films)


def test_numbers_that_are_none_are_refused(exported: Exported, films: np.ndarray) -> None:
    _, network, content = exported
    films[0, 0, 0, 0] = np.nan
    with pytest.raises(TrainingError, match="by nan"):
        check_parity(network, OnnxNetwork(content), films)


def test_a_head_without_activation_is_refused() -> None:
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Tanh(), nn.Linear(4, 2))
    with pytest.raises(TrainingError, match="Tanh"):
        DetectorNetwork(nn.Sequential(nn.Conv2d(3, 4, 3), head))


@pytest.mark.train
@pytest.mark.parametrize("name", ["resnet18", "alexnet"])
def test_the_article_s_networks_export(name: str) -> None:
    from fastai.vision.learner import create_vision_model

    from covid_d.training.backbones import TORCHVISION

    torch.manual_seed(0)
    network = DetectorNetwork(create_vision_model(TORCHVISION[name], 2, pretrained=False))
    films = np.random.default_rng(0).normal(size=(2, 3, 224, 224)).astype(np.float32)
    assert check_parity(network, OnnxNetwork(to_onnx(network, 224)), films) <= 1e-4


def test_batches_cover_everything_once() -> None:
    assert [(s.start, s.stop) for s in batches(5, 2)] == [(0, 2), (2, 4), (4, 5)]
    assert list(batches(0)) == []


def test_create_head_is_what_we_think_it_is() -> None:
    # `head="linear"` rests on these options of fastai; should they change, this says so.
    head = create_head(8, 2, concat_pool=False, lin_ftrs=[], first_bn=False, ps=0.2)
    kinds = [
        type(layer).__name__
        for layer in DetectorNetwork(nn.Sequential(nn.Identity(), head)).head.layers
    ]
    assert kinds == ["AdaptiveAvgPool2d", "Flatten", "Dropout", "Linear"]
