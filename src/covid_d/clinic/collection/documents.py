"""The papers of an export: README (English, as collections are, and Spanish), licence, credit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from covid_d.clinic.follow_up.laboratory import WINDOW_DAYS
from covid_d.language import N_, Text


class License(StrEnum):
    """What whoever receives the collection may do with it; the institution decides."""

    AGREEMENT = "agreement"
    CC_BY_NC_SA = "cc-by-nc-sa-4.0"
    CC_BY = "cc-by-4.0"

    @property
    def label(self) -> str:
        """The licence as ``metadata.csv`` and ``covid-d dataset build --licenses`` name it."""
        return _LABELS[self]

    @property
    def text(self) -> Text:
        """The licence in words."""
        return _NAMES[self]


LONGEST_ATTRIBUTION: Final = 200

_LABELS: Final = {
    License.AGREEMENT: "All rights reserved; use by written agreement",
    License.CC_BY_NC_SA: "CC BY-NC-SA 4.0",
    License.CC_BY: "CC BY 4.0",
}
_NAMES: Final = {
    License.AGREEMENT: N_("All rights reserved: use by written agreement with the institution"),
    License.CC_BY_NC_SA: N_("CC BY-NC-SA 4.0: changed copies may be shared, not commercially"),
    License.CC_BY: N_("CC BY 4.0: changed copies may be shared, commercially too"),
}
_LEGAL: Final = {
    License.AGREEMENT: (
        "All rights reserved. These films may be used only by written agreement with the "
        "institution named in ATTRIBUTION.md, for the purpose stated there, and not passed on."
    ),
    License.CC_BY_NC_SA: (
        "Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International.\n"
        "Full text: https://creativecommons.org/licenses/by-nc-sa/4.0/legalcode"
    ),
    License.CC_BY: (
        "Creative Commons Attribution 4.0 International.\n"
        "Full text: https://creativecommons.org/licenses/by/4.0/legalcode"
    ),
}
_NO_SEARCH: Final = (
    "Whoever uses this collection must not try to find out who a patient is, nor link it with "
    "other data to that end."
)


@dataclass(frozen=True, slots=True)
class ExportTerms:
    """Under what an export is given.

    Parameters
    ----------
    license
        What the receiver may do.
    attribution
        The institution to name, one line.
    """

    license: License
    attribution: str


def papers(terms: ExportTerms, card: dict[str, Any]) -> dict[str, str]:
    """Return the papers by file name.

    Parameters
    ----------
    terms
        Licence and attribution.
    card
        The counts, as in ``data_card.json``.
    """
    named = " ".join(terms.attribution.split())
    return {
        "README.md": _readme(card),
        "LICENSE.txt": f"{_LEGAL[terms.license]}\n\n{_NO_SEARCH}\n",
        "ATTRIBUTION.md": (
            f"# Attribution\n\nChest radiographs and laboratory results: {named}, "
            f"{card['created']}.\n"
            f"Exported with COVID-D {card['covid_d']}, {card['films']} films of "
            f"{card['patients']} patients who consented.\nLicence: {terms.license.label}.\n"
        ),
    }


def _readme(card: dict[str, Any]) -> str:
    left = "".join(f"| left out: {name} | {n} |\n" for name, n in card["left_out"].items())
    findings = "".join(f"| {name} | {n} |\n" for name, n in card["findings"].items())
    return f"""# Chest radiographs with laboratory results

{card["films"]} films, {card["cases"]} cases, {card["patients"]} patients, {card["sites"]} sites.

| films | n |
|---|---|
{findings}{left}
Build a data set from it: `covid-d dataset build --cohen FOLDER --out DATASET`.

## Columns of metadata.csv

- `patientid`, `site`: keyed pseudonyms, the same in every export of this installation.
- `finding`: `COVID-19` or `Laboratory negative`. It is the laboratory's word, not a reading of
  the film: films of the first may look normal, films of the second may show another disease.
  RT-PCR decides where it is conclusive. A positive antigen test alone counts as COVID-19; a
  negative one alone does not rule it out, and cases with it, with no result or only
  indeterminate ones are left out. Samples are from within {WINDOW_DAYS} days of the film; one
  positive makes the case positive.
- `RT_PCR_positive`, `antigen_positive`: Y, N or empty.
- `offset`: days from the first symptom to the film. There is no date anywhere.
- `age`: years; 89 stands for 89 and more.
- `view`: as the file or the doctor stated it; empty when unknown.

## What was done to the films

Pixels were read and written anew as PNG (8 bits, or 16 where the film had more), without header.
Lines of burned-in text found in the outer margin are black, and so are some edges of ribs and
shoulders taken for text there. Films with such marks elsewhere are here only where a person
released them. The search for text is simple: handwriting, slanted, pale or tiny text and logos
can be missed. Report any mark that tells who a patient is, and delete the film.
Films that the model refused are left out, so this collection says nothing of them.

{_NO_SEARCH}

# Radiografías de tórax con resultado de laboratorio

- `finding`: `COVID-19` o `Laboratory negative` (laboratorio negativo). Es el resultado del
  laboratorio, no una lectura de la radiografía. Decide la RT-PCR si es concluyente; un antígeno
  positivo solo cuenta como COVID-19; un antígeno negativo solo no lo descarta y el caso queda
  fuera.
- `patientid` y `site`: seudónimos con clave. `offset`: días desde el primer síntoma; no hay
  fechas.
- `age`: 89 significa 89 años o más.
- El texto de los márgenes está en negro; una radiografía con marcas en otro lugar está aquí solo
  si una persona la autorizó. La búsqueda de texto puede fallar: si ve un dato que identifique a
  un paciente, avise y borre la imagen.
- No intente averiguar quién es un paciente.
"""
