"""What a form offers to choose from: codes as stored, and their names as read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from covid_d.language import N_, Text

NONE: Final = "none"
"""Asked and denied; an empty list means that it is not known."""

# Proper names: the same in every language.
PROVINCES: Final[Mapping[str, Text]] = {
    name: Text(name)
    for name in (
        "Azuay",
        "Bolívar",
        "Cañar",
        "Carchi",
        "Chimborazo",
        "Cotopaxi",
        "El Oro",
        "Esmeraldas",
        "Galápagos",
        "Guayas",
        "Imbabura",
        "Loja",
        "Los Ríos",
        "Manabí",
        "Morona Santiago",
        "Napo",
        "Orellana",
        "Pastaza",
        "Pichincha",
        "Santa Elena",
        "Santo Domingo de los Tsáchilas",
        "Sucumbíos",
        "Tungurahua",
        "Zamora Chinchipe",
    )
}
SEXES: Final[Mapping[str, Text]] = {
    "F": N_("Female"),
    "M": N_("Male"),
    "O": N_("Other or intersex"),
}
SYMPTOMS: Final[Mapping[str, Text]] = {
    NONE: N_("No symptoms"),
    "fever": N_("Fever"),
    "cough": N_("Cough"),
    "dyspnoea": N_("Shortness of breath"),
    "chest_pain": N_("Chest pain"),
    "sore_throat": N_("Sore throat"),
    "rhinorrhoea": N_("Runny nose"),
    "anosmia": N_("Loss of smell or taste"),
    "headache": N_("Headache"),
    "myalgia": N_("Muscle pain"),
    "fatigue": N_("Fatigue"),
    "diarrhoea": N_("Diarrhoea"),
    "vomiting": N_("Nausea or vomiting"),
    "confusion": N_("Confusion"),
}
COMORBIDITIES: Final[Mapping[str, Text]] = {
    NONE: N_("None known"),
    "hypertension": N_("High blood pressure"),
    "diabetes": N_("Diabetes"),
    "obesity": N_("Obesity"),
    "heart_disease": N_("Heart disease"),
    "copd": N_("COPD or other chronic lung disease"),
    "asthma": N_("Asthma"),
    "tuberculosis": N_("Tuberculosis, now or earlier"),
    "kidney_disease": N_("Chronic kidney disease"),
    "liver_disease": N_("Chronic liver disease"),
    "cancer": N_("Cancer"),
    "immunosuppression": N_("Immunosuppression or HIV"),
    "smoking": N_("Smoking"),
    "pregnancy": N_("Pregnancy"),
}
# Frontal ones are answered; the others are refused, with the reason.
PROJECTIONS: Final[Mapping[str, Text]] = {
    "PA": N_("PA (standing)"),
    "AP": N_("AP"),
    "AP Supine": N_("AP, lying on the back"),
    "L": N_("Lateral"),
    "Other": N_("Another one"),
}
