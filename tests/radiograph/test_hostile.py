"""Broken and hostile files: each is read or refused with a reason; nothing else may happen."""

from __future__ import annotations

from pathlib import Path

import pytest

from covid_d.radiograph import RadiographError, Refusal, check, read
from covid_d.radiograph.refusal import RefusalCode

# Named like good films, and readable: what is wrong with them is the name, the depth, the header,
# a preview behind the picture, or a window that states nothing; or a few bytes that happen not to
# matter (flipped).
_READABLE = (
    "alpha.png",
    "clear-palette.png",
    "cmyk.jpg",
    "film.bmp",
    "film.jp2",
    "frames-0.dcm",
    "lost-preamble.dcm",
    "two.mpo",
    "dicom-called.jpg",
    "grey-alpha.png",
    "jpeg-called.png",
    "no-suffix",
    "palette.png",
    "png-called.dcm",
    "sixteen.png",
    "window-0.dcm",
    "window-negative.dcm",
    "big-endian.tif",
)

_EXPECTED = {
    "zero.png": RefusalCode.EMPTY,
    "text.png": RefusalCode.NOT_AN_IMAGE,
    "ascii-transfer.png": RefusalCode.NOT_AN_IMAGE,
    "folder.dcm": RefusalCode.NOT_A_FILE,
    "archive.dcm": RefusalCode.DOCUMENT,
    "document.jpg": RefusalCode.DOCUMENT,
    "page.png": RefusalCode.DOCUMENT,
    "locked.png": RefusalCode.ENCRYPTED,
    "envelope.dcm": RefusalCode.ENCRYPTED,
    "encrypted.dcm": RefusalCode.ENCRYPTED,
    "sealed.png": RefusalCode.ENCRYPTED,
    "animated.png": RefusalCode.MULTI_FRAME,
    "animated.webp": RefusalCode.MULTI_FRAME,
    "pages.tif": RefusalCode.MULTI_FRAME,
    "loop.tif": RefusalCode.MULTI_FRAME,
    "frames-3.dcm": RefusalCode.MULTI_FRAME,
    "animated.gif": RefusalCode.UNSUPPORTED,
    "float.tif": RefusalCode.UNSUPPORTED,
    "lab.tif": RefusalCode.UNSUPPORTED,
    "polarity.dcm": RefusalCode.UNSUPPORTED,
    "video.dcm": RefusalCode.UNSUPPORTED,
    "function.dcm": RefusalCode.UNSUPPORTED,
    "bomb-30000.png": RefusalCode.TOO_LARGE,
    "bomb-9000.png": RefusalCode.TOO_LARGE,
    "bomb-short.png": RefusalCode.TOO_LARGE,
    "bomb.jpg": RefusalCode.TOO_LARGE,
    "bomb.tif": RefusalCode.TOO_LARGE,
    "rows-65535.dcm": RefusalCode.TOO_LARGE,
    "deflate-bomb.dcm": RefusalCode.TOO_LARGE,
    "rle-bomb.dcm": RefusalCode.TRUNCATED,
    "text-bomb.png": RefusalCode.TRUNCATED,
    "wrong-checksum.png": RefusalCode.TRUNCATED,
    "rows-less.dcm": RefusalCode.TRUNCATED,
    "columns-more.dcm": RefusalCode.TRUNCATED,
    "huge-stream.dcm": RefusalCode.TRUNCATED,
    "jpeg-as-lossless.dcm": RefusalCode.TRUNCATED,
    "deeper-sequences.dcm": RefusalCode.TOO_LARGE,
    "no-pixels.dcm": RefusalCode.TRUNCATED,
    "report.dcm": RefusalCode.NO_PIXELS,
    "pdf-inside.dcm": RefusalCode.NO_PIXELS,
    "thumbnail.png": RefusalCode.TOO_SMALL,
    "blank.png": RefusalCode.BLANK,
    "one-bit.png": RefusalCode.BLANK,
    "padding-all.dcm": RefusalCode.UNSUPPORTED,
    "colour.jpg": RefusalCode.COLOUR,
    "ribbon.png": RefusalCode.ASPECT,
    "ct.dcm": RefusalCode.NOT_RADIOGRAPHY,
    "foot.dcm": RefusalCode.NOT_CHEST,
    "script.dcm": RefusalCode.NOT_CHEST,
    "lateral.dcm": RefusalCode.NOT_FRONTAL,
    "child.dcm": RefusalCode.CHILD,
}


def _refusal(path: Path) -> Refusal | None:
    try:
        return check(read(path))
    except RadiographError as error:
        return error.refusal


def test_there_are_enough_and_all_differ(hostile_files: list[Path]) -> None:
    contents = {path.read_bytes() for path in hostile_files if path.is_file()}
    assert len(hostile_files) >= 200
    assert len(contents) >= 200


def test_every_file_is_read_or_refused_with_a_reason(hostile_files: list[Path]) -> None:
    answered = []
    for path in hostile_files:
        refusal = _refusal(path)
        if refusal is None:
            answered.append(path.name)
            continue
        words = refusal.to_dict()["message"]
        assert words["es"].strip(), path.name
        assert words["en"].strip(), path.name
    unexpected = [name for name in answered if "flipped" not in name and name not in _READABLE]
    assert unexpected == []


def test_half_a_film_is_never_accepted(hostile_files: list[Path]) -> None:
    cut = [path for path in hostile_files if path.name.startswith("cut-")]
    assert len(cut) >= 60
    for path in cut:
        with pytest.raises(RadiographError):
            read(path)


@pytest.mark.parametrize(("name", "code"), _EXPECTED.items())
def test_the_reason_is_the_right_one(
    hostile_files: list[Path], name: str, code: RefusalCode
) -> None:
    path = next(path for path in hostile_files if path.name == name)
    refusal = _refusal(path)
    assert refusal is not None
    assert refusal.code is code


def test_a_files_words_are_quoted_short_and_plain(hostile_files: list[Path]) -> None:
    path = next(path for path in hostile_files if path.name == "script.dcm")
    refusal = _refusal(path)
    assert refusal is not None
    assert len(refusal.message.en) < 100
    assert refusal.message.en.isprintable()


def test_generation_is_repeatable(tmp_path: Path, hostile_files: list[Path]) -> None:
    from hostile import make_hostile_files

    again = make_hostile_files(tmp_path)
    assert [path.name for path in again] == [path.name for path in hostile_files]
    for first, second in zip(again, hostile_files, strict=True):
        if first.is_file():
            assert first.read_bytes() == second.read_bytes(), first.name
