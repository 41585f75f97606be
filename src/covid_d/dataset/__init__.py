"""Published collections -> a labelled, leak-free, documented dataset. Uses `radiograph` only."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Resolved on first use: `dataset.manifest` is read by rooms that must start without pandas.
_EXPORTS = {
    "CheckReport": "check.defects",
    "BuildOptions": "build.options",
    "Dataset": "dataset",
    "Description": "describe.describe",
    "Label": "manifest",
    "Split": "manifest",
    "build_dataset": "build.build",
    "check_dataset": "check.check",
    "draw_collections": "phantoms",
    "fetch_cohen": "fetch.fetch",
    "open_collection": "collections",
    "write_description": "describe.page",
}

if TYPE_CHECKING:
    from covid_d.dataset.build.build import build_dataset as build_dataset
    from covid_d.dataset.build.options import BuildOptions as BuildOptions
    from covid_d.dataset.check.check import check_dataset as check_dataset
    from covid_d.dataset.check.defects import CheckReport as CheckReport
    from covid_d.dataset.collections import open_collection as open_collection
    from covid_d.dataset.dataset import Dataset as Dataset
    from covid_d.dataset.describe.describe import Description as Description
    from covid_d.dataset.describe.page import write_description as write_description
    from covid_d.dataset.fetch.fetch import fetch_cohen as fetch_cohen
    from covid_d.dataset.manifest import Label as Label
    from covid_d.dataset.manifest import Split as Split
    from covid_d.dataset.phantoms import draw_collections as draw_collections

__all__ = [*_EXPORTS]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'covid_d.dataset' has no attribute {name!r}")
    return getattr(import_module(f"covid_d.dataset.{_EXPORTS[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
