"""The SIIM-FISABIO-RSNA COVID-19 challenge of 2021: films graded by how they look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from covid_d.appearance import Appearance
from covid_d.dataset.collections.base import Exclusion, FilmRow, Reason
from covid_d.dataset.collections.listing import settle_listings
from covid_d.dataset.collections.shelf import Shelf
from covid_d.tables import read_table

STUDIES: Final = "train_study_level.csv"
IMAGES: Final = "train_image_level.csv"
LICENSE: Final = (
    "challenge terms: academic and non-commercial use (BIMCV-COVID19; MIDRC-RICORD, CC BY-NC 4.0)"
)
ADDRESS: Final = "https://www.kaggle.com/c/siim-covid19-detection"

# Column of the table of studies -> what it says.
_GRADES: Final = {
    "Negative for Pneumonia": Appearance.NEGATIVE,
    "Atypical Appearance": Appearance.ATYPICAL,
    "Indeterminate Appearance": Appearance.INDETERMINATE,
    "Typical Appearance": Appearance.TYPICAL,
}
_YES: Final = frozenset({"1", "1.0"})
_NO: Final = frozenset({"", "0", "0.0"})
_FOLDER: Final = "train"
_SUFFIXES: Final = (".jpg", ".png")
_ID: Final = re.compile(r"[A-Za-z0-9.-]+")


class SiimCollection:
    """``train_study_level.csv`` and ``train_image_level.csv`` beside ``train/``.

    Radiologists graded each study by appearance, after Litmanovich et al. (2020). **Appearance is
    not disease**: nearly all of these patients had COVID-19, those graded negative too, so no film
    gets a ``label``. The challenge names no patients; a study stands for one. A film is
    ``train/IMAGE.jpg``, ``train/IMAGE.png`` or, as published, ``train/STUDY/SERIES/IMAGE.dcm``; the
    first of these that is there is taken.

    Parameters
    ----------
    root
        The folder that holds the two tables.
    """

    citation: ClassVar[str] = (
        "P. Lakhani, J. Mongan, C. Singhal et al.: *The 2021 SIIM-FISABIO-RSNA Machine Learning "
        "COVID-19 Challenge: Annotation and Standard Exam Classification of COVID-19 Chest "
        "Radiographs*, J Digit Imaging, 2022; films of BIMCV-COVID19 and MIDRC-RICORD, "
        f"<{ADDRESS}>. For academic and non-commercial use, under the challenge's terms."
    )
    children_only: ClassVar[bool] = False

    def __init__(self, root: Path) -> None:
        self.name = "siim"
        self.root = root
        self._shelf = Shelf(root)

    def rows(self) -> Iterator[FilmRow]:
        """Yield one row a film, in the order of the table of films, then studies without a film.

        Raises
        ------
        DatasetError
            If one of the tables is missing or lacks a column.
        """
        grades = self._grades()
        yield from settle_listings(self._films(grades))

    def _films(self, grades: dict[str, _Grade]) -> Iterator[FilmRow]:
        filmed = set()
        for cells in read_table(self.root / IMAGES, ("id", "StudyInstanceUID")):
            study = cells["StudyInstanceUID"].removesuffix("_study")
            filmed.add(study)
            yield self._row(cells["id"].removesuffix("_image"), study, grades.get(study))
        for study, grade in grades.items():
            if study not in filmed:
                yield self._unusable(
                    None, study, grade, Exclusion(Reason.MISSING, f"no film of the study {study}")
                )

    def _row(self, image: str, study: str, grade: _Grade | None) -> FilmRow:
        file, exclusion = self._file(image, study)
        original = file.relative_to(self.root).as_posix() if file else f"{_FOLDER}/{image}"
        if exclusion is None:
            exclusion = _fault(study, grade)
        if file is None or exclusion is not None or grade is None:
            reason = exclusion or Exclusion(Reason.MISSING, image)
            return self._unusable(original if image else None, study, grade, reason)
        return FilmRow(
            source=self.name,
            original=original,
            file=file,
            appearance=grade.appearance,
            finding=grade.finding,
            patient=f"{self.name}:{study}",
            license=LICENSE,
            url=ADDRESS,
        )

    def _unusable(
        self, original: str | None, study: str, grade: _Grade | None, exclusion: Exclusion
    ) -> FilmRow:
        return FilmRow(
            source=self.name,
            original=original,
            exclusion=exclusion,
            appearance=grade.appearance if grade else None,
            finding=grade.finding if grade else "",
            patient=f"{self.name}:{study}" if study else "",
            license=LICENSE,
            url=ADDRESS,
        )

    def _file(self, image: str, study: str) -> tuple[Path | None, Exclusion | None]:
        if not image:
            return None, Exclusion(Reason.MISSING, "the row names no film")
        for suffix in _SUFFIXES:
            file, exclusion = self._shelf.find(f"{_FOLDER}/{image}{suffix}")
            if file or (exclusion and exclusion.reason is Reason.UNSAFE):
                return file, exclusion
        if _ID.fullmatch(study) and study.strip("."):
            # The name of the series stands in neither table.
            for file in sorted((self.root / _FOLDER / study).glob("*/*.dcm")):
                if file.stem == image:
                    return file, None
        return None, Exclusion(Reason.MISSING, image)

    def _grades(self) -> dict[str, _Grade]:
        """Return what each study was graded; one listed twice is graded by both rows."""
        grades: dict[str, _Grade] = {}
        for cells in read_table(self.root / STUDIES, ("id", *_GRADES)):
            study = cells["id"].removesuffix("_study")
            given = frozenset(name for name in _GRADES if cells[name] in _YES)
            odd = tuple(
                f"{name}: {cells[name]}" for name in _GRADES if cells[name] not in _YES | _NO
            )
            earlier = grades.get(study, _Grade(frozenset(), ()))
            grades[study] = _Grade(earlier.given | given, earlier.odd + odd)
        return grades


@dataclass(frozen=True, slots=True)
class _Grade:
    """What a study was graded: the columns marked, and cells that are neither 0 nor 1."""

    given: frozenset[str]
    odd: tuple[str, ...]

    @property
    def appearance(self) -> Appearance | None:
        """The one appearance, if there is exactly one."""
        return _GRADES[next(iter(self.given))] if len(self.given) == 1 and not self.odd else None

    @property
    def finding(self) -> str:
        """The columns marked, in the order of severity."""
        return ", ".join(name for name in _GRADES if name in self.given)


def _fault(study: str, grade: _Grade | None) -> Exclusion | None:
    """Return why a film of this study has no appearance, if so."""
    if not study:
        return Exclusion(Reason.UNLABELLED, "the row names no study")
    if grade is None:
        return Exclusion(Reason.UNLABELLED, f"{STUDIES} has no study {study}")
    if grade.odd:
        return Exclusion(Reason.UNLABELLED, f"study {study}: {', '.join(grade.odd)}")
    if not grade.given:
        return Exclusion(Reason.UNLABELLED, f"study {study} has no appearance")
    if len(grade.given) > 1:
        return Exclusion(Reason.CONTRADICTORY, f"study {study}: {grade.finding}")
    return None
