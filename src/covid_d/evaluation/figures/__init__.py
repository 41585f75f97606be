"""Figures with intervals: discrimination, calibration, conformal coverage, decision curves."""
