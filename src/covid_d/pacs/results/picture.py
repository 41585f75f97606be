"""The picture: a secondary capture of the film under its class activation, with the answer."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, SecondaryCaptureImageStorage

from covid_d import __version__
from covid_d.detector.explain import width_of, without_accents, write
from covid_d.language import Message
from covid_d.pacs.results.answered import Answered
from covid_d.pacs.results.codes import MANUFACTURER
from covid_d.pacs.results.document import (
    new_object,
    state_equipment,
    state_moment,
    state_owner,
)
from covid_d.pacs.results.encode import state
from covid_d.pacs.results.identity import uid

SERIES_NUMBER: Final = 9902
_DESCRIPTION: Final = Message(
    "COVID-D: mapa, no es un diagnóstico", "COVID-D: map, not a diagnosis"
)
_NOTICE: Final = Message(
    "APOYO A LA LECTURA: NO ES UN DIAGNÓSTICO", "SUPPORT FOR A READER: NOT A DIAGNOSIS"
)
_QUALITY: Final = 90
_BAND: Final = 34  # pixels
_LETTERS: Final = 18


def picture(answered: Answered) -> FileDataset | None:
    """Return the map over the film as an object of the film's study; ``None`` without a map.

    The words that say what it is are drawn into the picture: a viewer may show nothing else.
    """
    if answered.overlay is None:
        return None
    drawn = _with_notice(answered.overlay, answered)
    named = uid("picture", *answered.key)
    made = new_object(SecondaryCaptureImageStorage, named, JPEGBaseline8Bit)
    state_owner(made, answered.header)
    _state_series(made, answered)
    made.Rows, made.Columns = drawn.height, drawn.width
    made.SamplesPerPixel, made.PhotometricInterpretation = 3, "YBR_FULL_422"
    made.PlanarConfiguration, made.PixelRepresentation = 0, 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    stream = BytesIO()
    drawn.save(stream, "JPEG", quality=_QUALITY, subsampling=1)  # 4:2:2, as stated
    raw = drawn.width * drawn.height * 3
    state(
        made,
        BurnedInAnnotation="YES",
        LossyImageCompression="01",
        LossyImageCompressionMethod="ISO_10918_1",
        LossyImageCompressionRatio=f"{raw / stream.tell():.2f}",
    )
    made.PixelData = encapsulate([stream.getvalue()])
    made["PixelData"].VR = "OB"
    return made


def _state_series(made: Dataset, answered: Answered) -> None:
    state(
        made,
        SeriesInstanceUID=uid("series-picture", *answered.key),
        SeriesNumber=SERIES_NUMBER,
        InstanceNumber=1,
        SeriesDescription=_DESCRIPTION.in_language(answered.language),
        Modality="OT",
        ConversionType="WSD",
        ImageType=["DERIVED", "SECONDARY"],
        PatientOrientation="",
        BodyPartExamined="CHEST",  # not paired, so that no laterality is asked for
        SecondaryCaptureDeviceManufacturer=MANUFACTURER,
        SecondaryCaptureDeviceSoftwareVersions=f"COVID-D {__version__}",
        InstanceCreatorUID=uid("device", answered.assessment.bundle.sha256),
    )
    state_equipment(made, answered.equipment)
    state_moment(made, answered.received)


def _with_notice(overlay: Image.Image, answered: Answered) -> Image.Image:
    """Draw what the picture is above it, in letters that any viewer shows."""
    width = overlay.width + overlay.width % 2  # 4:2:2 takes columns in pairs
    canvas = Image.new("RGB", (width, overlay.height + _BAND), "black")
    canvas.paste(overlay, (0, _BAND))
    text = without_accents(_NOTICE.in_language(answered.language))
    left = (width - width_of(text, _LETTERS)) // 2
    write(canvas, (left, (_BAND - _LETTERS) // 2), text, _LETTERS, (255, 255, 255))
    return canvas
