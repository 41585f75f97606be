"""The bundle and its answer: load, verify, examine, judge, explain. Needs no torch."""

from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.detector.assessment import Assessment, BundleId, Caution, CovidRange, Outcome
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.contents import pack, seal, update
from covid_d.detector.bundle.spec import BundleSpec
from covid_d.detector.detector import Detector
from covid_d.detector.examine import Examination
from covid_d.detector.paths import expand
from covid_d.detector.stated import Stated

__all__ = [
    "CATEGORIES",
    "Appearance",
    "Assessment",
    "Bundle",
    "BundleId",
    "BundleSpec",
    "Caution",
    "CovidRange",
    "Detector",
    "Examination",
    "Outcome",
    "Stated",
    "expand",
    "pack",
    "seal",
    "update",
]
