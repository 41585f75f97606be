"""Why a film gets no answer: a code, a sentence and the next step, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from covid_d.errors import CovidDError
from covid_d.language import Message


class RefusalCode(StrEnum):
    """Every reason for which COVID-D gives no number. The texts are in ``_TEXTS`` below."""

    NOT_FOUND = "not_found"
    NOT_A_FILE = "not_a_file"
    UNREADABLE = "unreadable"
    EMPTY = "empty_file"
    NOT_AN_IMAGE = "not_an_image"
    DOCUMENT = "document"
    TRUNCATED = "truncated"
    ENCRYPTED = "encrypted"
    NO_PIXELS = "no_pixels"
    MISSING = "missing_element"
    UNSUPPORTED = "unsupported_encoding"
    HEIC = "heic_photo"
    FOR_PROCESSING = "for_processing"
    MULTI_FRAME = "multi_frame"
    TOO_LARGE = "too_large"
    TOO_SMALL = "too_small"
    COLOUR = "colour_picture"
    BLANK = "blank"
    ASPECT = "odd_shape"
    SEAM = "straight_edge"
    PHOTOGRAPH = "photograph"
    QUALITY_CONTROL = "quality_control"
    ANIMAL = "animal"
    PROCESSED = "processed_picture"
    NOT_RADIOGRAPHY = "not_radiography"
    NOT_CHEST = "not_chest"
    NOT_FRONTAL = "not_frontal"
    CHILD = "child"
    AGE_UNREAD = "age_unread"
    UNLIKE_CHEST = "unlike_chest_film"
    LOOKS_CT = "looks_ct"
    LOOKS_LATERAL = "looks_lateral"
    INVERTED = "inverted"
    UPSIDE_DOWN = "upside_down"
    SIDEWAYS = "sideways"
    BLURRED = "blurred"
    CROPPED = "cropped"
    NO_LUNGS = "no_lungs"
    PART_OF_CHEST = "part_of_chest"
    COLLAGE = "several_films"
    ANNOTATED = "annotated"
    LOOKS_CHILD = "looks_child"
    NO_NUMBER = "no_number"
    INTERNAL = "internal_error"
    NOT_READ_HERE = "not_read_here"
    """Of the page that answers on the reader's own device: it reads fewer kinds of files."""
    ALTERED = "answer_altered"
    """Of a stored answer, not of a film: somebody changed it since it was given."""


# code: (what, next step); each may carry a {detail} field.
_TEXTS: dict[RefusalCode, tuple[Message, Message]] = {
    RefusalCode.NOT_FOUND: (
        Message("No se encuentra el archivo.", "The file was not found."),
        Message("Compruebe la ruta y vuelva a intentarlo.", "Check the path and try again."),
    ),
    RefusalCode.NOT_A_FILE: (
        Message("La ruta no es un archivo.", "The path is not a file."),
        Message("Indique el archivo de la radiografía.", "Name the radiograph's file."),
    ),
    RefusalCode.UNREADABLE: (
        Message(
            "No se puede abrir el archivo ({detail}).", "The file cannot be opened ({detail})."
        ),
        Message(
            "Compruebe el permiso de lectura y el disco.",
            "Check the permission to read it, and the disk.",
        ),
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
            "Use DICOM, PNG, JPEG, JPEG 2000, TIFF, BMP o WebP.",
            "Use DICOM, PNG, JPEG, JPEG 2000, TIFF, BMP or WebP.",
        ),
    ),
    RefusalCode.DOCUMENT: (
        Message(
            "El archivo es un documento o un archivo comprimido ({detail}), no una imagen.",
            "The file is a document or an archive ({detail}), not an image.",
        ),
        Message(
            "Extraiga o exporte la propia radiografía.",
            "Extract or export the radiograph itself.",
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
            "Expórtela como DICOM sin compresión o como PNG en escala de grises.",
            "Export it as uncompressed DICOM or as a greyscale PNG.",
        ),
    ),
    RefusalCode.MISSING: (
        Message(
            "Al archivo DICOM le falta un dato sin el que no se puede leer: {detail}.",
            "The DICOM file lacks an element without which it cannot be read: {detail}.",
        ),
        Message(
            "Expórtelo de nuevo desde el PACS con todos sus datos.",
            "Export it from the PACS again with all its elements.",
        ),
    ),
    RefusalCode.HEIC: (
        Message(
            "Es una foto de teléfono en formato HEIC, que aquí no se lee.",
            "It is a telephone's photograph in the HEIC format, which is not read here.",
        ),
        Message(
            "Use el archivo del equipo de rayos X, o ponga la cámara en JPEG («Más compatible»).",
            'Use the X-ray system\'s own file, or set the camera to JPEG ("Most compatible").',
        ),
    ),
    RefusalCode.FOR_PROCESSING: (
        Message(
            "El archivo guarda los datos del detector sin procesar (FOR PROCESSING).",
            "The file holds the detector's unprocessed data (FOR PROCESSING).",
        ),
        Message(
            "Use la imagen del mismo estudio para ver (FOR PRESENTATION).",
            "Use the same study's image for viewing (FOR PRESENTATION).",
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
            "Redúzcala a menos de 8000 píxeles por lado y 256 MB.",
            "Reduce it to under 8000 pixels a side and 256 MB.",
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
    RefusalCode.PHOTOGRAPH: (
        Message(
            "Parece la foto de una pantalla o de un negatoscopio.",
            "It looks like a photograph of a screen or a light box.",
        ),
        Message(
            "Use el archivo del equipo de rayos X; si no lo hay, enderece la foto y recórtela por "
            "los bordes de la radiografía.",
            "Use the X-ray system's own file; if there is none, straighten the photograph and cut "
            "it along the radiograph's edges.",
        ),
    ),
    RefusalCode.SEAM: (
        Message(
            "Un corte recto cruza la imagen: está dañada o no es una sola radiografía.",
            "A straight edge crosses the picture: it is damaged, or not a single radiograph.",
        ),
        Message(
            "Exporte de nuevo la radiografía original, sola, sin textos ni marcos.",
            "Export the original radiograph again, by itself, without text or frames.",
        ),
    ),
    RefusalCode.QUALITY_CONTROL: (
        Message(
            "El archivo dice que es una prueba o un fantoma de control de calidad ({detail}).",
            "The file says that it is a test or a phantom of quality control ({detail}).",
        ),
        Message(
            "Use la radiografía de un paciente. Si lo es, corrija ese dato en el archivo.",
            "Use a patient's radiograph. If it is one, correct that element of the file.",
        ),
    ),
    RefusalCode.ANIMAL: (
        Message(
            "El archivo dice que el paciente es un animal ({detail}); el modelo solo conoce "
            "personas.",
            "The file says that the patient is an animal ({detail}); the model knows people only.",
        ),
        Message(
            "Use la radiografía de una persona. Si lo es, corrija ese dato en el archivo.",
            "Use a person's radiograph. If it is one, correct that element of the file.",
        ),
    ),
    RefusalCode.PROCESSED: (
        Message(
            "El archivo dice que no es la radiografía tal como se tomó, sino una imagen obtenida "
            "de ella ({detail}).",
            "The file says that it is not the film as taken but a picture made from it ({detail}).",
        ),
        Message(
            "Use la radiografía estándar del mismo estudio.",
            "Use the standard radiograph of the same study.",
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
            "La proyección no es frontal ({detail}); solo se leen las de frente (PA o AP).",
            "The projection is not frontal ({detail}); only frontal films (PA or AP) are read.",
        ),
        Message("Use una radiografía de frente (PA o AP).", "Use a frontal film (PA or AP)."),
    ),
    RefusalCode.CHILD: (
        Message(
            "La edad del paciente ({detail}) es menor de 18 años; el modelo solo conoce adultos.",
            "The patient's age ({detail}) is under 18 years; the model knows adults only.",
        ),
        Message(
            "No use COVID-D en menores de 18 años. Lea la radiografía sin el modelo.",
            "Do not use COVID-D under 18 years. Read the film without the model.",
        ),
    ),
    RefusalCode.AGE_UNREAD: (
        Message(
            "No se entiende la edad que indica el archivo ({detail}).",
            "The age that the file states is not understood ({detail}).",
        ),
        Message(
            "Corríjala en el archivo, por ejemplo 045Y (45 años); el modelo solo conoce adultos.",
            "Correct it in the file, for example 045Y (45 years); the model knows adults only.",
        ),
    ),
    RefusalCode.UNLIKE_CHEST: (
        Message(
            "La imagen no se parece a una radiografía de tórax frontal.",
            "The picture does not look like a frontal chest radiograph.",
        ),
        Message(
            "Use la radiografía original, PA o AP, completa y sin girar.",
            "Use the original PA or AP radiograph, whole and upright.",
        ),
    ),
    RefusalCode.LOOKS_CT: (
        Message(
            "La imagen parece un corte de tomografía, no una radiografía.",
            "The picture looks like a CT slice, not a radiograph.",
        ),
        Message("Use una radiografía de tórax.", "Use a chest radiograph."),
    ),
    RefusalCode.LOOKS_LATERAL: (
        Message(
            "La imagen parece una proyección lateral; solo se leen las de frente (PA o AP).",
            "The picture looks like a lateral projection; only frontal films (PA or AP) are read.",
        ),
        Message("Use una radiografía de frente (PA o AP).", "Use a frontal film (PA or AP)."),
    ),
    RefusalCode.INVERTED: (
        Message(
            "Los grises parecen invertidos (pulmón blanco y hueso negro).",
            "The greys look inverted (white lungs and black bone).",
        ),
        Message(
            "Inviértalos, o vuelva a exportar la radiografía desde el PACS.",
            "Invert them, or export the radiograph from the PACS again.",
        ),
    ),
    RefusalCode.UPSIDE_DOWN: (
        Message(
            "La radiografía parece estar boca abajo.",
            "The radiograph looks upside down.",
        ),
        Message(
            "Gírela 180 grados, con las clavículas arriba.",
            "Turn it by 180 degrees, clavicles at the top.",
        ),
    ),
    RefusalCode.SIDEWAYS: (
        Message(
            "La radiografía parece estar girada de lado.",
            "The radiograph looks turned on its side.",
        ),
        Message(
            "Gírela 90 grados, con las clavículas arriba.",
            "Turn it by 90 degrees, clavicles at the top.",
        ),
    ),
    RefusalCode.BLURRED: (
        Message(
            "La radiografía está demasiado borrosa para leerla.",
            "The radiograph is too blurred to read.",
        ),
        Message(
            "Use el archivo original, no una copia reducida ni una foto.",
            "Use the original file, not a reduced copy or a photograph.",
        ),
    ),
    RefusalCode.CROPPED: (
        Message(
            "La imagen parece un recorte: no muestra el tórax completo.",
            "The picture looks cropped: it does not show the whole chest.",
        ),
        Message(
            "Use la radiografía completa, con ambos pulmones.",
            "Use the whole radiograph, with both lungs.",
        ),
    ),
    RefusalCode.NO_LUNGS: (
        Message(
            "No se encuentran los dos pulmones en la imagen.",
            "The two lungs are not found in the picture.",
        ),
        Message(
            "Use una radiografía de tórax frontal, completa y sin girar. Si lo es, léala sin el "
            "modelo.",
            "Use a frontal chest radiograph, whole and upright. If it is one, read it without the "
            "model.",
        ),
    ),
    RefusalCode.PART_OF_CHEST: (
        Message(
            "El borde de la imagen corta un pulmón.",
            "The edge of the picture cuts a lung.",
        ),
        Message(
            "Use la radiografía completa, con ambos pulmones.",
            "Use the whole radiograph, with both lungs.",
        ),
    ),
    RefusalCode.COLLAGE: (
        Message(
            "La imagen parece contener varias radiografías juntas.",
            "The picture seems to hold several radiographs together.",
        ),
        Message("Envíe cada radiografía por separado.", "Send each radiograph by itself."),
    ),
    RefusalCode.ANNOTATED: (
        Message(
            "La radiografía tiene marcas sobre el tórax: flechas, letras, colores o zonas tapadas.",
            "The radiograph carries marks over the chest: arrows, letters, colours or patches.",
        ),
        Message(
            "Use la radiografía original, sin marcas.",
            "Use the original radiograph, without marks.",
        ),
    ),
    RefusalCode.LOOKS_CHILD: (
        Message(
            "Parece la radiografía de un niño; el modelo solo conoce adultos.",
            "It looks like a child's radiograph; the model knows adults only.",
        ),
        Message(
            "Compruebe la edad y que la radiografía sea de este paciente. Léala sin el modelo o "
            "pida la lectura de un radiólogo.",
            "Check the age, and that the film is this patient's. Read it without the model, or ask "
            "a radiologist to read it.",
        ),
    ),
    RefusalCode.NO_NUMBER: (
        Message(
            "El modelo no dio un número para esta imagen.",
            "The model gave no number for this image.",
        ),
        Message(
            "Compruebe la imagen; si es correcta, informe del fallo del modelo.",
            "Check the image; if it is sound, report the model's failure.",
        ),
    ),
    RefusalCode.ALTERED: (
        Message(
            "La respuesta guardada fue alterada en la base de datos y no se muestra.",
            "The stored answer was changed in the database and is not shown.",
        ),
        Message(
            "Avise al administrador; la radiografía se puede ingresar de nuevo.",
            "Tell the administrator; the film can be entered again.",
        ),
    ),
    RefusalCode.NOT_READ_HERE: (
        Message(
            "Esta página, que funciona sin conexión, no lee este tipo de archivo ({detail}).",
            "This page, which works offline, does not read this kind of file ({detail}).",
        ),
        Message(
            "Use COVID-D en la clínica o desde la línea de comandos, o exporte la radiografía "
            "como DICOM sin compresión o PNG.",
            "Use COVID-D at the clinic or from the command line, or export the radiograph as "
            "uncompressed DICOM or PNG.",
        ),
    ),
    RefusalCode.INTERNAL: (
        Message(
            "Un fallo interno impidió leer esta imagen ({detail}).",
            "An internal failure kept this image from being read ({detail}).",
        ),
        Message(
            "Vuelva a exportar la imagen; si se repite, informe del fallo.",
            "Export the image again; if it happens again, report the failure.",
        ),
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

    @classmethod
    def every(cls) -> tuple[Refusal, ...]:
        """Return every refusal there is, with an ellipsis for its detail."""
        return tuple(cls.of(code, "…") for code in RefusalCode)

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"code", "message": {"es", "en"}, "next_step": {"es", "en"}}``."""
        return {
            "code": self.code.value,
            "message": self.message.to_dict(),
            "next_step": self.next_step.to_dict(),
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Refusal:
        """Return what :meth:`to_dict` was called on.

        Raises
        ------
        ValueError
            If the code is none of this version's.
        """
        return cls(
            RefusalCode(kept["code"]), Message(**kept["message"]), Message(**kept["next_step"])
        )

    @property
    def text(self) -> Message:
        """The reason and the next step, as one text."""
        return Message(
            f"{self.message.es} {self.next_step.es}".strip(),
            f"{self.message.en} {self.next_step.en}".strip(),
        )


class RadiographError(CovidDError):
    """A file cannot be read as a radiograph; carries the refusal that says why."""

    def __init__(self, refusal: Refusal, cause: str = "") -> None:
        said = refusal.message
        message = Message(f"{said.es} ({cause})", f"{said.en} ({cause})") if cause else said
        super().__init__(message, refusal.next_step)
        self.refusal = refusal

    @classmethod
    def of(cls, code: RefusalCode, detail: object = "", *, cause: str = "") -> RadiographError:
        """Return the error for ``code``; ``cause`` (a library's own words) is for the log."""
        return cls(Refusal.of(code, detail), cause)
