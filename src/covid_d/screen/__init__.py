"""Whole archives: every film listed once, answered once, written once, however often it is killed.

An archive is listed into a job, the list is cut into lots, and each lot becomes one Parquet part,
written whole or not at all. So what is done is what is there, and the same command run again does
the rest. Engines (:mod:`covid_d.screen.local`, :mod:`covid_d.screen.ray_engine`) only hand out
lots: what answers one is the same :class:`~covid_d.screen.screener.Screener`.
"""

from covid_d.screen.job import ScreenJob, ScreenOptions
from covid_d.screen.run import ENGINES, screen

__all__ = ["ENGINES", "ScreenJob", "ScreenOptions", "screen"]
