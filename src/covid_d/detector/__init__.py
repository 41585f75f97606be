"""The bundle and its answer: load, verify, predict, calibrate, explain. Needs no torch."""

from covid_d.detector.assessment import Assessment, BundleId, Caution, Outcome
from covid_d.detector.bundle import Bundle
from covid_d.detector.contents import pack, seal, update
from covid_d.detector.detector import Detector
from covid_d.detector.paths import expand
from covid_d.detector.spec import BundleSpec

__all__ = [
    "Assessment",
    "Bundle",
    "BundleId",
    "BundleSpec",
    "Caution",
    "Detector",
    "Outcome",
    "expand",
    "pack",
    "seal",
    "update",
]
