"""What can be said against a film without any model: the first line of refusals."""

from __future__ import annotations

from typing import Final

import numpy as np

from covid_d.radiograph.ages import ADULT_YEARS
from covid_d.radiograph.body_parts import may_be_chest
from covid_d.radiograph.film import Facts, FloatImage, Radiograph
from covid_d.radiograph.photograph import find_film
from covid_d.radiograph.refusal import Refusal, RefusalCode
from covid_d.radiograph.seams import SHARE, contrast, sampled, seam
from covid_d.radiograph.steps import LIMIT, step

# DICOM Modality (0008,0060), PS3.3 C.7.3.1.1.1: computed radiography, digital radiography, film;
# OT and SC, which captures and conversions carry; DR, which is no defined term but in use. A film
# without a modality (a picture, a bare capture) passes.
_MODALITIES: Final = frozenset({"CR", "DX", "RG", "DR", "OT", "SC"})

# Width over height. Of 3,200 public chest films, children included, the single frontal ones lie
# between 0.69 and 1.95; two films side by side, a spine or a long leg lie outside.
_ASPECT: Final = (0.5, 2.0)

# One step of an 8-bit scale: as little as a 10-bit film stored in 16 bits may span is four times
# that; a uniform field with detector noise stays below.
_SPREAD: Final = 1 / 255
# Fewer grey levels than this are a mask, a drawing or a filled field, not a film.
_LEVELS: Final = 16
# A film shows them within a few lines: only where it does not are all lines sorted.
_FEW_LINES: Final = 32


def check(radiograph: Radiograph) -> Refusal | None:
    """Return why a film must not be answered, or ``None`` when nothing speaks against it.

    Looks at what the file states (modality, body part, projection, age) and then at the picture
    (colour, shape, content, straight edges). What is not stated is not held against a film.
    """
    return check_facts(radiograph.facts) or _seen(radiograph)


def check_facts(facts: Facts) -> Refusal | None:
    """Return why a film of which this is known must not be answered, whatever it shows."""
    # A backslash parts values of which each is stated.
    modalities = facts.modality.split("\\") if facts.modality is not None else ()
    if not _MODALITIES.issuperset(modalities):
        return Refusal.of(RefusalCode.NOT_RADIOGRAPHY, facts.modality)
    if facts.body_part is not None and not may_be_chest(facts.body_part):
        return Refusal.of(RefusalCode.NOT_CHEST, facts.body_part)
    if facts.projection is not None and not facts.projection.is_frontal:
        return Refusal.of(RefusalCode.NOT_FRONTAL, facts.projection.value)
    return _age(facts)


def _age(facts: Facts) -> Refusal | None:
    """Return why the age speaks against a film: a child by any source, or words not understood."""
    ages = [age for age in (facts.age_years, facts.age_by_dates) if age is not None]
    youngest = min(ages, default=float(ADULT_YEARS))
    if youngest < ADULT_YEARS:
        return Refusal.of(RefusalCode.CHILD, int(youngest))
    if facts.child:  # by words, or not yet 18 today
        return Refusal.of(RefusalCode.CHILD, f"< {ADULT_YEARS}")
    if facts.age_unread is not None and facts.age_years is None:
        return Refusal.of(RefusalCode.AGE_UNREAD, facts.age_unread)
    return None


def _seen(radiograph: Radiograph) -> Refusal | None:
    if radiograph.facts.marks:
        return Refusal.of(RefusalCode.ANNOTATED)
    if radiograph.facts.colour:
        photograph = find_film(radiograph.pixels) is not None
        return Refusal.of(RefusalCode.PHOTOGRAPH if photograph else RefusalCode.COLOUR)
    width, height = radiograph.width, radiograph.height
    if not _ASPECT[0] <= width / height <= _ASPECT[1]:
        return Refusal.of(RefusalCode.ASPECT, " x ".join(map(str, radiograph.size)))
    sample = sampled(radiograph.pixels)
    reach = contrast(sample)
    if reach < _SPREAD or not _has_levels(sample):
        return Refusal.of(RefusalCode.BLANK)
    # A step is damage more often than not; but lines of a box drawn across a film step too, so it
    # is told with both ways out.
    edged = seam(radiograph.pixels, reach) > SHARE or step(radiograph.pixels) > LIMIT
    return Refusal.of(RefusalCode.SEAM) if edged else None


def _has_levels(sample: FloatImage) -> bool:
    # Not by `np.unique`, whose first call loads all of NumPy's masked arrays.
    return any(
        np.count_nonzero(np.diff(np.sort(lines, axis=None))) >= _LEVELS - 1
        for lines in (sample[::_FEW_LINES], sample)
    )
