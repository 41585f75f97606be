"""Headings that people give the columns of a table for the clinic, the most telling first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

_PATIENT: Final = (
    "patient code", "codigo", "codigo del paciente", "codigo paciente", "codigo de paciente",
    "historia clinica", "numero de historia clinica", "n historia clinica",
    "n de historia clinica", "n o de historia clinica", "no de historia clinica",
    "no historia clinica", "hc", "hcu",
    "patient", "paciente", "patient id", "patientid", "id paciente", "id del paciente",
)  # fmt: skip
_NATIONAL_ID: Final = (
    "national id", "cedula", "cedula de identidad", "cedula de ciudadania", "numero de cedula",
    "n de cedula", "n o de cedula", "no de cedula", "no cedula", "n cedula",
    "ci", "c i", "identificacion", "numero de identificacion", "documento",
)  # fmt: skip

FILMS: Final[Mapping[str, Sequence[str]]] = {
    "film": (
        "film", "radiografia", "path", "ruta", "archivo", "fichero", "file", "filename",
        "file name", "nombre de archivo", "nombre del archivo", "imagen", "image",
    ),
    "patient_code": _PATIENT,
    "national_id": _NATIONAL_ID,
    "case": ("case", "caso", "episodio", "episode", "atencion", "visita", "visit"),
    "age": (
        "age", "edad", "age years", "edad anos", "edad en anos", "age in years",
        "edad del paciente",
    ),
    "adult": ("adult", "adulto", "es adulto", "mayor de edad"),
    "sex": ("sex", "sexo", "gender", "genero"),
    "province": ("province", "provincia", "provincia de residencia"),
    "symptom_onset": (
        "symptom onset", "onset", "inicio de sintomas", "inicio de los sintomas",
        "fecha de inicio de sintomas", "fecha de inicio de los sintomas", "fecha inicio sintomas",
        "fis",
    ),
    "symptoms": ("symptoms", "sintomas"),
    "comorbidities": ("comorbidities", "comorbilidades", "antecedentes", "enfermedades previas"),
    "spo2": ("spo2", "saturacion", "saturacion de oxigeno", "saturacion spo2", "sat o2", "sato2"),
    "on_oxygen": (
        "on oxygen", "con oxigeno", "oxigeno", "oxigeno suplementario", "oxigenoterapia",
    ),
    "vaccine_doses": (
        "vaccine doses", "doses", "dosis", "dosis de vacuna", "dosis de vacunas", "vacunas",
    ),
    "research_consent": (
        "research consent", "consent", "consentimiento", "consentimiento de investigacion",
        "consentimiento para investigacion",
    ),
    "notes": ("notes", "notas", "observaciones", "comentarios"),
    "projection": ("projection", "proyeccion", "view", "view position", "vista"),
    "same_film_reason": (
        "same film reason", "reason", "motivo", "motivo de repeticion", "por que se repite",
    ),
}  # fmt: skip

LABORATORY: Final[Mapping[str, Sequence[str]]] = {
    "case": (
        "case", "caso", "case number", "numero de caso", "n de caso", "n o de caso", "no de caso",
        "caso numero", "id caso",
    ),
    "patient_code": _PATIENT,
    "national_id": _NATIONAL_ID,
    "test": (
        "test", "prueba", "tipo de prueba", "examen", "tipo de examen", "kind", "metodo", "tecnica",
    ),
    "result": ("result", "resultado", "resultado de la prueba", "value", "valor"),
    "day": (
        "day", "fecha de toma", "fecha de toma de muestra", "fecha de toma muestra",
        "fecha de la muestra",
        "fecha de muestra", "fecha toma muestra", "sample day", "sample date", "date", "fecha",
    ),
    "notes": ("notes", "notas", "observaciones", "comentarios"),
}  # fmt: skip
