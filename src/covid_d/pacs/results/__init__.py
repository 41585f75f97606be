"""The objects that go back to a PACS: structured report, picture, and FHIR resources."""

from covid_d.pacs.results.codes import MANUFACTURER, is_ours
from covid_d.pacs.results.make import Answered, Made, make

__all__ = ["MANUFACTURER", "Answered", "Made", "is_ours", "make"]
