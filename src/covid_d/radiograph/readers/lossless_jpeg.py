"""Grey JPEG lossless by libjpeg-turbo, the copy that Pillow brings: a fifth of GDCM's time.

Since 3.0 the library decodes what Pillow does not ask it for. It withstands hostile streams, but on
an error its C interface ends the process: so it is asked in a process of its own alone, the one in
which GDCM runs (``gdcm_worker``, which loads this file by its path: no other module is imported).
"""

from __future__ import annotations

import ctypes
from ctypes import byref, c_int, c_long, c_uint, c_ulong, c_void_p
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

# Pillow's wheels carry the interface of libjpeg 6.2, whose structures are of a known size where
# long and pointers have 64 bits; Windows' have not.
_VERSION, _SIZE = 62, 632
_NAMES: Final = ("libjpeg-*.so.62*", "libjpeg.62*.dylib")
# Where jpeg_error_mgr names what says its sentences, and counts warnings; it has fewer bytes.
_OUTPUT, _WARNINGS, _ERRORS = 16, 128, 512
_SILENCE: Final = ctypes.CFUNCTYPE(None, c_void_p)(lambda _: None)
_END: Final = b"\xff\xd9"


class _Decompress(ctypes.Structure):
    """``jpeg_decompress_struct`` of libjpeg 6.2 (jpeglib.h), as far as it is read."""

    _fields_ = [
        *((name, c_void_p) for name in ("err", "mem", "progress", "client_data")),
        *((name, c_int) for name in ("is_decompressor", "global_state")),
        ("src", c_void_p),
        *((name, c_uint) for name in ("image_width", "image_height")),
        *((name, c_int) for name in ("num_components", "jpeg_color_space", "out_color_space")),
        *((name, c_uint) for name in ("scale_num", "scale_denom")),
        ("output_gamma", ctypes.c_double),
        *((f"choice{number}", c_int) for number in range(12)),
        *((name, c_uint) for name in ("output_width", "output_height")),
        *((name, c_int) for name in ("out_color_components", "output_components")),
        ("rest", ctypes.c_byte * _SIZE),
    ]


def available() -> bool:
    """Return whether there is such a library."""
    return _library() is not None


def decode(stream: bytes, *, rows: int, columns: int, precision: int) -> bytes | None:
    """Return the samples of a grey JPEG lossless, row by row.

    An error in the stream prints what it is and ends the process.

    Parameters
    ----------
    stream
        ISO/IEC 10918-1, process 14.
    rows, columns, precision
        As its frame header says: size, and bits a sample, 2 to 16.

    Returns
    -------
    Bytes of one a sample of up to 8 bits, else of two in the machine's order; none where the
    library warns of damage, makes another picture of it, or is done before the stream is: most
    damage shows in nothing else. ``None`` where one byte is left over, which damage does, and an
    encoder might: another decoder is to tell.

    Raises
    ------
    RuntimeError
        If the library is not :func:`available`.
    """
    library = _library()
    if library is None:
        raise RuntimeError("there is no libjpeg-turbo to ask")
    samples, warned = _decoded(library, stream, (rows, columns), precision)
    if warned or not samples:
        return b""
    # The library takes up to eight bytes in advance, and does not miss them once it is done.
    end = len(stream[: stream.rfind(_END)].rstrip(b"\xff"))  # without fill bytes
    for stray in (1, 2):
        short = stream[: end - stray] + _END
        if _decoded(library, short, (rows, columns), precision, quiet=True)[1]:
            return samples if stray == 1 else None
    return b""


def _decoded(
    library: ctypes.CDLL,
    stream: bytes,
    shape: tuple[int, int],
    precision: int,
    *,
    quiet: bool = False,
) -> tuple[bytes, bool]:
    """Return the samples, none of another picture than was expected, and whether it was warned."""
    errors = ctypes.create_string_buffer(_ERRORS)
    picture = _Decompress(err=library.jpeg_std_error(errors))
    if quiet:
        c_void_p.from_buffer(errors, _OUTPUT).value = ctypes.cast(_SILENCE, c_void_p).value
    source = ctypes.create_string_buffer(stream, len(stream))
    library.jpeg_CreateDecompress(byref(picture), _VERSION, _SIZE)
    try:
        library.jpeg_mem_src(byref(picture), source, len(stream))
        library.jpeg_read_header(byref(picture), 1)
        library.jpeg_start_decompress(byref(picture))
        if (picture.output_height, picture.output_width, picture.output_components) != (*shape, 1):
            return b"", False
        rows, columns = shape
        wide = 1 if precision <= 8 else 2
        samples = ctypes.create_string_buffer(rows * columns * wide)
        first = ctypes.addressof(samples)
        lines = (c_void_p * rows)(*range(first, first + len(samples), columns * wide))
        read, done = _reader(library, precision), 0
        while done < rows:
            done += read(byref(picture), byref(lines, done * ctypes.sizeof(c_void_p)), rows - done)
        library.jpeg_finish_decompress(byref(picture))
        warned = c_long.from_buffer(errors, _WARNINGS).value > 0
        return b"" if quiet else bytes(memoryview(samples)), warned
    finally:
        library.jpeg_destroy_decompress(byref(picture))


def _reader(library: ctypes.CDLL, precision: int) -> Any:
    if precision <= 8:
        return library.jpeg_read_scanlines
    return library.jpeg12_read_scanlines if precision <= 12 else library.jpeg16_read_scanlines


@cache
def _library() -> ctypes.CDLL | None:
    pillow = find_spec("PIL")
    if pillow is None or pillow.origin is None or ctypes.sizeof(c_long) != 8:
        return None
    beside = Path(pillow.origin).parent
    folders = *beside.parent.glob("[Pp]illow.libs"), beside / ".dylibs"
    for path in (path for folder in folders for name in _NAMES for path in folder.glob(name)):
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        if hasattr(library, "jpeg16_read_scanlines"):
            return _declared(library)
    return None


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    """Return the library with the types of what is called of it (jpeglib.h)."""
    for name, result, arguments in (
        ("jpeg_std_error", c_void_p, (c_void_p,)),
        ("jpeg_CreateDecompress", None, (c_void_p, c_int, ctypes.c_size_t)),
        ("jpeg_mem_src", None, (c_void_p, c_void_p, c_ulong)),
        ("jpeg_read_header", c_int, (c_void_p, c_int)),
        ("jpeg_start_decompress", c_int, (c_void_p,)),
        ("jpeg_read_scanlines", c_uint, (c_void_p, c_void_p, c_uint)),
        ("jpeg12_read_scanlines", c_uint, (c_void_p, c_void_p, c_uint)),
        ("jpeg16_read_scanlines", c_uint, (c_void_p, c_void_p, c_uint)),
        ("jpeg_finish_decompress", c_int, (c_void_p,)),
        ("jpeg_destroy_decompress", None, (c_void_p,)),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, list(arguments)
    return library
