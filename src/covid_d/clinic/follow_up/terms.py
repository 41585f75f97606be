"""The words of follow-up: what may be recorded later about a case, and under which values."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from covid_d.language import N_, Text


class EntryKind(StrEnum):
    """What a fact is about."""

    RT_PCR = "rt_pcr"
    ANTIGEN = "antigen"
    DIAGNOSIS = "diagnosis"
    OUTCOME = "outcome"
    CONSENT = "consent"

    @property
    def text(self) -> Text:
        """The kind's name."""
        return _KINDS[self]

    @property
    def is_test(self) -> bool:
        """Whether it is a laboratory test, of which a case may have several results."""
        return self in {EntryKind.RT_PCR, EntryKind.ANTIGEN}

    @property
    def values(self) -> Mapping[str, Text]:
        """The values that it may have, each with its name."""
        return _VALUES[self]


OTHER_DIAGNOSIS: Final = "other"
"""The diagnosis that only its words name."""
DIED: Final = "died"
GIVEN: Final = "given"
VOID: Final = "void"
"""What a correction says of an entry that should never have been made."""


def text_of(kind: EntryKind, value: str) -> Text:
    """Return the name of a value."""
    return _MISTAKE if value == VOID else kind.values[value]


_MISTAKE: Final = N_("Entered by mistake")
_KINDS: Final = {
    EntryKind.RT_PCR: Text("RT-PCR"),
    EntryKind.ANTIGEN: N_("Antigen test"),
    EntryKind.DIAGNOSIS: N_("Final diagnosis"),
    EntryKind.OUTCOME: N_("Patient's outcome"),
    EntryKind.CONSENT: N_("Research consent"),
}
_RESULTS: Final = {
    # Said of a test, which in Spanish is feminine; a diagnosis by the laboratory is not.
    "positive": N_("positive"),
    "negative": N_("negative"),
    "indeterminate": N_("indeterminate"),
}
# ICD-10 (CIE-10), as the ministry's forms ask for it.
_DIAGNOSES: Final = {
    "U07.1": N_("COVID-19, virus identified"),
    "U07.2": N_("COVID-19, virus not identified"),
    "J10": N_("Influenza"),
    "J12.9": N_("Viral pneumonia, not COVID-19"),
    "J15.9": N_("Bacterial pneumonia"),
    "J18.9": N_("Pneumonia, organism not known"),
    "A16.2": N_("Pulmonary tuberculosis"),
    "J44": N_("Chronic obstructive pulmonary disease"),
    "J45": N_("Asthma"),
    "I50": N_("Heart failure"),
    "I26": N_("Pulmonary embolism"),
    "C34": N_("Lung cancer"),
    "Z03.8": N_("No disease found"),
    OTHER_DIAGNOSIS: N_("Another diagnosis"),
}
_VALUES: Final[Mapping[EntryKind, Mapping[str, Text]]] = {
    EntryKind.RT_PCR: _RESULTS,
    EntryKind.ANTIGEN: _RESULTS,
    EntryKind.DIAGNOSIS: _DIAGNOSES,
    EntryKind.OUTCOME: {
        "discharged": N_("Discharged"),
        "admitted": N_("Admitted to a ward"),
        "icu": N_("Admitted to intensive care"),
        DIED: N_("Died"),
    },
    EntryKind.CONSENT: {GIVEN: N_("Given"), "withdrawn": N_("Withdrawn")},
}
