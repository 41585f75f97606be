"""The picture: a secondary capture of the film under its class activation, with the answer."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, SecondaryCaptureImageStorage

from covid_d import __version__
from covid_d.detector.explain import width_of, without_accents, write
from covid_d.language import Message
from covid_d.pacs.results.answered import Answered
from covid_d.pacs.results.codes import MANUFACTURER
from covid_d.pacs.results.document import state_equipment, state_moment, state_owner
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
    made = FileDataset("", {}, file_meta=_file_meta(answered), preamble=bytes(128))
    state_owner(made, answered.header)
    _state_series(made, answered)
    made.Rows, made.Columns = drawn.height, drawn.width
    made.SamplesPerPixel, made.PhotometricInterpretation = 3, "YBR_FULL_422"
    made.PlanarConfiguration, made.PixelRepresentation = 0, 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    made.BurnedInAnnotation = "YES"
    stream = BytesIO()
    drawn.save(stream, "JPEG", quality=_QUALITY, subsampling=1)  # 4:2:2, as stated
    made.LossyImageCompression = "01"
    made.LossyImageCompressionMethod = "ISO_10918_1"
    raw = drawn.width * drawn.height * 3
    made.LossyImageCompressionRatio = f"{raw / stream.tell():.2f}"
    made.PixelData = encapsulate([stream.getvalue()])
    made["PixelData"].VR = "OB"
    return made


def _file_meta(answered: Answered) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = uid("picture", *answered.key)
    meta.TransferSyntaxUID = JPEGBaseline8Bit
    return meta


def _state_series(made: Dataset, answered: Answered) -> None:
    bundle = answered.assessment.bundle
    made.SOPClassUID = SecondaryCaptureImageStorage
    made.SOPInstanceUID = uid("picture", *answered.key)
    made.SeriesInstanceUID = uid("series-picture", *answered.key)
    made.SeriesNumber, made.InstanceNumber = SERIES_NUMBER, 1
    made.SeriesDescription = _DESCRIPTION.in_language(answered.language)
    made.Modality, made.ConversionType = "OT", "WSD"
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.PatientOrientation = ""
    made.BodyPartExamined = "CHEST"  # not paired, so that no laterality is asked for
    state_equipment(made, answered.equipment)
    made.SecondaryCaptureDeviceManufacturer = MANUFACTURER
    made.SecondaryCaptureDeviceSoftwareVersions = f"COVID-D {__version__}"
    state_moment(made, answered.received)
    made.InstanceCreatorUID = uid("device", bundle.sha256)


def _with_notice(overlay: Image.Image, answered: Answered) -> Image.Image:
    """Draw what the picture is above it, in letters that any viewer shows."""
    width = overlay.width + overlay.width % 2  # 4:2:2 takes columns in pairs
    canvas = Image.new("RGB", (width, overlay.height + _BAND), "black")
    canvas.paste(overlay.convert("RGB"), (0, _BAND))
    text = without_accents(_NOTICE.in_language(answered.language))
    left = (width - width_of(text, _LETTERS)) // 2
    write(canvas, (left, (_BAND - _LETTERS) // 2), text, _LETTERS, (255, 255, 255))
    return canvas
