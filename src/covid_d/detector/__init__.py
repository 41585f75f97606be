"""The bundle and its answer: load, verify, predict, calibrate, explain. Needs no torch."""

from covid_d.detector.assessment import Assessment, BundleId, Caution, Outcome
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.contents import pack, seal, update
from covid_d.detector.bundle.spec import BundleSpec
from covid_d.detector.detector import Detector
from covid_d.detector.paths import expand

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
