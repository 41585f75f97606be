"""Make film files in memory, for tests of any room: pictures and DICOM of drawn phantoms."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.readers import reader_for


def grey8(seed: int = 1, *, size: int = 160, height: int | None = None) -> npt.NDArray[np.uint8]:
    """Return a phantom as uint8; ``height`` cuts its lower rows off."""
    pixels = _edged(draw_phantom(seed, size=size).pixels[:height])
    grey: npt.NDArray[np.uint8] = np.rint(pixels * 255.0).astype(np.uint8)
    return grey


def grey16(seed: int = 1, *, bits: int = 16, size: int = 160) -> npt.NDArray[np.uint16]:
    """Return a phantom as uint16 that uses ``bits`` of the sixteen."""
    pixels = _edged(draw_phantom(seed, size=size).pixels)
    return np.rint(pixels * ((1 << bits) - 1)).astype(np.uint16)


def lit(rows: int, columns: int, *, seed: int = 3) -> npt.NDArray[np.float32]:
    """Return a phantom as float32 in [0, 1] that is bright and uneven to its edges: no margin."""
    film = draw_phantom(seed, size=max(rows, columns)).pixels[:rows, :columns]
    y, x = np.indices(film.shape)
    uneven = 0.1 * np.sin(y / 9.0) * np.cos(x / 7.0)
    bright: npt.NDArray[np.float32] = np.clip(0.55 * film + 0.3 + uneven, 0, 1).astype(np.float32)
    return bright


def _edged(pixels: npt.NDArray[np.float32], wide: int = 2) -> npt.NDArray[np.float32]:
    """Return a film whose outer lines no reader takes for a margin, so that none is cut off."""
    rows, columns = np.indices(pixels.shape)
    ticks = np.where((rows + columns) // 8 % 2, np.float32(0.2), np.float32(0.6))
    edge = np.ones(pixels.shape, dtype=np.bool_)
    edge[wide:-wide, wide:-wide] = False
    return np.where(edge, ticks, pixels)


def picture(pixels: npt.NDArray[Any] | Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return the bytes of a picture file."""
    stream = BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(stream, kind, **options)
    return stream.getvalue()


def whole(data: bytes) -> npt.NDArray[np.float32]:
    """Return a film with its margins, as its reader gives it to `read`, which cuts them off."""
    return reader_for(data).decode(data, "")[0]


def dataset(pixels: npt.NDArray[Any] | None = None, **elements: Any) -> Dataset:
    """Return a computed radiography data set.

    ``elements`` replace or add elements by keyword; ``None`` removes one.
    """
    pixels = grey16(bits=12) if pixels is None else pixels
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.SOPClassUID = ComputedRadiographyImageStorage
    film.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    film.Modality = "CR"
    film.Rows, film.Columns = pixels.shape[:2]
    film.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    film.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        film.PlanarConfiguration = 0
    film.BitsAllocated = pixels.dtype.itemsize * 8
    film.BitsStored = 12 if film.BitsAllocated == 16 else 8
    film.PixelRepresentation = int(pixels.dtype.kind == "i")
    film.PixelData = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    film["PixelData"].VR = "OW" if film.BitsAllocated == 16 else "OB"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # values outside the standard are the point of many tests
        for keyword, value in elements.items():
            if value is None:
                delattr(film, keyword)
            else:
                setattr(film, keyword, value)
    if "BitsStored" in film and "HighBit" not in elements:
        film.HighBit = film.BitsStored - 1
    return film


def lut(
    values: list[int], *, first: int = 0, bits: int = 16, entries: int | None = None
) -> Sequence:
    """Return a Modality or VOI LUT Sequence; ``entries`` lies about the number of values."""
    item = Dataset()
    item.LUTDescriptor = [len(values) if entries is None else entries, first, bits]
    item.add_new("LUTData", "OW", np.asarray(values, dtype="<u2").tobytes())
    return Sequence([item])


def part10(film: Dataset) -> bytes:
    """Return a data set as a DICOM file."""
    film.file_meta.MediaStorageSOPClassUID = film.SOPClassUID
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    stream = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        film.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def dicom(pixels: npt.NDArray[Any] | None = None, **elements: Any) -> bytes:
    """Return a computed radiography film as an uncompressed DICOM file."""
    return part10(dataset(pixels, **elements))


def encapsulated(film: Dataset, frame: bytes, syntax: str) -> bytes:
    """Return ``film`` as a DICOM file that holds ``frame``, a compressed stream."""
    film.file_meta.TransferSyntaxUID = UID(syntax)
    film.PixelData = encapsulate([frame])
    film["PixelData"].VR = "OB"
    film["PixelData"].is_undefined_length = True
    return part10(film)


def jpeg_dicom(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return a JPEG baseline DICOM file."""
    frame = picture(pixels, "JPEG", quality=95)
    return encapsulated(dataset(pixels), frame, JPEGBaseline8Bit)


def j2k_dicom(pixels: npt.NDArray[np.uint16]) -> bytes:
    """Return a lossless JPEG 2000 DICOM file of 16 stored bits."""
    frame = picture(pixels, "JPEG2000", no_jp2=True, irreversible=False)
    return encapsulated(dataset(pixels, BitsStored=16), frame, JPEG2000Lossless)


def rle_dicom(pixels: npt.NDArray[Any], **elements: Any) -> bytes:
    """Return an RLE DICOM file."""
    film = dataset(pixels, **elements)
    film.compress(RLELossless, generate_instance_uid=False)
    return part10(film)


def big_endian_dicom(pixels: npt.NDArray[np.uint16], **elements: Any) -> bytes:
    """Return a DICOM file in explicit VR big endian."""
    film = dataset(pixels, **elements)
    film.PixelData = pixels.astype(">u2").tobytes()
    film["PixelData"].VR = "OW"
    film.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    return part10(film)


def gdcm_dicom(
    samples: npt.NDArray[np.unsignedinteger],
    bits: int,
    syntax: str,
    folder: Path,
) -> bytes:
    """Return a DICOM file that GDCM coded in ``syntax``, by way of files in ``folder``."""
    import gdcm

    plain, coded = folder / "plain.dcm", folder / "coded.dcm"
    plain.write_bytes(dicom(samples, BitsStored=bits))
    reader = gdcm.ImageReader()
    reader.SetFileName(str(plain))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(coded))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return coded.read_bytes()
