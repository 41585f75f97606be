"""What an answer is worth: figures with intervals, the shortcut audit, leave-one-source-out.

In a notebook::

    from covid_d.evaluation import Interpretation

    report = Interpretation.of("runs/first/bundle", dataset)
    report.plot_confusion_matrix()
    report.plot_top_losses()

The name is loaded when it is used, so that importing a module of this room stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from covid_d.evaluation.interpretation import Interpretation as Interpretation

__all__ = ["Interpretation"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.interpretation"), name)
