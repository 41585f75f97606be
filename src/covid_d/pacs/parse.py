"""The data set of a file that somebody else made, if it may be parsed at all."""

from __future__ import annotations

from io import BytesIO

from pydicom import Dataset, dcmread

from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.radiograph import RadiographError
from covid_d.radiograph.readers.items import require_few


def swells(content: bytes) -> bool:
    """Return whether an object's file (PS3.10) would take far more memory than it has bytes."""
    try:
        require_few(content)
    except RadiographError:
        return True
    except Exception:  # noqa: BLE001 - it ends there, also for who parses it
        return False
    return False


def parsed(content: bytes, *, is_safe: bool = False) -> Dataset:
    """Return the data set of a film's file.

    Parameters
    ----------
    content
        The file (PS3.10).
    is_safe
        Whether it is known already that it does not swell.

    Raises
    ------
    CovidDError
        If it is none, or would swell.
    """
    try:
        if not is_safe and swells(content):
            raise ValueError("it is larger than it looks")
        return dcmread(BytesIO(content))
    except Exception as error:  # a hostile object raises anything
        raise CovidDError(
            N_("The film is no DICOM file: %(reason)s.", reason=error),
            N_("A picture has no study that an answer could be filed in."),
        ) from error
