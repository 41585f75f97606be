"""OpenJPEG itself, the copy that Pillow brings: it says what is wrong with a stream.

Pillow hands out the pixels and drops OpenJPEG's warnings, and in most JPEG 2000 streams nothing
else tells that a code-block is damaged: noise is decoded like film. So the same library is asked
directly, through ctypes. Pillow's wheels for Linux and macOS carry it as a file, distributions
install it; where it is part of Pillow's own module (Windows), :func:`available` is false.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_int, c_int32, c_size_t, c_uint16, c_uint32, c_void_p
from ctypes.util import find_library
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import PIL

_Samples = npt.NDArray[np.int32]

_STREAM, _FILE = 0, 2  # OPJ_CODEC_FORMAT: a bare codestream; one within the boxes of JP2
_BARE: Final = b"\xff\x4f\xff\x51"
_PARAMETERS: Final = 1 << 16  # bytes; opj_dparameters_t is 8 kB
_END: Final = ctypes.c_size_t(-1).value
_Reader = ctypes.CFUNCTYPE(c_size_t, c_void_p, c_size_t, c_void_p)
_Skipper = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, c_void_p)
_Seeker = ctypes.CFUNCTYPE(c_int, ctypes.c_int64, c_void_p)
_Message = ctypes.CFUNCTYPE(None, c_char_p, c_void_p)


class _Component(ctypes.Structure):
    """``opj_image_comp_t`` of OpenJPEG 2."""

    _fields_ = [
        *((name, c_uint32) for name in ("dx", "dy", "w", "h", "x0", "y0", "prec", "bpp", "sgnd")),
        *((name, c_uint32) for name in ("resno_decoded", "factor")),
        ("data", POINTER(c_int32)),
        ("alpha", c_uint16),
    ]


class _Image(ctypes.Structure):
    """``opj_image_t`` of OpenJPEG 2, as far as it is read."""

    _fields_ = [
        *((name, c_uint32) for name in ("x0", "y0", "x1", "y1", "numcomps")),
        ("color_space", c_int),
        ("comps", POINTER(_Component)),
    ]


def available() -> bool:
    """Return whether OpenJPEG can be asked directly."""
    return _library() is not None


def decode(data: bytes, *, spared: int = 0) -> tuple[_Samples, list[str]]:
    """Return the samples of a JPEG 2000 picture, and what OpenJPEG warns of.

    Parameters
    ----------
    data
        A codestream, or a JP2 file.
    spared
        How many of the highest resolution levels are left out; no component may have fewer.

    Returns
    -------
    samples
        int32, HxW, or HxWxC of several components; each level left out halves H and W, rounded up.
    warnings
        OpenJPEG's own sentences.

    Raises
    ------
    ValueError
        With OpenJPEG's words, if it does not decode all of the picture, or if the components differ
        in size.
    RuntimeError
        If OpenJPEG is not :func:`available`.
    """
    library = _library()
    if library is None:
        raise RuntimeError("there is no OpenJPEG to ask")
    source, said = _Source(data), _Said()
    stream = library.opj_stream_create(max(len(data), 1), 1)
    library.opj_stream_set_read_function(stream, source.read)
    library.opj_stream_set_skip_function(stream, source.skip)
    library.opj_stream_set_seek_function(stream, source.seek)
    library.opj_stream_set_user_data_length(stream, len(data))
    codec = library.opj_create_decompress(_STREAM if data.startswith(_BARE) else _FILE)
    image = POINTER(_Image)()
    try:
        library.opj_set_warning_handler(codec, said.warning, None)
        library.opj_set_error_handler(codec, said.error, None)
        parameters = ctypes.create_string_buffer(_PARAMETERS)
        library.opj_set_default_decoder_parameters(parameters)
        c_uint32.from_buffer(parameters).value = spared  # cp_reduce comes first
        whole = (
            library.opj_setup_decoder(codec, parameters)
            and library.opj_decoder_set_strict_mode(codec, 1)
            and library.opj_read_header(stream, codec, ctypes.byref(image))
            and library.opj_set_decode_area(codec, image, 0, 0, 0, 0)
            and library.opj_decode(codec, stream, image)
            and library.opj_end_decompress(codec, stream)
        )
        if not whole:
            raise ValueError(f"OpenJPEG: {' '.join(said.errors) or 'it gave no picture'}")
        return _samples_of(image.contents), said.warnings
    finally:
        if image:
            library.opj_image_destroy(image)
        library.opj_destroy_codec(codec)
        library.opj_stream_destroy(stream)


def _samples_of(image: _Image) -> _Samples:
    components = [image.comps[at] for at in range(image.numcomps)]
    sizes = {(component.h, component.w) for component in components}
    if len(sizes) != 1 or not all(component.data for component in components):
        raise ValueError(f"components of {sorted(sizes)} pixels")
    shape = sizes.pop()
    planes = [np.ctypeslib.as_array(component.data, shape) for component in components]
    # A copy in any case: the planes go when the image does.
    return planes[0].copy() if len(planes) == 1 else np.stack(planes, axis=-1)


class _Source:
    """Bytes as a stream of OpenJPEG's."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0
        self.read, self.skip = _Reader(self._read), _Skipper(self._skip)
        self.seek = _Seeker(self._seek)

    def _read(self, target: int, size: int, _: Any) -> int:
        piece = self._data[self._at : self._at + size]
        if not piece:
            return _END
        ctypes.memmove(target, piece, len(piece))
        self._at += len(piece)
        return len(piece)

    def _skip(self, size: int, _: Any) -> int:
        self._at += size
        return size

    def _seek(self, at: int, _: Any) -> int:
        self._at = at
        return 1


class _Said:
    """What OpenJPEG says while it decodes."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.errors: list[str] = []
        self.warning = _Message(lambda words, _: self.warnings.append(_text(words)))
        self.error = _Message(lambda words, _: self.errors.append(_text(words)))


def _text(words: bytes) -> str:
    return words.decode("utf-8", "replace").strip()


@cache
def _library() -> ctypes.CDLL | None:
    beside = Path(PIL.__file__).parent
    carried = (
        *beside.parent.glob("[Pp]illow.libs/libopenjp2*"),
        *beside.glob(".dylibs/libopenjp2*"),
    )
    for path in (*map(str, carried), find_library("openjp2")):
        try:
            library = ctypes.CDLL(path) if path else None
        except OSError:
            continue
        # The mode that refuses what is cut off came with 2.5.
        if library is not None and hasattr(library, "opj_decoder_set_strict_mode"):
            return _declared(library)
    return None


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    """Return the library with the types of what is called of it (openjpeg.h)."""
    handle, image = c_void_p, POINTER(_Image)
    for name, result, arguments in (
        ("opj_stream_create", handle, (c_size_t, c_int)),
        ("opj_stream_set_read_function", None, (handle, _Reader)),
        ("opj_stream_set_skip_function", None, (handle, _Skipper)),
        ("opj_stream_set_seek_function", None, (handle, _Seeker)),
        ("opj_stream_set_user_data_length", None, (handle, ctypes.c_uint64)),
        ("opj_stream_destroy", None, (handle,)),
        ("opj_create_decompress", handle, (c_int,)),
        ("opj_destroy_codec", None, (handle,)),
        ("opj_set_warning_handler", c_int, (handle, _Message, c_void_p)),
        ("opj_set_error_handler", c_int, (handle, _Message, c_void_p)),
        ("opj_set_default_decoder_parameters", None, (c_void_p,)),
        ("opj_setup_decoder", c_int, (handle, c_void_p)),
        ("opj_decoder_set_strict_mode", c_int, (handle, c_int)),
        ("opj_read_header", c_int, (handle, handle, POINTER(image))),
        ("opj_set_decode_area", c_int, (handle, image, c_int32, c_int32, c_int32, c_int32)),
        ("opj_decode", c_int, (handle, handle, image)),
        ("opj_end_decompress", c_int, (handle, handle)),
        ("opj_image_destroy", None, (image,)),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, list(arguments)
    return library
