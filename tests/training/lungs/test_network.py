"""The lung network: a part of it at a reduced side, and weights taken over from an exported one."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn
from torch.nn import functional as nnf

from covid_d.training.lungs.network import FULL, STUDENT, LungNetwork, LungShape, enlarged
from covid_d.training.lungs.train import export_onnx

SIDE = 64


def films_of(count: int, side: int = 256) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, side, side)).astype(np.uint8)


def shaken(network: LungNetwork) -> LungNetwork:
    """Give normalisations statistics, scale and shift of their own, as after training."""
    generator = torch.Generator().manual_seed(4)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values, low, high in (
                (part.running_mean, -0.2, 0.2),
                (part.running_var, 0.5, 1.5),
                (part.weight, 0.7, 1.3),
                (part.bias, -0.2, 0.2),
            ):
                assert values is not None
                drawn = torch.rand(values.shape, generator=generator)
                values.data.copy_(low + (high - low) * drawn)
    network.eval()
    return network


@pytest.fixture(scope="module")
def exported() -> bytes:
    torch.manual_seed(1)
    return export_onnx(shaken(LungNetwork()), films_of(2))


def said_by(content: bytes, films: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    seen = films[:, None].astype(np.float32) / 255.0
    (lungs,) = session.run(["lungs"], {"film": seen})
    return np.asarray(lungs)


def test_the_map_has_the_films_side_however_small_the_network_sees_it() -> None:
    film = torch.rand(2, 1, SIDE, SIDE)
    for shape in (FULL, STUDENT, LungShape(reduce=4)):
        network = LungNetwork(shape=shape).eval()
        with torch.inference_mode():
            assert network(film).shape == (2, SIDE, SIDE)
            small = film[:, :, :: shape.reduce, :: shape.reduce]
            cells = network.cells(small)
        assert cells.shape == (2, 1, SIDE // shape.reduce // 2, SIDE // shape.reduce // 2)


def test_a_reduced_film_is_the_mean_of_its_cells() -> None:
    network = shaken(LungNetwork(shape=STUDENT))
    film = torch.rand(1, 1, SIDE, SIDE)
    by_hand = torch.zeros(1, 1, SIDE // 2, SIDE // 2)
    for row in range(SIDE // 2):
        for column in range(SIDE // 2):
            four = film[0, 0, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            by_hand[0, 0, row, column] = four.sum() / 4
    with torch.inference_mode():
        cells = network.cells(by_hand)
        expected = nnf.interpolate(cells, size=(SIDE, SIDE), mode="bilinear")[:, 0]
        assert torch.allclose(network(film), expected, atol=1e-4)


@pytest.mark.parametrize("times", [2, 3, 4])
def test_enlarging_is_bilinear(times: int) -> None:
    cells = torch.rand(2, 1, 9, 7)
    size = (9 * times, 7 * times)
    expected = nnf.interpolate(cells, size=size, mode="bilinear")[:, 0]
    assert torch.allclose(enlarged(cells, times), expected, atol=1e-6)


def test_a_part_of_the_network_has_as_many_blocks_as_asked() -> None:
    full, part = LungNetwork(), LungNetwork(shape=LungShape(2, (1, 1, 2, 2)))
    assert [len(list(stage.children())) for stage in full.stages] == [1, 2, 2, 3]
    assert [len(list(stage.children())) for stage in part.stages] == [1, 1, 2, 2]
    kept = set(part.state_dict())
    assert kept < set(full.state_dict())
    left_out = {name.rpartition(".")[0] for name in set(full.state_dict()) - kept}
    assert all(name.startswith(("stages.1.1.", "stages.3.2.")) for name in left_out)


def test_the_whole_network_taken_over_says_the_same(exported: bytes) -> None:
    network = LungNetwork()
    network.take_over(exported)
    films = films_of(2)
    with torch.inference_mode():
        seen = torch.from_numpy(films)[:, None].float() / 255.0
        said = torch.sigmoid(network.eval()(seen)).numpy()
    assert np.abs(said - said_by(exported, films)).max() < 1e-4


def test_a_part_takes_the_weights_that_it_has(exported: bytes) -> None:
    network = LungNetwork(shape=STUDENT)
    network.take_over(exported)
    kept = {
        tensor.name: onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load_from_string(exported).graph.initializer
    }
    own = {name: values.numpy() for name, values in network.state_dict().items()}
    deep = "stages.3.1.conv_pw.weight"
    assert np.array_equal(own[deep], kept[f"network.{deep}"])
    assert np.array_equal(own["stages.3.1.bn1.bias"], kept[f"network.{deep}_bias"])
    # Of a narrower decoder's inputs the first ones, and all that the encoder joins to them.
    whole = kept["network.decoder.1.mix.0.weight"][:16]
    assert np.array_equal(own["decoder.1.mix.0.weight"][:, :32], whole[:, :32])
    assert np.array_equal(own["decoder.1.mix.0.weight"][:, 32:], whole[:, 40:])
    assert np.array_equal(network.head.weight.detach().numpy(), kept["network.head.weight"])
    head = network.head.bias
    assert head is not None
    assert np.array_equal(head.detach().numpy(), kept["network.head.bias"])


def test_taken_over_and_frozen_it_trains_from_where_it_was(exported: bytes) -> None:
    network = LungNetwork()
    network.take_over(exported)
    film = torch.rand(2, 1, SIDE, SIDE)
    before = network.eval()(film).detach()
    network.train()
    network.freeze()
    assert network.training
    assert torch.equal(network(film).detach(), before)  # statistics of these films would differ
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    assert not any(part.training for part in norms)
    assert all(part.weight.requires_grad and part.bias.requires_grad for part in norms)


def test_a_file_of_another_network_is_not_taken_over(exported: bytes) -> None:
    model = onnx.load_from_string(exported)
    for tensor in model.graph.initializer:
        if tensor.name == "network.stages.2.0.conv_pw.weight":
            tensor.name = "other"
    with pytest.raises(ValueError, match=r"network\.stages\.2\.0\.conv_pw"):
        LungNetwork().take_over(model.SerializeToString())
