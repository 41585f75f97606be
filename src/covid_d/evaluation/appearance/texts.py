"""Every sentence of the evaluation of appearance, in Spanish and English."""

from __future__ import annotations

from typing import Final

from covid_d.detector.appearance import Appearance
from covid_d.language import Message

TITLE: Final = Message(
    "Evaluación de la respuesta por aspecto: {bundle}", "Evaluation of appearance: {bundle}"
)
FIGURES: Final = {
    "auroc_typical": Message("AUROC, típico frente a negativo", "AUROC, typical v negative"),
    "auroc_opacity": Message(
        "AUROC, con opacidad frente a negativo", "AUROC, any opacity v negative"
    ),
    "auroc_macro": Message(
        "AUROC, cada categoría frente al resto (media)", "AUROC, one category v the rest (mean)"
    ),
    "kappa": Message(
        "Kappa ponderado (cuadrático) con el radiólogo",
        "Weighted (quadratic) kappa with the radiologist",
    ),
    "accuracy": Message(
        "Categoría más probable igual a la del radiólogo",
        "Most likely category equal to the radiologist's",
    ),
}
AUROC_REST: Final = Message("AUROC, {category} frente al resto", "AUROC, {category} v the rest")
SHORT: Final = {
    Appearance.NEGATIVE: Message("negativo", "negative"),
    Appearance.ATYPICAL: Message("atípico", "atypical"),
    Appearance.INDETERMINATE: Message("indeterminado", "indeterminate"),
    Appearance.TYPICAL: Message("típico", "typical"),
}
CATEGORY: Final = Message("Categoría", "Category")
ALL: Final = Message("todas", "all")
FILMS: Final = Message("Radiografías", "Films")
PATIENTS: Final = Message("Pacientes", "Patients")
SOURCE: Final = Message("Fuente", "Source")
PROJECTION: Final = Message("Proyección", "Projection")
FINDING: Final = Message("Lo que se sabe", "What is known")
POSITIVE: Final = Message("Positivo", "Positive")
INCONCLUSIVE: Final = Message("No concluyente", "Inconclusive")
NEGATIVE: Final = Message("Negativo", "Negative")

HEADLINE_HEADING: Final = Message(
    "La cifra que cuenta: la peor fuente", "The figure that counts: the worst source"
)
HEADLINE: Final = Message(
    "En {name}, la fuente donde peor rinde, el AUROC de aspecto típico frente a negativo es "
    "{typical} y el de opacidad frente a negativo, {opacity}: {films} radiografías de {patients} "
    "pacientes ({typical_films} típicas, {negative_films} negativas).",
    "In {name}, the source where it does worst, the AUROC of typical against negative appearance "
    "is {typical}, and of any opacity against negative, {opacity}: {films} films from {patients} "
    "patients ({typical_films} typical, {negative_films} negative).",
)
HEADLINE_WHY: Final = Message(
    "Las categorías las puso un radiólogo al mirar la radiografía: no son un resultado de "
    "laboratorio. Una radiografía negativa no descarta COVID-19.",
    "Radiologists graded the films by looking at them: this is no laboratory result. A negative "
    "film does not rule COVID-19 out.",
)
NO_HEADLINE: Final = Message(
    "Ninguna fuente tiene 10 radiografías típicas y 10 negativas graduadas por un radiólogo: el "
    "aspecto no se pudo medir.",
    "No source has 10 typical and 10 negative films graded by a radiologist: appearance could not "
    "be measured.",
)

MEASURED_HEADING: Final = Message("Qué se midió", "What was measured")
MEASURED: Final = Message(
    "Partición: {split}. Respondidas: {films} radiografías de {patients} pacientes. Rechazadas o "
    "sin puntuación: {refused}, de {refused_patients} pacientes; no cuentan en ninguna cifra y "
    "figuran en la lista.",
    "Split: {split}. Answered: {films} films from {patients} patients. Refused or without a score: "
    "{refused}, from {refused_patients} patients; they count in no figure and are listed.",
)
OTHER_SPLIT: Final = Message(
    "Estas radiografías no son de la partición de prueba.", "These films are not the test split's."
)

GRADED_HEADING: Final = Message(
    "Con las categorías de los radiólogos", "Against radiologists' categories"
)
GRADED_TEXT: Final = Message(
    "Típico frente a negativo compara solo esas dos categorías. Opacidad frente a negativo separa "
    "las negativas de todas las demás. El kappa vale 1 si el modelo y el radiólogo coinciden "
    "siempre y 0 si coinciden solo por azar; un error de tres categorías pesa nueve veces más que "
    "uno de una.",
    "Typical v negative compares these two categories alone. Opacity v negative parts the negative "
    "ones from all others. Kappa is 1 where model and radiologist always agree and 0 where they "
    "agree by chance alone; an error of three categories weighs nine times one of a single one.",
)
AGREEMENT_TEXT: Final = Message(
    "Para comparar, lo publicado sobre el acuerdo entre lectores. Otras radiografías, otras reglas "
    "de lectura: orienta, no es un límite.",
    "For comparison, what is published on agreement between readers. Other films, other reading "
    "rules: a guide, not a limit.",
)
AGREEMENT_HEADER: Final = (
    Message("Estudio", "Study"),
    Message("Lectores y radiografías", "Readers and films"),
    Message("Acuerdo", "Agreement"),
)
# Figures as the abstracts state them.
AGREEMENT: Final = (
    (
        Message(
            "O'Reilly y otros, 2025 (plantilla RANZCR, cuatro categorías)",
            "O'Reilly et al. 2025 (RANZCR template, four categories)",
        ),
        Message("12 radiólogos, 70 radiografías", "12 radiologists, 70 films"),
        Message(
            "kappa ponderado 0,56; entre 0,32 y 0,77 según la pareja",
            "weighted kappa 0.56; 0.32 to 0.77 between pairs",
        ),
    ),
    (
        Message(
            "Hare y otros, 2020, Clin Radiol 75:710.e9 (BSTI)",
            "Hare et al. 2020, Clin Radiol 75:710.e9 (BSTI)",
        ),
        Message("7 radiólogos, 100 radiografías", "7 radiologists, 100 films"),
        Message(
            "kappa de Fleiss: clásico 0,61; indeterminado 0,23; no COVID-19 0,37",
            "Fleiss' kappa: classic 0.61, indeterminate 0.23, non-COVID-19 0.37",
        ),
    ),
    (
        Message(
            "Estudio multilector de la BSTI, PMC9592875",
            "Multi-reader study of the BSTI categories, PMC9592875",
        ),
        Message("20 lectores, 305 radiografías", "20 readers, 305 films"),
        Message(
            "con el consenso: clásico 49–76 %, normal 31–61 %, indeterminado 28–37 %",
            "with consensus: classic 49–76%, normal 31–61%, indeterminate 28–37%",
        ),
    ),
)
ANSWERS_HEADING: Final = Message(
    "Qué responde el modelo a cada categoría", "What the model answers to each category"
)
ANSWERS_TEXT: Final = Message(
    "Con los umbrales que trae el modelo. Positivo: solo queda «típico». Negativo: solo queda «sin "
    "signos de neumonía». Lo demás es no concluyente.",
    "At the thresholds the model ships with. Positive: only typical is left. Negative: only no "
    "signs of pneumonia is left. All else is inconclusive.",
)
NO_OUTCOME: Final = Message(
    "El modelo no da respuesta de tres vías: solo puntuaciones.",
    "The model gives no three-way answer: scores alone.",
)

OUTSIDE_HEADING: Final = Message(
    "Otras fuentes, con los umbrales que trae el modelo",
    "Other sources, at the thresholds the model ships with",
)
OUTSIDE_TEXT: Final = Message(
    "Radiografías que nadie graduó por aspecto. Lo que importa: cuántas normales llama positivas y "
    "cuántas de COVID-19 llama negativas. Muchas radiografías de COVID-19 son normales de verdad: "
    "llamarlas negativas es entonces leerlas bien.",
    "Films that nobody graded by appearance. What matters: how many normal ones it calls positive, "
    "and how many of COVID-19 negative. Many films of COVID-19 are truly normal: calling them "
    "negative is then reading them right.",
)
OUTSIDE_AUROC: Final = {
    "auroc_opacity_other_normal": Message(
        "opacidad: neumonía u otro hallazgo frente a normal",
        "opacity: pneumonia or another finding v normal",
    ),
    "auroc_opacity_covid_normal": Message(
        "opacidad: COVID-19 frente a normal", "opacity: COVID-19 v normal"
    ),
    "auroc_typical_covid_other": Message(
        "típico: COVID-19 frente a otro hallazgo", "typical: COVID-19 v another finding"
    ),
}
QUESTION: Final = Message("AUROC dentro de la fuente", "AUROC within the source")
NO_OUTSIDE: Final = Message(
    "No hay radiografías de otras fuentes sin graduar: falta la prueba de fuera.",
    "There are no ungraded films of other sources: outside evidence is missing.",
)

COVERAGE_HEADING: Final = Message(
    "¿Se cumple la promesa de los umbrales?", "Is the thresholds' promise kept?"
)
COVERAGE_TEXT: Final = Message(
    "El modelo promete que la categoría verdadera queda en pie en al menos {target} de las "
    "radiografías de cada categoría, en pacientes como los de su calibración. En un hospital nuevo "
    "no se promete nada.",
    "The model promises that the true category stays in play in at least {target} of the films of "
    "each category, in patients like those of its calibration. In a new hospital nothing is "
    "promised.",
)
COVERAGE_HEADER: Final = (
    CATEGORY,
    FILMS,
    PATIENTS,
    Message("Por radiografía", "By film"),
    Message("Por paciente", "By patient"),
    Message("¿Se cumple?", "Kept?"),
)
KEPT: Final = Message("sí", "yes")
BROKEN: Final = Message("NO", "NO")
NO_COVERAGE: Final = Message(
    "El modelo no da conjuntos conformes: no promete nada.",
    "The model gives no conformal sets: it promises nothing.",
)
SET_SIZE: Final = Message("Categorías que quedan en pie", "Categories left in play")

CALIBRATION_HEADING: Final = Message("Calibración", "Calibration")
CALIBRATION_TEXT: Final = Message(
    "Si el modelo da 70 % a una categoría, ¿70 de cada 100 son de ella? El error usa 10 intervalos "
    "y crece por azar con pocas radiografías; el corregido descuenta ese azar (Kumar 2019).",
    "Where the model gives a category 70%, are 70 of 100 of it? The error has 10 bins and grows by "
    "chance when films are few; the corrected one takes that off (Kumar 2019).",
)
ERROR: Final = Message("Error de calibración", "Calibration error")
CORRECTED: Final = Message("Corregido", "Corrected")

SUBGROUPS_HEADING: Final = Message("Por subgrupo", "By subgroup")
SUBGROUPS_TEXT: Final = Message(
    "Solo radiografías graduadas. No se da cifra con menos de 10 radiografías de una categoría "
    "necesaria.",
    "Graded films alone. No figure is given with fewer than 10 films of a category it needs.",
)
LOSSES_HEADING: Final = Message("Los mayores errores", "The worst errors")
LOSSES_TEXT: Final = Message(
    "Las radiografías donde el modelo dio menos probabilidad a la categoría del radiólogo.",
    "The films where the model gave the radiologist's category the least probability.",
)
REFUSED_HEADER: Final = (
    Message("Radiografía", "Film"),
    SOURCE,
    CATEGORY,
    Message("Motivo", "Reason"),
)
METHODS: Final = (
    Message(
        "Intervalos del 95 %. AUROC: DeLong con suma por paciente. Proporciones: Wilson sobre el "
        "número efectivo de radiografías. Cobertura por paciente: cada paciente cuenta una vez, "
        "Wilson. Kappa, AUROC medio y errores de calibración: bootstrap de {resamples} remuestreos "
        "por paciente (semilla {seed}).",
        "95% intervals. AUROC: DeLong summed by patient. Shares: Wilson on the effective number of "
        "films. Coverage by patient: each patient counts once, Wilson. Kappa, mean AUROC and "
        "calibration errors: bootstrap of {resamples} resamples by patient (seed {seed}).",
    ),
    Message(
        "Paciente quiere decir aquí grupo: radiografías del mismo paciente o casi idénticas; en "
        "siim, donde no consta el paciente, el estudio ocupa su lugar.",
        "Patient means group here: films of one patient or nearly identical ones; in siim, which "
        "tells no patients, the study stands for one.",
    ),
)

PICTURES: Final = {
    "roc": Message(
        "Curvas ROC: típico frente a negativo y opacidad frente a negativo.",
        "ROC curves: typical v negative and any opacity v negative.",
    ),
    "confusion": Message(
        "Categoría del radiólogo frente a la más probable del modelo, y frente a su respuesta.",
        "The radiologist's category against the model's most likely one, and against its answer.",
    ),
    "calibration": Message(
        "Calibración de cada categoría, con intervalos de Wilson.",
        "Calibration of each category, with Wilson intervals.",
    ),
    "outside": Message(
        "Cómo responde a radiografías de otras fuentes, con los umbrales que trae el modelo.",
        "How it answers films of other sources, at the thresholds it ships with.",
    ),
    "worst_errors": Message(
        "Mayores errores, con la categoría del radiólogo.",
        "Worst errors, with the radiologist's category.",
    ),
}
