"""Every sentence of the audit's report, in Spanish and English."""

from __future__ import annotations

from typing import Final

from covid_d.language import Message

TITLE: Final = Message(
    "Auditoría de atajos: ¿mira los pulmones? {bundle}",
    "Shortcut audit: does it look at lungs? {bundle}",
)
PASSED: Final = Message(
    "Auditoría superada (audit-passed). No equivale a una validación clínica.",
    "Audit passed (audit-passed). This is no clinical validation.",
)
DEMONSTRATION: Final = Message(
    "Solo demostración (demonstration): no supera la auditoría. No lo use para decidir sobre "
    "pacientes.",
    "Demonstration only (demonstration): it falls short of the audit. Do not use it to decide "
    "about patients.",
)

CHECKS_HEADING: Final = Message("Condiciones y resultado", "Conditions and result")
CHECKS_TEXT: Final = Message(
    "El veredicto exige todas las condiciones. Lo que no se pudo medir cuenta en contra.",
    "The verdict needs every condition. What could not be measured counts against.",
)
CHECKS_HEADER: Final = (
    Message("Condición", "Condition"),
    Message("Cumple", "Holds"),
)
YES: Final = Message("sí", "yes")
NO: Final = Message("NO", "NO")

SOURCES_HEADING: Final = Message(
    "El modelo frente a lo que se sabe sin ver el pulmón",
    "The model against what is known without seeing lung",
)
SOURCES_TEXT: Final = Message(
    "AUROC con intervalo de 95 %. Cada columna usa exactamente las mismas radiografías de prueba. "
    "Las sondas son clasificadores pequeños, entrenados en las radiografías de entrenamiento, que "
    "no ven el detalle del pulmón. El conjunto de todas las fuentes está inflado: la fuente "
    "predice la clase.",
    "AUROC with 95% interval. Each column uses exactly the same test films. Probes are small "
    "classifiers trained on the training films that see no detail of the lungs. The pool of all "
    "sources is inflated: source predicts class.",
)
SOURCE: Final = Message("Fuente", "Source")
WITH_WITHOUT: Final = Message("positivas / negativas", "positive / negative")
PATIENTS: Final = Message("pacientes", "patients")
MODEL: Final = Message("modelo", "model")
ERASED: Final = Message("modelo, pulmones borrados", "model, lungs erased")
ONLY: Final = Message("modelo, solo pulmones", "model, lungs only")
MARKS_ERASED: Final = Message(
    "modelo, borrado lo que hay sobre los pulmones", "model, things on the lungs erased"
)
MARKED: Final = Message(
    "con letras, electrodos o tubos sobre los pulmones",
    "with letters, electrodes or tubes on the lungs",
)
POOLED: Final = Message("todas juntas (inflado)", "pooled (inflated)")
TOO_FEW: Final = Message("muy pocas", "too few")
TOO_FEW_SOURCES: Final = Message(
    "Con muy pocas radiografías de una de las clases (positivas / negativas): {sources}.",
    "With too few films of one of the classes (positive / negative): {sources}.",
)
FIGURE: Final = Message(
    "AUROC del modelo, de las sondas sin pulmón y del modelo con los pulmones borrados, por "
    "fuente. Línea: azar.",
    "AUROC of the model, of the no-lung probes and of the model with the lungs erased, by source. "
    "Line: chance.",
)

PREDICT_HEADING: Final = Message(
    "¿Se reconoce la fuente en lo que extrae la red?",
    "Can the source be read from what the network extracts?",
)
PREDICT_TEXT: Final = Message(
    "Regresión logística multinomial sobre las características de la penúltima capa, validación "
    "cruzada por paciente. Dentro de una sola clase la etiqueta no puede delatar la fuente.",
    "Multinomial logistic regression on the penultimate features, cross-validated by patient. "
    "Within one class the label cannot give the source away.",
)
PREDICT_HEADER: Final = (
    Message("Radiografías", "Films"),
    Message("Fuentes (n)", "Sources (n)"),
    Message("Exactitud equilibrada", "Balanced accuracy"),
    Message("Azar", "Chance"),
)
PREDICT_NONE: Final = Message(
    "Menos de dos fuentes tienen pacientes suficientes.",
    "Fewer than two sources have enough patients.",
)
WHICH: Final = {
    "all": Message("todas", "all"),
    "covid": Message("solo con COVID-19", "with COVID-19 only"),
    "nocovid": Message("solo sin COVID-19", "without COVID-19 only"),
    "negative": Message("solo sin signos de neumonía", "no signs of pneumonia only"),
    "atypical": Message("solo de aspecto atípico", "atypical only"),
    "indeterminate": Message("solo de aspecto indeterminado", "indeterminate only"),
    "typical": Message("solo de aspecto típico", "typical only"),
}

CHANGES_HEADING: Final = Message(
    "Sensibilidad a cambios que no son del pulmón", "Sensitivity to changes that are no lung's"
)
CHANGES_TEXT: Final = Message(
    "Cuánto se mueven las probabilidades, cuántas respuestas cambian (una negativa a responder "
    "cuenta como cambio) y cuántas pasan de positivo a negativo o al revés. Márgenes y pantallas "
    "se leen como un archivo nuevo. Deciden solo las respuestas vueltas del revés por cosas "
    "puestas sobre los pulmones.",
    "How far the probabilities move, how many answers change (a refusal counts as a change), and "
    "how many go from positive to negative or back. Margins and screens are read as a new file. "
    "Only answers turned round by things laid on the lungs decide.",
)
CHANGES_HEADER: Final = (
    Message("Cambio", "Change"),
    Message("n", "n"),
    Message("Cambio medio de la probabilidad", "Mean change of probability"),
    Message("Respuestas que cambian", "Answers that change"),
    Message("De positivo a negativo o al revés", "Positive to negative or back"),
    Message("Rechazadas", "Refused"),
)

METHODS_HEADING: Final = Message("Cómo se midió", "How it was measured")
METHODS: Final = (
    Message(
        "Sondas: miniatura de 8×8; borde exterior de 12 %; imagen de 32×32 con una elipse negra "
        "sobre los pulmones; tamaño, formato y brillo; nitidez, ruido y compresión fuera de los "
        "pulmones; edad, sexo y proyección; letras, flechas, electrodos y tubos sobre los "
        "pulmones (número, tamaño, contraste y lugar); lo que la propia red extrae de la "
        "radiografía con los pulmones borrados. Regresión logística, con regularización fuerte o "
        "más fuerte, o bosque aleatorio, el mejor en validación cruzada por paciente dentro de "
        "entrenamiento; para cada fuente, entrenada en todas o solo en ella, lo que dé el mayor "
        "AUROC. El modelo debe superar a todas.",
        "Probes: 8×8 thumbnail; outer 12% border; 32×32 picture with a black ellipse over the "
        "lungs; size, format and brightness; sharpness, noise and compression outside the lungs; "
        "age, sex and projection; letters, arrows, electrodes and tubes on the lungs (number, "
        "size, contrast and place); what the network itself extracts from the film with the lungs "
        "erased. Logistic regression, with a strong or a stronger ridge, or random forest, "
        "whichever is best in cross-validation by patient within the training films; for each "
        "source, trained on all or on it alone, whichever gives the higher AUROC. The model must "
        "exceed them all.",
    ),
    Message(
        "Diferencias de AUROC: bootstrap de pacientes, con los mismos pacientes en ambos lados. "
        "Lo que está sobre los pulmones se halla por su contraste y su grosor (transformación "
        "top-hat) y se rellena como los pulmones borrados.",
        "Differences of AUROC: bootstrap of patients, with the same patients on both sides. What "
        "lies on the lungs is found by contrast and thickness (top-hat transform) and filled as "
        "erased lungs are.",
    ),
    Message(
        "Pulmones borrados: se rellenan, con un margen de 3 %, con la superficie armónica que une "
        "los tejidos vecinos. Solo pulmones: lo demás se rellena del mismo modo.",
        "Lungs erased: filled, with a 3% margin, by the harmonic surface that joins the tissue "
        "around. Lungs only: all else is filled in the same way.",
    ),
    Message(
        "Intervalos de AUROC: DeLong sumado por paciente. Error de calibración: diez intervalos, "
        "descontado el azar (Kumar 2019).",
        "AUROC intervals: DeLong summed by patient. Calibration error: ten bins, less what chance "
        "adds (Kumar 2019).",
    ),
    Message(
        "Superar la auditoría dice que, en estos datos, el modelo aporta más que los atajos que "
        "se probaron. No excluye otros atajos ni dice qué hará en otro hospital.",
        "Passing says that, on these data, the model adds to the shortcuts that were tried. It "
        "does not exclude other shortcuts, nor say what it does in another hospital.",
    ),
)
LUNGS: Final = Message(
    "Modelo pulmonar: Dice {dice} ({low}–{high}) en {films} radiografías de {patients} pacientes "
    "apartados; pulmones hallados en el {found} de las radiografías de prueba.",
    "Lung model: Dice {dice} ({low}–{high}) on {films} films of {patients} held-out patients; "
    "lungs found on {found} of the test films.",
)
LUNGS_GIVEN: Final = Message(
    "Máscaras pulmonares dadas por quien audita; pulmones hallados en el {found} de las "
    "radiografías de prueba.",
    "Lung masks given by the auditor; lungs found on {found} of the test films.",
)
NO_LUNGS: Final = Message("Sin modelo pulmonar.", "No lung model.")
FILMS: Final = Message(
    "Radiografías: {train} de entrenamiento (sondas), {test} de prueba; dejadas fuera: {left_out}.",
    "Films: {train} training (probes), {test} test; left out: {left_out}.",
)
NONE: Final = Message("ninguna", "none")
PROVENANCE: Final = Message(
    "Modelo {name} {version}, SHA-256 {sha256}. Datos SHA-256 {dataset}. Semilla {seed}. {date}.",
    "Bundle {name} {version}, SHA-256 {sha256}. Data SHA-256 {dataset}. Seed {seed}. {date}.",
)
THRESHOLDS_HEADING: Final = Message("Umbrales declarados", "Declared thresholds")
THRESHOLDS_HEADER: Final = (Message("Umbral", "Threshold"), Message("Valor", "Value"))
THRESHOLDS: Final = {
    "films_per_class": Message(
        "radiografías de cada clase para que una fuente cuente",
        "films of each class for a source to count",
    ),
    "above_probe": Message(
        "límite inferior de la ventaja de AUROC sobre cada sonda, en cada fuente, por encima de",
        "lower bound of the AUROC above every probe, in every source, above",
    ),
    "above_lungs_erased": Message(
        "límite inferior de la ventaja de AUROC sobre el modelo con los pulmones borrados, por "
        "encima de",
        "lower bound of the AUROC above the model with the lungs erased, above",
    ),
    "worst_source_lower_bound": Message(
        "límite inferior del AUROC de la peor fuente, por encima de",
        "lower AUROC bound of the worst source, above",
    ),
    "calibration_error": Message(
        "error de calibración corregido, en cada fuente, como máximo",
        "corrected calibration error, in every source, at most",
    ),
    "marks_effect": Message(
        "AUROC que se pierde al borrar lo que hay sobre los pulmones (límite superior), como "
        "máximo",
        "AUROC lost by erasing what lies on the lungs (upper bound), at most",
    ),
    "opposite_answers": Message(
        "respuestas vueltas del revés por cosas puestas sobre los pulmones, como máximo",
        "answers turned round by things laid on the lungs, at most",
    ),
    "lung_dice": Message("Dice del modelo pulmonar, al menos", "Dice of the lung model, at least"),
    "lungs_found": Message(
        "proporción de radiografías con pulmones hallados, al menos",
        "share of films with lungs found, at least",
    ),
}
