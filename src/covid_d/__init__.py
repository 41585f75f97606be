"""COVID-D: decision support for COVID-19 on chest radiographs.

Support, not a decision: RT-PCR or an antigen test decides.

>>> import covid_d
>>> radiograph = covid_d.read("film.dcm")                    # doctest: +SKIP
>>> covid_d.Detector.load().assess(radiograph)               # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.4.0"

# Resolved on first use, so that `import covid_d` stays cheap and never imports what is not needed.
_EXPORTS = {
    "read": "covid_d.radiograph",
    "prepare": "covid_d.radiograph",
    "Radiograph": "covid_d.radiograph",
    "Refusal": "covid_d.radiograph",
    "Projection": "covid_d.radiograph",
    "Sex": "covid_d.radiograph",
    "Detector": "covid_d.detector",
    "Bundle": "covid_d.detector",
    "Assessment": "covid_d.detector",
    "Examination": "covid_d.detector",
    "Stated": "covid_d.detector",
    "Dataset": "covid_d.dataset",
    "Interpretation": "covid_d.evaluation",
    "CovidDError": "covid_d.errors",
}

if TYPE_CHECKING:
    from covid_d.dataset import Dataset as Dataset
    from covid_d.detector import Assessment as Assessment
    from covid_d.detector import Bundle as Bundle
    from covid_d.detector import Detector as Detector
    from covid_d.detector import Examination as Examination
    from covid_d.detector import Stated as Stated
    from covid_d.errors import CovidDError as CovidDError
    from covid_d.evaluation import Interpretation as Interpretation
    from covid_d.radiograph import Projection as Projection
    from covid_d.radiograph import Radiograph as Radiograph
    from covid_d.radiograph import Refusal as Refusal
    from covid_d.radiograph import Sex as Sex
    from covid_d.radiograph.prepare import prepare as prepare
    from covid_d.radiograph.read import read as read

__all__ = ["__version__", *_EXPORTS]


def __getattr__(name: str) -> Any:
    try:
        room = _EXPORTS[name]
    except KeyError:
        raise AttributeError(f"module 'covid_d' has no attribute {name!r}") from None
    return getattr(import_module(room), name)


def __dir__() -> list[str]:
    return sorted(__all__)
