"""How classes, and what is set aside, are named and coloured wherever films are shown."""

from __future__ import annotations

from typing import Final

from covid_d.appearance import Appearance
from covid_d.dataset.manifest import Label, Split
from covid_d.language import Message

CLASS_NAMES: Final = {
    Label.COVID.value: Message("COVID-19", "COVID-19"),
    Label.NOCOVID.value: Message("sin COVID-19", "no COVID-19"),
    Split.CT.value: Message("TC", "CT"),
    Split.LATERAL.value: Message("lateral", "lateral"),
    # Columns of a table: one word, where `Appearance.message` is a doctor's sentence.
    Appearance.NEGATIVE.value: Message("negativo", "negative"),
    Appearance.ATYPICAL.value: Message("atípico", "atypical"),
    Appearance.INDETERMINATE.value: Message("indeterminado", "indeterminate"),
    Appearance.TYPICAL.value: Message("típico", "typical"),
}
# Okabe and Ito (2008): told apart by readers with any colour vision.
CLASS_COLOURS: Final = {
    Label.COVID.value: "#D55E00",
    Label.NOCOVID.value: "#0072B2",
    Split.CT.value: "#555555",
    Split.LATERAL.value: "#555555",
    Appearance.NEGATIVE.value: "#0072B2",
    Appearance.ATYPICAL.value: "#009E73",
    Appearance.INDETERMINATE.value: "#B8860B",
    Appearance.TYPICAL.value: "#D55E00",
}
