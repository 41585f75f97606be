"""The manifest: one row a film. These columns are the contract between the rooms."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Split(StrEnum):
    """Which part of the data set a film belongs to."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    CT = "CT"
    LATERAL = "lateral"


# Not for learning or judging the answer: the input gate learns from them what to refuse.
SET_ASIDE: Final = (Split.CT, Split.LATERAL)


class Label(StrEnum):
    """The article's two classes."""

    COVID = "covid"
    NOCOVID = "nocovid"


# Column -> what it holds. Order is the order in ``manifest.csv``. Empty means unknown.
COLUMNS: Final[dict[str, str]] = {
    "path": "film, relative to the data set's folder, with forward slashes",
    "label": "covid or nocovid; empty when unknown, and for CT and lateral",
    "appearance": "negative, atypical, indeterminate or typical, as radiologists graded the film; "
    "empty when they did not, and for CT and lateral",
    "split": "train, validation, test, or set aside: CT, lateral",
    "source": "collection the film came from (cohen, kermany, nih, ...)",
    "subsource": "publisher within the collection (host name of its address), if known",
    "patient": "patient id, unique across collections; empty when unknown",
    "group": "films that must stay together: same patient or near-duplicate",
    "finding": "finding as the collection words it",
    "projection": "PA, AP, AP Supine or L; empty when unknown",
    "age": "years; empty when unknown",
    "sex": "F, M or O; empty when unknown",
    "license": "licence as the collection words it",
    "url": "where the collection says the film is from",
    "original": "path inside the collection",
    "width": "pixels, without uniform margins",
    "height": "pixels, without uniform margins",
    "sha256": "of the film's bytes as written in the data set",
    "original_sha256": "of the film's bytes in the collection",
    "phash": "perceptual hash (64-bit DCT, hexadecimal)",
}

# Columns that data sets built by earlier versions lack; they read as empty.
ADDED: Final = ("appearance",)


def class_folder(label: str, appearance: str) -> str:
    """Return the folder of a film within its split: its label's, or else its appearance's."""
    return label or appearance
