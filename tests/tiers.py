"""Which tier a test runs in: told by what its file imports and by the fixtures that it asks for.

A test that nothing marks runs in `make test`, which has neither torch nor a browser. What cannot
run there marks itself: a file that imports torch is ``train``, a test that asks for a browser is
``browser``. Where such a package is absent the file is left out when its tier is, and is an error
when its tier is wanted; so nobody is told that all is well with what was not even read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = {
    "train": {"torch", "torchvision", "fastai", "fastcore", "timm", "skimage"},
    "browser": {"playwright", "axe_playwright_python"},
}
"""Packages of a tier: a test file that imports one belongs to the tier."""
OURS = {"train": ("covid_d.training", "planted")}
"""Modules of this project that import such a package themselves."""
FIXTURES = {"browser": {"chromium"}}
"""Fixtures of a tier: a test that asks for one belongs to the tier."""
ALSO = {"kill": "slow"}
"""A tier within another one."""
WAITS = {
    *("concurrent", "mail_server", "multiprocessing", "nbformat", "openid_provider"),
    *("pacs_factory", "playwright", "pynetdicom", "s3_server", "signal", "socket"),
    *("subprocess", "threading"),
}
"""What a test file imports that waits for other threads, processes, connections or a browser."""


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the full names of the modules that a file imports when it is imported itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    return frozenset(_imported(tree.body))


def _imported(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def tier_of(path: Path) -> str | None:
    """Return the tier that a file's imports put it in; ``None`` for the light one."""
    for tier, packages in PACKAGES.items():
        for name in imports(path):
            if name.partition(".")[0] in packages or _is_one_of(name, OURS.get(tier, ())):
                return tier
    return None


@cache
def waits(path: Path) -> bool:
    """Return whether a file's tests wait for what this machine does beside them."""
    return any(name.partition(".")[0] in WAITS for name in imports(path))


def _is_one_of(name: str, modules: tuple[str, ...]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


@cache
def is_installed(tier: str) -> bool:
    """Return whether the packages of a tier are there; one of them stands for all."""
    return all(find_spec(package) is not None for package in PACKAGES[tier])


def is_left_out(tier: str, expression: str) -> bool:
    """Return whether a run's marker expression leaves a tier out, as ``not slow and not train``."""
    return f"not {tier}" in expression
