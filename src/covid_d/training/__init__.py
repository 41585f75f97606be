"""From a data set to a bundle: the article's two stages, then export (extra ``train``).

In a notebook::

    from covid_d.dataset.dataset import Dataset
    from covid_d.training import Recipe, dataloaders, export_bundle, fit, learner, recipes

    dataset = Dataset.open("datasets/grouped")
    recipe = recipes.DEFAULT
    dls = dataloaders(dataset, recipe, cache="runs/cache")
    learn = learner(dls, recipe)
    fit(learn, recipe, "runs/first")
    export_bundle(learn, recipe, dataset, "runs/first/bundle")

or all of it at once: ``train(dataset, "runs/first", recipe)``.

A module may not bear the name of a function here: importing it would hide the function.

Names are loaded when they are used, so that ``covid-d train --help`` needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from covid_d.errors import MissingExtraError
from covid_d.language import N_

if TYPE_CHECKING:
    from covid_d.training.build import learner
    from covid_d.training.data import dataloaders
    from covid_d.training.export import export_bundle
    from covid_d.training.features import imagenet_features
    from covid_d.training.recipes import Recipe
    from covid_d.training.run import train
    from covid_d.training.stages import fit

__all__ = [
    "Recipe",
    "dataloaders",
    "export_bundle",
    "fit",
    "imagenet_features",
    "learner",
    "train",
]

_HOME = {
    "Recipe": "recipes",
    "dataloaders": "data",
    "export_bundle": "export",
    "fit": "stages",
    "imagenet_features": "features",
    "learner": "build",
    "train": "run",
}


def __getattr__(name: str) -> Any:
    """Import the module a public name lives in, when it is first asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"{__name__}.{_HOME[name]}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("covid_d"):
            raise
        raise MissingExtraError(N_("Training"), "train") from error
    return getattr(module, name)
