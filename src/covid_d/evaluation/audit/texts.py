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
WITH_WITHOUT: Final = Message("con / sin COVID-19", "with / without COVID-19")
PATIENTS: Final = Message("pacientes", "patients")
MODEL: Final = Message("modelo", "model")
ERASED: Final = Message("modelo, pulmones borrados", "model, lungs erased")
ONLY: Final = Message("modelo, solo pulmones", "model, lungs only")
POOLED: Final = Message("todas juntas (inflado)", "pooled (inflated)")
TOO_FEW: Final = Message("muy pocas", "too few")
TOO_FEW_SOURCES: Final = Message(
    "Con muy pocas radiografías de una de las clases (con / sin COVID-19): {sources}.",
    "With too few films of one of the classes (with / without COVID-19): {sources}.",
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
}

CHANGES_HEADING: Final = Message(
    "Sensibilidad a cambios que no tocan el pulmón", "Sensitivity to changes that leave the lungs"
)
CHANGES_TEXT: Final = Message(
    "Cuánto se mueve la probabilidad y cuántas respuestas cambian (una negativa a responder cuenta "
    "como cambio). Descriptivo: no decide el veredicto.",
    "How far the probability moves and how many answers change (a refusal counts as a change). "
    "Descriptive: it does not decide the verdict.",
)
CHANGES_HEADER: Final = (
    Message("Cambio", "Change"),
    Message("n", "n"),
    Message("Cambio medio de la probabilidad", "Mean change of probability"),
    Message("Respuestas que cambian", "Answers that change"),
    Message("Rechazadas", "Refused"),
)

METHODS_HEADING: Final = Message("Cómo se midió", "How it was measured")
METHODS: Final = (
    Message(
        "Sondas: miniatura de 8×8; borde exterior de 12 %; imagen de 32×32 con una elipse negra "
        "sobre los pulmones; tamaño, formato y brillo; lo que la propia red extrae de la "
        "radiografía con los pulmones borrados. Regresión logística, con regularización fuerte o "
        "más fuerte, o bosque aleatorio, el mejor en validación cruzada por paciente dentro de "
        "entrenamiento; para cada fuente, entrenada en todas o solo en ella, lo que dé el mayor "
        "AUROC. Cuenta la sonda con mayor AUROC en prueba: en la duda, contra el modelo.",
        "Probes: 8×8 thumbnail; outer 12% border; 32×32 picture with a black ellipse over the "
        "lungs; size, format and brightness; what the network itself extracts from the film with "
        "the lungs erased. Logistic regression, with a strong or a stronger ridge, or random "
        "forest, whichever is best in cross-validation by patient within the training films; for "
        "each source, trained on all or on it alone, whichever gives the higher AUROC. The probe "
        "with the highest test AUROC counts: in doubt, against the model.",
    ),
    Message(
        "Pulmones borrados: se rellenan, con un margen de 3 %, con la superficie armónica que une "
        "los tejidos vecinos. Solo pulmones: lo demás se rellena del mismo modo.",
        "Lungs erased: filled, with a 3% margin, by the harmonic surface that joins the tissue "
        "around. Lungs only: all else is filled in the same way.",
    ),
    Message(
        "Intervalos de AUROC: DeLong sumado por paciente. Error de calibración: diez intervalos.",
        "AUROC intervals: DeLong summed by patient. Calibration error: ten bins.",
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
        "ventaja de AUROC sobre la mejor sonda sin pulmón, en cada fuente",
        "AUROC above the best no-lung probe, in every source",
    ),
    "above_lungs_erased": Message(
        "ventaja de AUROC sobre el modelo con los pulmones borrados, en cada fuente",
        "AUROC above the model with the lungs erased, in every source",
    ),
    "worst_source_lower_bound": Message(
        "límite inferior del AUROC de la peor fuente, por encima de",
        "lower AUROC bound of the worst source, above",
    ),
    "calibration_error": Message("error de calibración, como máximo", "calibration error, at most"),
    "lung_dice": Message("Dice del modelo pulmonar, al menos", "Dice of the lung model, at least"),
    "lungs_found": Message(
        "proporción de radiografías con pulmones hallados, al menos",
        "share of films with lungs found, at least",
    ),
}
