"""Only a network that keeps the contract is ever run."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bundle_factory import BIAS, GAIN, SIZE, brightness_network, make_bundle
from covid_d.detector import Bundle
from covid_d.detector.network import Network
from covid_d.errors import BundleError


def network_of(folder: Path, model: bytes) -> Network:
    return Network(Bundle.load(make_bundle(folder, model=model)))


def films_of(*brightness: float) -> np.ndarray:
    return np.stack([np.full((3, SIZE, SIZE), value, dtype=np.float32) for value in brightness])


@pytest.fixture(scope="module")
def network(shared_bundle: Path) -> Network:
    return Network(Bundle.load(shared_bundle))


def test_gives_the_named_outputs(network: Network) -> None:
    values = network.run(films_of(0.1, 0.5, 0.9), ("logit", "features", "activation"))
    assert values["logit"].shape == (3,)
    assert values["features"].shape == (3, 3)
    assert values["activation"].shape == (3, 4, 4)
    np.testing.assert_allclose(values["logit"], GAIN * np.array([0.1, 0.5, 0.9]) + BIAS, rtol=1e-5)
    np.testing.assert_allclose(values["features"][:, 0], [0.1, 0.5, 0.9], rtol=1e-5)


def test_activation_sums_to_the_logit_s_evidence(network: Network) -> None:
    values = network.run(films_of(0.3), ("activation", "logit"))
    assert values["activation"].sum() == pytest.approx(values["logit"][0] - BIAS, rel=1e-5)


def test_gives_the_logit_alone_by_default(network: Network) -> None:
    assert list(network.run(films_of(0.3))) == ["logit"]


def test_neighbours_do_not_matter(network: Network) -> None:
    together = network.run(films_of(0.1, 0.5, 0.9))["logit"]
    alone = [network.run(films_of(value))["logit"][0] for value in (0.1, 0.5, 0.9)]
    assert together.tolist() == alone


@pytest.mark.parametrize(
    "films",
    [
        np.zeros((3, SIZE, SIZE), np.float32),
        np.zeros((1, 1, SIZE, SIZE), np.float32),
        np.zeros((1, 3, SIZE, SIZE + 1), np.float32),
        np.zeros((1, 3, SIZE, SIZE), np.float64),
    ],
)
def test_films_of_another_shape_or_type(network: Network, films: np.ndarray) -> None:
    with pytest.raises(ValueError, match=re.escape(f"got {films.dtype} {films.shape}")):
        network.run(films)


@pytest.mark.parametrize("missing", ["logit", "features", "activation"])
def test_a_missing_output_is_named(tmp_path: Path, missing: str) -> None:
    left = tuple(name for name in ("logit", "features", "activation") if name != missing)
    with pytest.raises(BundleError, match=f"must have an output '{missing}'") as caught:
        network_of(tmp_path / "b", brightness_network(outputs=left))
    assert "Export the bundle again" in caught.value.next_step


def test_an_input_of_another_name(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"one float32 input 'film', has \['image'\]"):
        network_of(tmp_path / "b", brightness_network(input_name="image"))


def test_an_input_of_another_size(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="takes films of shape"):
        network_of(tmp_path / "b", brightness_network(size=64))


@pytest.mark.parametrize("model", [b"", b"no network", brightness_network()[:300]])
def test_what_is_no_network(
    tmp_path: Path, model: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BundleError, match=r"'model\.onnx' cannot be loaded"):
        network_of(tmp_path / "b", model)
    assert capfd.readouterr() == ("", "")  # the runtime's own messages stay off the screen
