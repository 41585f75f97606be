"""Every sentence of the evaluation, in Spanish and English, and how its numbers are written."""

from __future__ import annotations

import math
from typing import Final

from covid_d.evaluation.figures.estimate import Estimate
from covid_d.language import Language, Message, localised

# Figure -> its name. Those in _PERCENT are shown as percentages.
FIGURES: Final[dict[str, Message]] = {
    "auroc": Message("Área bajo la curva ROC (AUROC)", "Area under the ROC curve (AUROC)"),
    "auroc_bootstrap": Message("AUROC, intervalo por bootstrap", "AUROC, bootstrap interval"),
    "average_precision": Message("Precisión media", "Average precision"),
    "sensitivity": Message("Sensibilidad", "Sensitivity"),
    "specificity": Message("Especificidad", "Specificity"),
    "accuracy": Message("Exactitud", "Accuracy"),
    "error_rate": Message("Tasa de error", "Error rate"),
    "sensitivity_at_90_specificity": Message(
        "Sensibilidad con especificidad de 90 %", "Sensitivity at 90% specificity"
    ),
    "specificity_at_95_sensitivity": Message(
        "Especificidad con sensibilidad de 95 %", "Specificity at 95% sensitivity"
    ),
    "likelihood_ratio_positive": Message(
        "Razón de verosimilitud positiva (LR+)", "Positive likelihood ratio (LR+)"
    ),
    "likelihood_ratio_negative": Message(
        "Razón de verosimilitud negativa (LR−)", "Negative likelihood ratio (LR−)"
    ),
    "brier": Message("Puntuación de Brier", "Brier score"),
    "calibration_error": Message(
        "Error de calibración esperado (10 intervalos)", "Expected calibration error (10 bins)"
    ),
    "calibration_slope": Message("Pendiente de calibración", "Calibration slope"),
    "calibration_intercept": Message(
        "Intercepto de calibración (con pendiente 1)", "Calibration intercept (slope held at 1)"
    ),
    "inconclusive": Message("No concluyentes, todas", "Inconclusive, all"),
    "inconclusive_covid": Message("No concluyentes, con COVID-19", "Inconclusive, with COVID-19"),
    "inconclusive_nocovid": Message(
        "No concluyentes, sin COVID-19", "Inconclusive, without COVID-19"
    ),
    "conclusive_sensitivity": Message(
        "Sensibilidad entre las concluyentes", "Sensitivity among the conclusive"
    ),
    "conclusive_specificity": Message(
        "Especificidad entre las concluyentes", "Specificity among the conclusive"
    ),
    "coverage_covid": Message("Cobertura, con COVID-19", "Coverage, with COVID-19"),
    "coverage_nocovid": Message("Cobertura, sin COVID-19", "Coverage, without COVID-19"),
    **{f"ppv_at_{p}": Message(f"VPP con {p} %", f"PPV at {p}%") for p in (2, 5, 20, 50)},
    **{f"npv_at_{p}": Message(f"VPN con {p} %", f"NPV at {p}%") for p in (2, 5, 20, 50)},
    **{
        f"net_benefit_at_{t}": Message(
            f"Beneficio neto con umbral de {t} %", f"Net benefit at a threshold of {t}%"
        )
        for t in (5, 10, 20, 50)
    },
}

_PERCENT: Final = (
    "sensitivity",
    "specificity",
    "accuracy",
    "error_rate",
    "inconclusive",
    "conclusive",
    "coverage",
    "ppv",
    "npv",
)

DIMENSIONS: Final[dict[str, Message]] = {
    "source": Message("Fuente", "Source"),
    "subsource": Message("Publicador dentro de la fuente", "Publisher within the source"),
    "projection": Message("Proyección", "Projection"),
    "sex": Message("Sexo", "Sex"),
    "age": Message("Edad (años)", "Age (years)"),
}

TITLE = Message("Evaluación del modelo {bundle}", "Evaluation of the model {bundle}")
UNKNOWN = Message("desconocido", "unknown")
POOL = Message("Todas las fuentes juntas", "All sources together")
FILMS = Message("Radiografías", "Films")
PATIENTS = Message("Pacientes", "Patients")
WITH_COVID = Message("Con COVID-19", "With COVID-19")
WITHOUT_COVID = Message("Sin COVID-19", "Without COVID-19")
FIGURE = Message("Cifra", "Figure")
VALUE = Message("Valor (IC del 95 %)", "Value (95% CI)")
TOO_FEW = Message("n<10, no se informa", "n<10, not reported")
NOT_MEASURABLE = Message("no medible", "not measurable")
ONE_CLASS = Message("una sola clase", "one class only")
METHOD = Message("Intervalo", "Interval")
PREVALENCE = Message("Prevalencia", "Prevalence")

SEEN_STAMP = Message(
    "ATENCIÓN: {seen} de las {films} radiografías se usaron para entrenar este modelo "
    "(--allow-seen). Estas cifras no miden lo que el modelo vale en pacientes nuevos.",
    "WARNING: {seen} of the {films} films were used to train this model (--allow-seen). These "
    "figures do not measure what the model is worth on new patients.",
)
SEEN_NONE_STAMP = Message(
    "Se permitió usar radiografías de entrenamiento (--allow-seen); ninguna de estas lo es.",
    "Films used in training were allowed (--allow-seen); none of these is one.",
)
SEEN_UNKNOWN = Message(
    "Puntuaciones de un archivo: nadie puede comprobar si el modelo se hizo con estas mismas "
    "radiografías.",
    "Scores from a file: nobody can check whether the model was made from these very films.",
)
DEMONSTRATION_STAMP = Message(
    "Modelo de demostración: no ha superado la auditoría de atajos. No lo use para decidir sobre "
    "pacientes.",
    "Demonstration model: it has not passed the shortcut audit. Do not use it to decide about "
    "patients.",
)

HEADLINE_HEADING = Message(
    "La cifra que cuenta: la peor fuente", "The figure that counts: the worst source"
)
HEADLINE = Message(
    "En {name}, la fuente donde peor rinde entre las que tienen ambas clases, el AUROC es "
    "{auroc}: {positives} radiografías con COVID-19 y {negatives} sin COVID-19, de {patients} "
    "pacientes.",
    "In {name}, the source where it does worst among those with both classes, the AUROC is "
    "{auroc}: {positives} films with COVID-19 and {negatives} without, from {patients} patients.",
)
HEADLINE_WHY = Message(
    "Dentro de una misma fuente el modelo no puede acertar reconociendo de dónde viene la "
    "radiografía. Por eso esta cifra, y no la conjunta, es la que mejor anticipa qué pasará en "
    "otro hospital; aun así, no lo garantiza.",
    "Within one source the model cannot be right by recognising where the film comes from. That "
    "is why this figure, not the pooled one, best foretells what will happen in another hospital; "
    "even so, it is no guarantee.",
)
NO_HEADLINE = Message(
    "Ninguna fuente tiene al menos 10 radiografías de cada clase. Con estos datos no se puede "
    "separar la enfermedad de la procedencia: ninguna cifra conjunta dice lo que el modelo "
    "vale. Mida dejando una fuente fuera cada vez: covid-d evaluate --leave-one-source-out.",
    "No source has at least 10 films of each class. With these data disease cannot be told apart "
    "from provenance: no pooled figure says what the model is worth. Measure with one source left "
    "out at a time: covid-d evaluate --leave-one-source-out.",
)
CHANCE = Message(
    "El intervalo incluye 0,5: con estas radiografías no se distingue del azar.",
    "The interval includes 0.5: on these films it cannot be told from chance.",
)

FILMS_HEADING = Message("Qué se midió", "What was measured")
FILMS_TEXT = Message(
    "Partición: {split}. Se leyeron {films} radiografías; el modelo rechazó {refused}: no cuentan "
    "en ninguna cifra y figuran en la lista de rechazos.",
    "Split: {split}. {films} films were read; the model refused {refused}: they count in no figure "
    "and are listed among the refusals.",
)
REFUSED_HEADING = Message("Radiografías rechazadas", "Refused films")
REFUSED_COLUMNS = (
    Message("Radiografía", "Film"),
    Message("Fuente", "Source"),
    Message("Clase", "Class"),
    Message("Motivo", "Reason"),
)

SOURCES_HEADING = Message("Por fuente", "By source")
SOURCES_TEXT = Message(
    "Una fuente con una sola clase solo permite medir la sensibilidad o la especificidad. Umbral: "
    "probabilidad 0,5.",
    "A source of one class allows sensitivity or specificity alone. Threshold: probability 0.5.",
)

PUBLISHERS_LEFT = Message(
    "Otros {n} publicadores no tienen 10 radiografías de ninguna clase; sus números están en "
    "metrics.json.",
    "Another {n} publishers have not 10 films of any class; their counts are in metrics.json.",
)

POOL_HEADING = Message(
    "Todas las fuentes juntas (cifra inflada)", "All sources together (inflated)"
)
POOL_TEXT = Message(
    "Cuando la fuente predice la clase, estas cifras están infladas: el modelo puede acertar "
    "reconociendo la fuente y no la enfermedad. No las cite sin la cifra de la peor fuente.",
    "Where the source predicts the class, these figures are inflated: the model can be right by "
    "recognising the source, not the disease. Do not quote them without the worst source's.",
)

THREE_WAY_HEADING = Message("La respuesta de tres vías", "The three-way answer")
THREE_WAY_TEXT = Message(
    "El modelo responde positivo, negativo o no concluyente, con la promesa de que la clase "
    "verdadera queda fuera a lo sumo en {error} de cada clase. La cobertura mide esa promesa "
    "(intervalo binomial exacto). La promesa vale para pacientes como los de la calibración; no "
    "vale en un hospital nuevo.",
    "The model answers positive, negative or inconclusive, promising that the true class is ruled "
    "out in at most {error} of each class. Coverage measures that promise (exact binomial "
    "interval). The promise holds for patients like those of the calibration; it does not hold in "
    "a new hospital.",
)
NO_CONFORMAL = Message(
    "El modelo no tiene umbrales de decisión: toda respuesta es no concluyente.",
    "The model has no decision thresholds: every answer is inconclusive.",
)
COVERAGE_SCOPES = {
    "all": Message("Todas las radiografías", "All films"),
    "trained_on": Message(
        "Publicadores con los que se entrenó", "Publishers the model was trained on"
    ),
    "held_out": Message(
        "Publicadores apartados del entrenamiento (aquí nada se promete)",
        "Publishers held out of training (nothing is promised here)",
    ),
}
COVERAGE_HOLDS = Message(
    "{scope}, {label}: cobertura observada {observed} de {n}, prometida {target}: compatible.",
    "{scope}, {label}: observed coverage {observed} of {n}, promised {target}: consistent.",
)
COVERAGE_BROKEN = Message(
    "{scope}, {label}: cobertura observada {observed} de {n}, prometida {target}: NO se cumple "
    "en estas radiografías.",
    "{scope}, {label}: observed coverage {observed} of {n}, promised {target}: NOT kept on these "
    "films.",
)

PREDICTIVE_HEADING = Message(
    "Qué significa la respuesta según la prevalencia", "What the answer means, by prevalence"
)
PREDICTIVE_TEXT = Message(
    "VPP: de cada 100 respuestas positivas, cuántas tendrían COVID-19. VPN: de cada 100 "
    "negativas, cuántas no lo tendrían. Umbral: probabilidad 0,5. {scope}",
    "PPV: of 100 positive answers, how many would have COVID-19. NPV: of 100 negative ones, how "
    "many would not. Threshold: probability 0.5. {scope}",
)
SCOPE_WORST = Message(
    "Calculado con la peor fuente ({name}).", "Computed from the worst source ({name})."
)
SCOPE_POOL = Message(
    "Calculado con todas las fuentes juntas: cifras infladas.",
    "Computed from all sources together: inflated figures.",
)

CALIBRATION_HEADING = Message("Calibración", "Calibration")
CALIBRATION_TEXT = Message(
    "Si el modelo dice 70 %, ¿70 de cada 100 tienen COVID-19? Pendiente 1 e intercepto 0 es lo "
    "ideal; pendiente menor de 1: respuestas demasiado extremas; intercepto menor de 0: "
    "probabilidades demasiado altas. El error de calibración usa 10 intervalos de igual ancho y "
    "crece por azar cuando hay pocas radiografías. La calibración vale para la proporción de "
    "COVID-19 de estos datos, mucho mayor que la habitual.",
    "If the model says 70%, do 70 of 100 have COVID-19? Slope 1 and intercept 0 are ideal; a slope "
    "below 1 means answers too extreme; an intercept below 0, probabilities too high. The "
    "calibration error has 10 bins of equal width and grows by chance when films are few. "
    "Calibration holds for these data's share of COVID-19, far above the usual one.",
)

DECISION_HEADING = Message("¿Ayuda a decidir?", "Does it help to decide?")
DECISION_TEXT = Message(
    "Curva de decisión: compara actuar según el modelo con actuar sobre todos o sobre nadie. El "
    "umbral dice cuántas acciones innecesarias se aceptan por cada paciente encontrado (con 10 %, "
    "nueve). Vale para la proporción de COVID-19 de estos datos ({prevalence}).",
    "Decision curve: compares acting on the model with acting on everyone or no one. The threshold "
    "says how many needless actions are accepted for each patient found (at 10%, nine). It holds "
    "for these data's share of COVID-19 ({prevalence}).",
)

SUBGROUPS_HEADING = Message("Por subgrupo", "By subgroup")
SUBGROUPS_TEXT = Message(
    "Estas cifras juntan fuentes y están infladas por ellas. Ninguna se da con menos de 10 "
    "radiografías de la clase.",
    "These figures mix sources and are inflated by them. None is given with fewer than 10 films "
    "of the class.",
)

PLOTS_HEADING = Message("Gráficos", "Plots")
LOSSES_HEADING = Message("Los mayores errores", "The worst errors")
LOSSES_TEXT = Message(
    "Las radiografías donde el modelo estuvo más seguro de lo contrario. El color marca dónde vio "
    "indicios de COVID-19; es un mapa aproximado, no delimita lesiones. Color fuera de los "
    "pulmones es señal de atajo.",
    "The films on which the model was surest of the opposite. Colour marks where it saw evidence "
    "for COVID-19; it is a rough map and outlines no lesion. Colour outside the lungs is a sign of "
    "a shortcut.",
)

PICTURES: Final[dict[str, Message]] = {
    "roc": Message(
        "Curvas ROC; la más gruesa es la de la cifra que cuenta, si la hay.",
        "ROC curves; the heaviest is that of the figure that counts, if there is one.",
    ),
    "precision_recall": Message(
        "Precisión y sensibilidad; punteada, la proporción de COVID-19 de cada conjunto.",
        "Precision and recall; dotted, each set's share of COVID-19.",
    ),
    "reliability": Message(
        "Calibración de todas las fuentes juntas, con intervalos de Wilson, y reparto de las "
        "probabilidades.",
        "Calibration of all sources together, with Wilson intervals, and spread of the "
        "probabilities.",
    ),
    "confusion": Message(
        "Matriz de confusión de todas las fuentes juntas: respuesta forzada y de tres vías.",
        "Confusion matrix of all sources together: forced and three-way answers.",
    ),
    "scores_by_source": Message(
        "Probabilidades por fuente. Si dentro de una fuente las clases no se separan, el modelo "
        "no lee la enfermedad.",
        "Probabilities by source. Where the classes do not part within a source, the model does "
        "not read the disease.",
    ),
    "decision_curve": Message(
        "Curva de decisión de todas las fuentes juntas, con banda del 95 %.",
        "Decision curve of all sources together, with 95% band.",
    ),
    "worst_errors": Message(
        "Mayores errores con el mapa de activación.", "Worst errors with the activation map."
    ),
}

METHODS_HEADING = Message("Cómo se calculó", "How it was computed")
METHODS = (
    Message(
        "Intervalos del 95 %. AUROC: DeLong con suma por paciente (Obuchowski 1997); Newcombe "
        "2006 con separación perfecta. Sensibilidad, especificidad, exactitud, error y no "
        "concluyentes: Wilson sobre el número efectivo de radiografías (efecto de diseño por "
        "paciente). LR, VPP y VPN: método logarítmico (Simel 1991; Mercaldo 2007). Cobertura: "
        "binomial exacto. El resto: bootstrap de {resamples} remuestreos por paciente (semilla "
        "{seed}, percentiles).",
        "95% intervals. AUROC: DeLong summed by patient (Obuchowski 1997); Newcombe 2006 under "
        "perfect separation. Sensitivity, specificity, accuracy, error and inconclusive: Wilson on "
        "the effective number of films (design effect by patient). LR, PPV and NPV: log method "
        "(Simel 1991; Mercaldo 2007). Coverage: exact binomial. All else: bootstrap of {resamples} "
        "resamples by patient (seed {seed}, percentiles).",
    ),
    Message(
        "Paciente quiere decir aquí grupo: radiografías del mismo paciente o casi idénticas. La "
        "sensibilidad con especificidad de 90 % y su inversa eligen el umbral en las mismas "
        "radiografías y son algo optimistas.",
        "Patient means group here: films of one patient or nearly identical ones. Sensitivity at "
        "90% specificity and its reverse choose the threshold on the same films and are somewhat "
        "optimistic.",
    ),
    Message(
        "Modelo {name} {version}, SHA-256 {sha256}. Conjunto de datos SHA-256 {dataset}. COVID-D "
        "{covid_d}.",
        "Model {name} {version}, SHA-256 {sha256}. Data set SHA-256 {dataset}. COVID-D {covid_d}.",
    ),
)


def number(value: float, language: Language, digits: int = 2) -> str:
    """Return a number as the language writes it; ``–`` for what is not defined."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    # Adding nought turns -0.0 into 0.0.
    text = f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")
    return localised(text, language)


def percent(share: float, language: Language, digits: int = 0) -> str:
    """Return a share as a percentage, with the sign as the language sets it."""
    if math.isnan(share):
        return "–"
    return number(100 * share, language, digits) + (" %" if language == "es" else "%")


def is_percentage(figure: str) -> bool:
    """Return whether a figure is a share, shown in per cent."""
    return figure.startswith(_PERCENT)


def shown(figure: str, estimate: Estimate | None, language: Language) -> str:
    """Return ``value (low–high)``; too few films and figures without value say so."""
    if estimate is None:
        return TOO_FEW.in_language(language)
    if math.isnan(estimate.value):
        return NOT_MEASURABLE.in_language(language)
    if is_percentage(figure):
        digits = 1 if figure.startswith(("ppv", "npv")) else 0
        low, high = (number(100 * x, language, digits) for x in (estimate.low, estimate.high))
        return f"{percent(estimate.value, language, digits)} ({low}–{high})"
    digits = 3 if figure.startswith(("brier", "net_benefit", "calibration_error")) else 2
    value, low, high = (
        number(x, language, digits) for x in (estimate.value, estimate.low, estimate.high)
    )
    separator = "–" if "−" not in low + high else (" a " if language == "es" else " to ")
    return f"{value} ({low}{separator}{high})"
