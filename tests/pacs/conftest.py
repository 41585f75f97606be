"""A node over a small bundle, on a free port of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bundle_factory import AUDITED, make_appearance_bundle
from covid_d.detector import Detector
from covid_d.pacs.node import Node
from covid_d.pacs.settings import PacsSettings

StartNode = Callable[..., Node]


@pytest.fixture(scope="session")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    """Answers by how bright a film is; its bundle passed its audit."""
    folder = make_appearance_bundle(tmp_path_factory.mktemp("node") / "bundle", verdict=AUDITED)
    return Detector.load(folder, threads=1)


@pytest.fixture
def start_node(tmp_path: Path, detector: Detector) -> Iterator[StartNode]:
    """Start nodes; those still running are stopped after the test."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Node:
            known: dict[str, Any] = {"data": tmp_path / "node", "port": 0, "timeout_s": 10}
            node = Node(PacsSettings(**{**known, **settings}), detector)
            stack.callback(node.stop)
            node.start()
            return node

        yield start
