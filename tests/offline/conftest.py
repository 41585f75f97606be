"""What tests of the offline page share: the built-in bundle, its facts, and modules in Node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import on_node
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.detector import Detector
from covid_d.offline.facts import facts_json
from covid_d.offline.site import Site, make_site
from on_node import Ask


@pytest.fixture(scope="session")
def built_in() -> Bundle:
    """The built-in bundle."""
    return Bundle.load("builtin")


@pytest.fixture(scope="session")
def detector(built_in: Bundle) -> Detector:
    """Python's own detector over it."""
    return Detector(built_in, threads=1)


@pytest.fixture(scope="session")
def facts(built_in: Bundle) -> dict[str, Any]:
    """What the page knows, as it comes out of its file."""
    read: dict[str, Any] = json.loads(facts_json(built_in))
    return read


@pytest.fixture(scope="session")
def site(built_in: Bundle) -> Site:
    """The page over it."""
    return make_site(built_in)


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Run a module in Node: ``ask(source, given)``."""
    return lambda source, given=None: on_node.run(tmp_path, source, given)
