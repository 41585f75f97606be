"""How the two classes, and what is set aside, are named and coloured wherever films are shown."""

from __future__ import annotations

from typing import Final

from covid_d.dataset.manifest import Label
from covid_d.language import Message

# The empty label is that of computed tomography, set aside.
CLASS_NAMES: Final = {
    Label.COVID.value: Message("COVID-19", "COVID-19"),
    Label.NOCOVID.value: Message("sin COVID-19", "no COVID-19"),
    "": Message("TC", "CT"),
}
# Okabe and Ito (2008): told apart by readers with any colour vision.
CLASS_COLOURS: Final = {
    Label.COVID.value: "#D55E00",
    Label.NOCOVID.value: "#0072B2",
    "": "#555555",
}
