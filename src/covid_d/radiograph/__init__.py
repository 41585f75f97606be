"""One film: read it, describe it, check it, prepare it. Knows no other room."""

from covid_d.radiograph.check import check, check_facts
from covid_d.radiograph.film import Facts, Projection, Radiograph, Sex
from covid_d.radiograph.prepare import Preprocessing, Window, normalise, prepare, standardise
from covid_d.radiograph.read import read
from covid_d.radiograph.refusal import RadiographError, Refusal, RefusalCode

__all__ = [
    "Facts",
    "Preprocessing",
    "Projection",
    "Radiograph",
    "RadiographError",
    "Refusal",
    "RefusalCode",
    "Sex",
    "Window",
    "check",
    "check_facts",
    "normalise",
    "prepare",
    "read",
    "standardise",
]
