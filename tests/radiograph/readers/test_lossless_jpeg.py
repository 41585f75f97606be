"""JPEG lossless by libjpeg-turbo: GDCM's samples, and nothing of what is damaged.

In processes of its own as in the product: an error in a stream ends the process that asked.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import get_frame
from pydicom.uid import JPEGLossless, JPEGLosslessSV1

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers import gdcm_isolated, gdcm_worker, lossless_jpeg
from covid_d.radiograph.readers.codestream import Codestream

DEEP = films.grey16(bits=12, size=160)[:120]
ASK = """
import runpy, sys
from pathlib import Path
module = runpy.run_path(sys.argv[1])
stream = sys.stdin.buffer.read()
rows, columns, precision = map(int, sys.argv[2:])
samples = module["decode"](stream, rows=rows, columns=columns, precision=precision)
sys.stdout.buffer.write(b"unsure" if samples is None else samples)
"""


def asked(stream: bytes, *numbers: int) -> subprocess.CompletedProcess[bytes]:
    """Decode in a process; rows, columns and precision are the stream's own if left out."""
    if not numbers:
        head = Codestream.of(stream)
        numbers = head.rows, head.columns, head.precision
    file = str(Path(lossless_jpeg.__file__))
    command = [sys.executable, "-c", ASK, file, *map(str, numbers)]
    return subprocess.run(command, input=stream, capture_output=True, timeout=60, check=False)


def frame_of(samples: npt.NDArray[Any], bits: int, syntax: str, folder: Path) -> bytes:
    coded = films.gdcm_dicom(samples, bits, syntax, folder)
    (folder / "again.dcm").write_bytes(coded)
    return get_frame(dcmread(folder / "again.dcm").PixelData, 0, number_of_frames=1)


def test_the_library_is_found_where_the_tests_run() -> None:
    assert lossless_jpeg.available()


@pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1])
@pytest.mark.parametrize("bits", [8, 10, 12, 15, 16])
def test_the_samples_come_back(bits: int, syntax: str, tmp_path: Path) -> None:
    samples = films.grey8(size=150) if bits == 8 else films.grey16(bits=bits, size=150)
    stream = frame_of(samples, bits, syntax, tmp_path)
    found = asked(stream)
    assert found.stderr == b""
    kind = np.uint8 if bits == 8 else np.uint16
    np.testing.assert_array_equal(np.frombuffer(found.stdout, kind).reshape(150, 150), samples)


def test_restart_markers_and_predictors_of_other_encoders_are_read() -> None:
    for name in ("JPGLosslessP14SV1_1s_1f_8b.dcm", "JPEG-LL.dcm"):
        path = get_testdata_file(name, download=False)
        if path is None:
            pytest.skip("pydicom-data is not installed")
        film = dcmread(Path(str(path)))
        stream = get_frame(film.PixelData, 0, number_of_frames=1)
        head = Codestream.of(stream)
        samples = np.frombuffer(asked(stream).stdout, np.uint8 if head.precision <= 8 else np.int16)
        film.pixel_array_options(decoding_plugin="gdcm")
        np.testing.assert_array_equal(samples.reshape(head.rows, head.columns), film.pixel_array)


def test_another_picture_than_was_declared_is_none(tmp_path: Path) -> None:
    stream = frame_of(DEEP, 12, JPEGLosslessSV1, tmp_path)
    assert len(asked(stream, 120, 160, 16).stdout) == DEEP.nbytes
    for numbers in ((119, 160, 16), (120, 161, 16), (240, 80, 16)):
        found = asked(stream, *numbers)
        assert (found.returncode, found.stdout) == (0, b"")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_half_a_stream_gives_nothing_and_says_why(share: float, tmp_path: Path) -> None:
    stream = frame_of(DEEP, 12, JPEGLosslessSV1, tmp_path)
    for end in (b"", b"\xff\xd9"):
        found = asked(stream[: int(len(stream) * share)] + end, 120, 160, 16)
        assert found.stdout == b""
        assert b"remature end" in found.stderr or b"Corrupt" in found.stderr


@pytest.mark.parametrize(
    ("at", "by"),
    [
        (4, b"\0\0"),  # a marker's length
        (2, b"\xff\xc9"),  # arithmetic coding
        (20, b"\xff\xff\xff\xff"),
    ],
)
def test_a_broken_header_ends_the_process_not_with_a_picture(
    at: int, by: bytes, tmp_path: Path
) -> None:
    stream = bytearray(frame_of(DEEP, 12, JPEGLosslessSV1, tmp_path))
    stream[at : at + len(by)] = by
    found = asked(bytes(stream), 120, 160, 16)
    assert found.stdout == b""
    assert found.returncode >= 0  # no signal: it ends by itself
    assert found.stderr


def test_damaged_films_are_refused_where_gdcm_refuses_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = films.gdcm_dicom(DEEP, 12, JPEGLosslessSV1, tmp_path)
    start = whole.index(b"\xff\xd8\xff")
    broken = []
    for seed in range(30):
        rng, changed = np.random.default_rng(seed), bytearray(whole)
        for at in rng.integers(start + 400, len(whole) - 16, size=3):
            changed[at] ^= 1 << int(rng.integers(8))
        broken.append(bytes(changed))

    def refused() -> set[int]:
        return {number for number, data in enumerate(broken) if not _reads(data)}

    ours = refused()
    asks = gdcm_isolated._Worker.ask
    monkeypatch.setattr(
        gdcm_isolated._Worker, "ask", lambda self, data, how: asks(self, data, [*how[:-1], "0"])
    )
    by_gdcm = refused()
    assert by_gdcm
    assert by_gdcm <= ours


@pytest.mark.parametrize("more", [b"\x00" * 2, b"\x5a" * 3, b"\x00" * 6, b"\x5a" * 40])
def test_bytes_left_over_are_damage(more: bytes, tmp_path: Path) -> None:
    """A decoder that lost its place comes out before its data ends; turbo itself misses eight."""
    stream = frame_of(DEEP, 12, JPEGLosslessSV1, tmp_path)
    at = stream.rindex(b"\xff\xd9")
    assert asked(stream, 120, 160, 16).stdout == DEEP.tobytes()
    assert asked(stream[:at] + more + stream[at:], 120, 160, 16).stdout == b""
    assert asked(stream[:at] + b"\xff" + stream[at:], 120, 160, 16).stdout == DEEP.tobytes()
    assert asked(stream[:at] + b"\x00" + stream[at:], 120, 160, 16).stdout == b"unsure"
    assert gdcm_worker.decode(stream[:at] + b"\x00" + stream[at:], request(16)) == DEEP.tobytes()


def _reads(data: bytes) -> bool:
    try:
        read(data)
    except RadiographError as error:
        return error.refusal.code not in (RefusalCode.TRUNCATED, RefusalCode.UNSUPPORTED)
    return True


def request(lossless: int, allocated: int = 16, samples: npt.NDArray[Any] = DEEP) -> list[str]:
    rows, columns = samples.shape
    bits = min(12, allocated)
    numbers = (rows, columns, 1, 0, allocated, bits, 0, lossless)
    return [str(JPEGLosslessSV1), "MONOCHROME2", *map(str, numbers)]


def test_the_worker_asks_whom_it_can(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It loads the module by its file, without the packages around it; else GDCM decodes."""
    stream = frame_of(DEEP, 12, JPEGLosslessSV1, tmp_path)
    precision = Codestream.of(stream).precision
    turbo = gdcm_worker._turbo()
    assert turbo.__file__ == lossless_jpeg.__file__
    calls: list[int] = []
    usual = turbo.decode

    def noted(data: bytes, **how: int) -> bytes | None:
        calls.append(how["precision"])
        return usual(data, **how)  # type: ignore[no-any-return]

    monkeypatch.setattr(turbo, "decode", noted)
    assert gdcm_worker.decode(stream, request(precision)) == DEEP.tobytes()
    assert calls == [precision]
    monkeypatch.setattr(turbo, "available", lambda: False)
    assert gdcm_worker.decode(stream, request(precision)) == DEEP.tobytes()
    assert calls == [precision]


def test_colour_and_words_of_few_bits_are_left_to_gdcm(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def never(*_: Any, **__: Any) -> bytes:
        raise AssertionError("libjpeg-turbo was asked")

    monkeypatch.setattr(gdcm_worker._turbo(), "decode", never)
    grey = films.grey8(size=150)
    stream = frame_of(grey, 8, JPEGLosslessSV1, tmp_path)
    # Nought says that it is no grey lossless stream.
    assert gdcm_worker.decode(stream, request(0, 8, grey)) == grey.tobytes()
    with pytest.raises(AssertionError, match="was asked"):
        gdcm_worker.decode(stream, request(8, 8, grey))
    gdcm_worker.decode(stream, request(8, 16, grey))  # samples of a byte in words


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lossless_jpeg, "_library", lambda: None)
    assert not lossless_jpeg.available()
    with pytest.raises(RuntimeError, match="no libjpeg-turbo"):
        lossless_jpeg.decode(b"", rows=1, columns=1, precision=8)


def test_film_after_film_is_decoded_by_one_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(gdcm_isolated, "_idle", [])
    data = films.gdcm_dicom(films.grey16(bits=12), 12, JPEGLosslessSV1, tmp_path)
    plain = read(films.dicom(films.grey16(bits=12))).pixels
    workers = []
    for _ in range(3):
        np.testing.assert_array_equal(read(data).pixels, plain)
        workers += gdcm_isolated._idle
    assert len({id(worker) for worker in workers}) == 1
    workers[0].end()
