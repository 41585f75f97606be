"""The appearances, under the name by which the detector speaks of them."""

from covid_d.appearance import CATEGORIES, Appearance

__all__ = ["CATEGORIES", "Appearance"]
