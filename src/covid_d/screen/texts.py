"""Every sentence of a screening's report, in Spanish and English."""

from __future__ import annotations

from typing import Final

from covid_d.language import Message

TITLE: Final = Message("Revisión de un archivo", "Screening of an archive")
UNDONE: Final = Message(
    "Trabajo sin terminar: {done} de {films} radiografías respondidas.",
    "Unfinished job: {done} of {films} films answered.",
)
NO_COUNT: Final = Message(
    "Las respuestas son del modelo, no de un médico: un recuento de respuestas no es un recuento "
    "de enfermos.",
    "The answers are the model's, not a physician's: a count of answers is no count of patients.",
)
DEMONSTRATION: Final = Message(
    "Modelo de demostración: sus respuestas no son evidencia de nada.",
    "Demonstration model: its answers are no evidence of anything.",
)
JOB: Final = Message("El trabajo", "The job")
ITEM: Final = Message("Dato", "Item")
VALUE: Final = Message("Valor", "Value")
ARCHIVE: Final = Message("Archivo", "Archive")
MODEL: Final = Message("Modelo", "Model")
CODE: Final = Message("Programa", "Program")
BEGAN: Final = Message("Empezado", "Began")
ENDED: Final = Message("Terminado", "Ended")
FILMS: Final = Message("Radiografías", "Films")
FILM: Final = Message("Radiografía", "Film")
SHARE: Final = Message("Porcentaje", "Share")
PREVALENCE: Final = Message("Prevalencia indicada", "Prevalence given")
PACE: Final = Message("Ritmo", "Pace")
PACE_WORDS: Final = Message(
    "Trabajo de todos los procesos: {hours} horas de {films} radiografías; cada una tardó "
    "{median} s (mediana), 95 de cada 100 menos de {high} s. En {hours_clock} horas de reloj, si "
    "no se interrumpió, fueron {rate} por segundo.",
    "Work of all processes: {hours} hours for {films} films; each took {median} s (median), 95 in "
    "100 less than {high} s. Over {hours_clock} hours of the clock, if it was not interrupted, "
    "that made {rate} a second.",
)
PACE_SHORT: Final = Message(
    "Trabajo de todos los procesos: {hours} horas de {films} radiografías; cada una tardó "
    "{median} s (mediana), 95 de cada 100 menos de {high} s.",
    "Work of all processes: {hours} hours for {films} films; each took {median} s (median), 95 in "
    "100 less than {high} s.",
)
ANSWERS: Final = Message("Respuestas", "Answers")
OUTCOME: Final = Message("Respuesta", "Answer")
LIKELIEST: Final = Message("Aspecto más probable", "Likeliest appearance")
REFUSALS: Final = Message("Rechazadas, por motivo", "Refused, by reason")
REASON: Final = Message("Motivo", "Reason")
NOTHING: Final = Message("Ninguna.", "None.")
BY_FOLDER: Final = Message("Por carpeta", "By folder")
BY_UNIT: Final = Message("Por unidad", "By unit")
BY_MONTH: Final = Message("Por mes", "By month")
GROUP_WORDS: Final = Message(
    "Aspecto más probable de las radiografías respondidas. Distancia: índice de estabilidad (PSI) "
    "entre las probabilidades medias del grupo y las de todo el archivo; desde 0,10 conviene mirar "
    "por qué, desde 0,25 hay un motivo. Con menos de {least} respuestas no se calcula.",
    "Likeliest appearance of the films answered. Distance: population stability index (PSI) "
    "between the group's mean probabilities and those of the whole archive; from 0.10 on it is "
    "worth a look, from 0.25 on there is a reason. It is not reckoned of fewer than {least} "
    "answers.",
)
SHOWN: Final = Message(
    "Se muestran los {shown} grupos más grandes de {all}.",
    "The {shown} largest of {all} groups are shown.",
)
GROUPS: Final = Message("Cómo se comparan los grupos", "How groups are compared")
ONE_FOLDER: Final = Message("Todas están en la misma carpeta.", "All lie in the same folder.")
ALL_UNSTATED: Final = Message("Ninguna radiografía lo hace constar.", "No film states it.")
UNSTATED: Final = Message("(no consta)", "(not stated)")
NO_FOLDER: Final = Message("(sin carpeta)", "(no folder)")
REFUSED: Final = Message("Rechazadas", "Refused")
DISTANCE: Final = Message("Distancia", "Distance")
DRIFT: Final = Message("Frente al entrenamiento del modelo", "Beside the model's training")
DRIFT_WORDS: Final = Message(
    "Probabilidad media de cada aspecto en el archivo y parte de cada uno entre las {films} "
    "radiografías con que se calibró el modelo. Distancia (PSI): {psi}. Una distancia grande dice "
    "que el archivo es otra mezcla de pacientes, o que sus equipos dan otras imágenes; no dice "
    "cuál.",
    "Mean probability of each appearance in the archive, and the share of each among the {films} "
    "films that the model was calibrated on. Distance (PSI): {psi}. A large one says that the "
    "archive is another mix of patients, or that its machines give other pictures; not which.",
)
NO_DRIFT: Final = Message(
    "Este modelo no dice con qué mezcla de aspectos se calibró.",
    "This model does not say what mix of appearances it was calibrated on.",
)
IN_ARCHIVE: Final = Message("En el archivo", "In the archive")
IN_TRAINING: Final = Message("En la calibración", "In calibration")
APPEARANCE: Final = Message("Aspecto", "Appearance")
WORST: Final = Message("Archivos con problemas", "Files with faults")
WORST_WORDS: Final = Message(
    "Las primeras {most} radiografías que no se pudieron leer; todas están en las filas del "
    "trabajo. Una ruta puede nombrar al paciente.",
    "The first {most} films that could not be read; all are in the job's rows. A path may name the "
    "patient.",
)
SLOWEST: Final = Message("Las más lentas", "The slowest")
NUMBER: Final = Message("N.º", "Number")
PATH: Final = Message("Ruta", "Path")
SECONDS: Final = Message("Segundos", "Seconds")
