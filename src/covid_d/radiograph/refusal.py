"""Why a film gets no answer: a code, a sentence and the next step, in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from covid_d.errors import CovidDError
from covid_d.language import Message


class RefusalCode(StrEnum):
    """Every reason for which COVID-D gives no number. The texts are in ``_TEXTS`` below."""

    NOT_FOUND = "not_found"
    EMPTY = "empty_file"
    NOT_AN_IMAGE = "not_an_image"
    TRUNCATED = "truncated"
    ENCRYPTED = "encrypted"
    NO_PIXELS = "no_pixels"
    UNSUPPORTED = "unsupported_encoding"
    MULTI_FRAME = "multi_frame"
    TOO_LARGE = "too_large"
    TOO_SMALL = "too_small"
    COLOUR = "colour_picture"
    BLANK = "blank"
    ASPECT = "odd_shape"
    NOT_RADIOGRAPHY = "not_radiography"
    NOT_CHEST = "not_chest"
    NOT_FRONTAL = "not_frontal"
    CHILD = "child"


# code: (what, next step); each may carry a {detail} field.
_TEXTS: dict[RefusalCode, tuple[Message, Message]] = {
    RefusalCode.NOT_FOUND: (
        Message("No se encuentra el archivo.", "The file was not found."),
        Message("Compruebe la ruta y vuelva a intentarlo.", "Check the path and try again."),
    ),
    RefusalCode.EMPTY: (
        Message("El archivo está vacío.", "The file is empty."),
        Message("Vuelva a exportar la radiografía.", "Export the radiograph again."),
    ),
    RefusalCode.NOT_AN_IMAGE: (
        Message(
            "El archivo no es una imagen que se pueda leer.",
            "The file is not an image that can be read.",
        ),
        Message(
            "Use DICOM, PNG, JPEG, TIFF o WebP.",
            "Use DICOM, PNG, JPEG, TIFF or WebP.",
        ),
    ),
    RefusalCode.TRUNCATED: (
        Message("El archivo está incompleto o dañado.", "The file is incomplete or damaged."),
        Message("Cópielo o expórtelo de nuevo.", "Copy or export it again."),
    ),
    RefusalCode.ENCRYPTED: (
        Message("El archivo está cifrado.", "The file is encrypted."),
        Message("Expórtelo sin cifrar desde el PACS.", "Export it unencrypted from the PACS."),
    ),
    RefusalCode.NO_PIXELS: (
        Message(
            "El objeto DICOM no contiene una imagen.",
            "The DICOM object contains no image.",
        ),
        Message(
            "Elija el objeto de imagen del estudio, no un informe ni un índice.",
            "Choose the study's image object, not a report or an index.",
        ),
    ),
    RefusalCode.UNSUPPORTED: (
        Message(
            "La codificación de la imagen no se puede leer: {detail}.",
            "The image's encoding cannot be read: {detail}.",
        ),
        Message(
            "Expórtela sin compresión o como JPEG, JPEG-LS o JPEG 2000.",
            "Export it uncompressed, or as JPEG, JPEG-LS or JPEG 2000.",
        ),
    ),
    RefusalCode.MULTI_FRAME: (
        Message(
            "El archivo contiene varias imágenes ({detail}).",
            "The file holds several images ({detail}).",
        ),
        Message("Exporte una sola radiografía.", "Export a single radiograph."),
    ),
    RefusalCode.TOO_LARGE: (
        Message("La imagen es demasiado grande ({detail}).", "The image is too large ({detail})."),
        Message(
            "Redúzcala a menos de 8000 píxeles por lado.",
            "Reduce it to under 8000 pixels a side.",
        ),
    ),
    RefusalCode.TOO_SMALL: (
        Message(
            "La imagen es demasiado pequeña para leerla ({detail}).",
            "The image is too small to read ({detail}).",
        ),
        Message(
            "Use la radiografía original, no una miniatura.",
            "Use the original radiograph, not a thumbnail.",
        ),
    ),
    RefusalCode.COLOUR: (
        Message(
            "Es una imagen en color, no una radiografía.",
            "It is a colour picture, not a radiograph.",
        ),
        Message(
            "Use el archivo del equipo de rayos X, no una foto de la pantalla.",
            "Use the X-ray system's own file, not a photograph of the screen.",
        ),
    ),
    RefusalCode.BLANK: (
        Message(
            "La imagen no tiene contenido (uniforme o casi uniforme).",
            "The image has no content (uniform or almost so).",
        ),
        Message("Compruebe la exportación.", "Check the export."),
    ),
    RefusalCode.ASPECT: (
        Message(
            "La forma de la imagen ({detail}) no es la de una radiografía de tórax frontal.",
            "The image's shape ({detail}) is not that of a frontal chest radiograph.",
        ),
        Message(
            "Use la película completa y una sola proyección.",
            "Use the whole film and a single projection.",
        ),
    ),
    RefusalCode.NOT_RADIOGRAPHY: (
        Message(
            "El archivo es de otra modalidad ({detail}), no una radiografía.",
            "The file is of another modality ({detail}), not a radiograph.",
        ),
        Message("Use una radiografía de tórax.", "Use a chest radiograph."),
    ),
    RefusalCode.NOT_CHEST: (
        Message(
            "El archivo declara otra región del cuerpo ({detail}).",
            "The file states another body part ({detail}).",
        ),
        Message("Use una radiografía de tórax.", "Use a chest radiograph."),
    ),
    RefusalCode.NOT_FRONTAL: (
        Message(
            "Es una proyección lateral; solo se leen frontales (PA o AP).",
            "It is a lateral projection; only frontal films (PA or AP) are read.",
        ),
        Message("Use la proyección PA o AP.", "Use the PA or AP projection."),
    ),
    RefusalCode.CHILD: (
        Message(
            "Paciente de {detail} años; el modelo solo conoce adultos.",
            "Patient aged {detail} years; the model knows adults only.",
        ),
        Message("No use COVID-D en menores de 18 años.", "Do not use COVID-D under 18 years."),
    ),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no answer is given.

    Parameters
    ----------
    code
        Machine-readable reason.
    message
        The reason in a sentence, Spanish and English.
    next_step
        What to do about it, Spanish and English.
    """

    code: RefusalCode
    message: Message
    next_step: Message

    @classmethod
    def of(cls, code: RefusalCode, detail: object = "") -> Refusal:
        """Return the refusal for ``code``, with ``detail`` quoted where its text has room."""
        what, next_step = _TEXTS[code]
        return cls(code, what.format(detail=detail), next_step)

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"code", "message": {"es", "en"}}``; the message ends with the next step."""
        return {
            "code": self.code.value,
            "message": {
                "es": f"{self.message.es} {self.next_step.es}",
                "en": f"{self.message.en} {self.next_step.en}",
            },
        }


class RadiographError(CovidDError):
    """A file cannot be read as a radiograph; carries the refusal that says why."""

    def __init__(self, refusal: Refusal, cause: str = "") -> None:
        message = f"{refusal.message.en} ({cause})" if cause else refusal.message.en
        super().__init__(message, refusal.next_step.en)
        self.refusal = refusal
