"""The DICOM conformance statement (PS3.2), written from the tables that the code works by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pydicom.sr.coding import Code
from pydicom.uid import UID

from covid_d import __version__
from covid_d.language import Language, Message
from covid_d.pacs.receive import STATUSES
from covid_d.pacs.results import codes, header
from covid_d.pacs.results.encode import IMPLEMENTATION, IMPLEMENTATION_NAME
from covid_d.pacs.send import OBJECTS
from covid_d.pacs.triage import CAPTURES, FILMS, MODALITIES

_TITLE = Message("Declaración de conformidad DICOM", "DICOM conformance statement")
_INTRODUCTION = Message(
    "Nodo COVID-D {version}. Recibe radiografías, las evalúa una vez y devuelve un informe "
    "estructurado y una captura secundaria al mismo estudio. Es un apoyo a la lectura; no es un "
    "diagnóstico.",
    "COVID-D node {version}. It receives radiographs, assesses each once and sends a structured "
    "report and a secondary capture back into the same study. It supports a reader; it is no "
    "diagnosis.",
)
_SCP = Message("Recibe (SCP)", "Receives (SCP)")
_SCP_TEXT = Message(
    "Verificación, y almacenamiento de cualquier clase y sintaxis de transferencia: un estudio "
    "reenviado no se interrumpe. Se evalúan las clases siguientes con modalidad {modalities} y "
    "región torácica (o sin región); las capturas secundarias, solo si declaran esa modalidad. Lo "
    "demás se acepta, se cuenta y se borra.",
    "Verification, and storage of any class and transfer syntax: a forwarded study is not "
    "interrupted. The following classes are assessed where their modality is {modalities} and the "
    "body part is the chest (or is not stated); secondary captures only if they state such a "
    "modality. Everything else is accepted, counted and deleted.",
)
_STATUS = Message("Estado de respuesta a C-STORE", "Status of a C-STORE response")
_SCU = Message("Envía (SCU)", "Sends (SCU)")
_SCU_TEXT = Message(
    "Verificación, almacenamiento, y Storage Commitment Push Model si el destino lo ofrece; además "
    "STOW-RS y FHIR R4.",
    "Verification, storage, and Storage Commitment Push Model where the destination offers it; "
    "also STOW-RS and FHIR R4.",
)
_OWNER = Message("Copiado de la radiografía", "Copied from the film")
_OWNER_TEXT = Message(
    "Un valor que la norma no permite queda vacío. Fuera del hospital, el perfil básico de PS3.15 "
    "E: ninguno de estos valores sale; los UID y el número del paciente son códigos.",
    "A value that the standard does not allow is left empty. Outside the hospital, the basic "
    "profile of PS3.15 E: none of these values leaves; UIDs and the patient's number are codes.",
)
_VIEWERS = Message("En los visores", "In viewers")
_VIEWERS_TEXT = Message(
    "Cada informe es un informe de mediciones (TID 1500): biblioteca de imágenes con la "
    "radiografía, y un grupo (TID 1410) con identificador, valores y, como región, la radiografía "
    "entera: no se señala ninguna parte. Es la estructura que abre OHIF (cornerstone-dicom-sr): la "
    "radiografía y, al lado, los valores. Una prueba la compara con las reglas de "
    "ese lector; no se ha visto en un OHIF en marcha. La captura y el PDF los muestra cualquier "
    "visor.",
    "Each report is a measurement report (TID 1500): an image library with the film, and a group "
    "(TID 1410) with its identifier, its values and, as region, the whole film: no part of it is "
    "pointed out. This is the structure that OHIF opens (cornerstone-dicom-sr): the "
    "film with the values beside it. A test holds it against the rules of that reader; it was "
    "not seen in a running OHIF. Any viewer shows the picture and the PDF.",
)
STRUCTURE: Final = (
    codes.MEASUREMENT_REPORT,
    codes.LIBRARY,
    codes.LIBRARY_GROUP,
    codes.MEASUREMENTS,
    codes.GROUP,
    codes.TRACKING,
    codes.TRACKING_UID,
    codes.REGION,
)
"""What a viewer finds its way through a report by, from the root down."""
_CODES = Message("Códigos", "Codes")
_SECURITY = Message("Seguridad", "Security")
_SECURITY_TEXT = Message(
    "TLS 1.2 o posterior con certificados de ambos lados (PS3.15 B.12). Títulos y direcciones "
    "permitidos por lista. Sin lista, el nodo escucha solo en su propia máquina.",
    "TLS 1.2 or later with certificates of both sides (PS3.15 B.12). Titles and addresses are "
    "allowed by list. Without one the node listens on its own machine alone.",
)
_IDENTITY = Message("Identidad", "Identity")
_HEADS = {
    "class": Message("Clase", "Class"),
    "syntax": Message("Sintaxis de transferencia", "Transfer syntaxes"),
    "status": Message("Estado", "Status"),
    "meaning": Message("Significado", "Meaning"),
    "scheme": Message("Esquema", "Scheme"),
    "code": Message("Código", "Code"),
}


def statement(language: Language) -> str:
    """Return the statement as Markdown."""
    return "\n".join(_lines(language)) + "\n"


def _lines(language: Language) -> Iterator[str]:
    def said(message: Message, **values: object) -> str:
        return message.format(**values).in_language(language)

    def head(*names: str) -> list[str]:
        return [said(_HEADS[name]) for name in names]

    yield f"# {said(_TITLE)}\n"
    yield said(_INTRODUCTION, version=__version__) + "\n"
    yield f"## {said(_SCP)}\n"
    yield said(_SCP_TEXT, modalities=", ".join(sorted(MODALITIES))) + "\n"
    yield from _table(head("class"), [[_named(uid)] for uid in sorted(FILMS | CAPTURES)])
    yield f"### {said(_STATUS)}\n"
    yield from _table(
        head("status", "meaning"),
        [[f"`0x{status:04X}`", text.in_language(language)] for status, text in STATUSES.items()],
    )
    yield f"## {said(_SCU)}\n"
    yield said(_SCU_TEXT) + "\n"
    yield from _table(
        head("class", "syntax"),
        [[_named(uid), "; ".join(UID(s).name for s in OBJECTS[uid])] for uid in OBJECTS],
    )
    yield f"## {said(_OWNER)}\n"
    yield said(_OWNER_TEXT) + "\n"
    yield ", ".join(f"`{name}`" for name in (*header.PATIENT, *header.STUDY, *header.COPIED)) + "\n"
    yield f"## {said(_VIEWERS)}\n"
    yield said(_VIEWERS_TEXT) + "\n"
    yield from _table(head("scheme", "code", "meaning"), [_row(code) for code in STRUCTURE])
    yield f"## {said(_CODES)}\n"
    yield from _table(
        head("scheme", "code", "meaning"),
        [_row(code) for code in codes.table()],
    )
    yield f"## {said(_SECURITY)}\n"
    yield said(_SECURITY_TEXT) + "\n"
    yield f"## {said(_IDENTITY)}\n"
    yield f"Implementation Class UID `{IMPLEMENTATION}`, `{IMPLEMENTATION_NAME}`."


def _row(code: Code) -> list[str]:
    return [code.scheme_designator, f"`{code.value}`", code.meaning]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def _named(uid: str) -> str:
    return f"{UID(uid).name} (`{uid}`)"
