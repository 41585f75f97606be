"""A film for the first try: a real one that an installed package carries, else a drawn one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from covid_d.errors import CovidDError, MissingExtraError
from covid_d.language import N_
from covid_d.radiograph.phantom import draw_phantom

# A computed radiograph of a chest, MONOCHROME1 and 15 bit, in the package pydicom-data (MIT).
_FILM: Final = "RG1_UNCI.dcm"
_SIDE: Final = 1024


def sample_film() -> Path:
    """Return the path of the real sample film.

    Raises
    ------
    MissingExtraError
        If the package that carries it is not installed.
    CovidDError
        If that package no longer carries it.
    """
    from importlib.util import find_spec

    if find_spec("data_store") is None:  # the module that pydicom-data installs
        raise MissingExtraError(N_("The sample film"), "demo")
    from pydicom.data import get_testdata_file

    found = get_testdata_file(_FILM, download=False)
    if found is None:
        raise CovidDError(
            N_("The package pydicom-data does not carry %(film)s.", film=_FILM),
            N_(
                "Reinstall it (pip install --force-reinstall pydicom-data) or use a "
                "film of your own: covid-d predict FILM"
            ),
        )
    return Path(str(found))


def sample_bytes() -> bytes:
    """Return the real sample film, or a drawn phantom (PNG) where there is none."""
    try:
        return sample_film().read_bytes()
    except CovidDError:
        drawn = io.BytesIO()
        draw_phantom(1, opacities=True, size=_SIDE).to_image().save(drawn, format="PNG")
        return drawn.getvalue()
