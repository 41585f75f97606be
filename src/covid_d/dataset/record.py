"""``dataset.json``: how a dataset was made, its counts, and one hash over everything in it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from covid_d.dataset.manifest import Split
from covid_d.files import sha256_of

MANIFEST: Final = "manifest.csv"
TEST_LABELS: Final = "test_labels.csv"
TEST_COLUMNS: Final = ("path", "label", "appearance")
EXCLUSIONS: Final = "exclusions.csv"
ATTRIBUTION: Final = "ATTRIBUTION.md"
RECORD: Final = "dataset.json"

# The manifest carries every film's own digest, so that these files stand for the whole dataset.
HASHED: Final = (MANIFEST, TEST_LABELS, EXCLUSIONS, ATTRIBUTION)
# What dataset.json must say; a builder may say more, which the hash then covers too.
REQUIRED: Final = ("sha256", "protocol", "counts")


def count(films: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Return split -> class -> number of films; those without one have the class ``""``.

    Parameters
    ----------
    films
        (split, class) of each film.
    """
    numbers = Counter(films)
    return {
        split.value: {label: n for (name, label), n in sorted(numbers.items()) if name == split}
        for split in Split
    }


def dataset_sha256(folder: Path, record: dict[str, Any]) -> str:
    """Return the hash over a dataset: its tables (which hold each film's hash) and its record.

    Parameters
    ----------
    folder
        The dataset's folder, with the files of :data:`HASHED`; a missing one counts as absent.
    record
        What ``dataset.json`` says; its ``sha256`` is left out.
    """
    said = {key: value for key, value in record.items() if key != "sha256"}
    files = {
        name: sha256_of(folder / name) if (folder / name).is_file() else None for name in HASHED
    }
    text = json.dumps({"record": said, "files": files}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
