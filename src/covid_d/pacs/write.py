"""Answers as DICOM objects and FHIR resources in folders, without a network."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

from covid_d.detector import Assessment
from covid_d.errors import CovidDError
from covid_d.files import write_atomically
from covid_d.language import Language
from covid_d.pacs.assess import answered_with
from covid_d.pacs.parse import parsed
from covid_d.pacs.results import make
from covid_d.pacs.results.fhir import bundle_file
from covid_d.pacs.results.header import header_of
from covid_d.pacs.results.identity import fingerprint, uid
from covid_d.radiograph import Radiograph
from covid_d.radiograph.prepare import Preprocessing

_log = logging.getLogger(__name__)


class AnswerFiles:
    """Writes each answered DICOM film's objects; pictures have no study and get none.

    Parameters
    ----------
    folder
        Where DICOM objects go; ``None`` for none.
    preprocessing
        The bundle's.
    language
        Of the texts.
    fhir
        Where FHIR transactions go; ``None`` for none.
    """

    def __init__(
        self,
        folder: Path | None,
        preprocessing: Preprocessing,
        language: Language,
        *,
        fhir: Path | None = None,
    ) -> None:
        self._folder, self._fhir = folder, fhir
        self._preprocessing, self._language = preprocessing, language

    def __call__(self, path: Path, film: Radiograph | None, assessment: Assessment) -> None:
        """Write what one answer becomes, named by its UIDs.

        The time that they state is that of the film's file.
        """
        try:
            # What became a film was searched already.
            dataset = parsed(path.read_bytes(), is_safe=film is not None)
            shown = answered_with(
                header_of(dataset),
                fingerprint(dataset),
                film,
                assessment,
                self._preprocessing,
                datetime.fromtimestamp(int(path.stat().st_mtime), UTC),
                self._language,
            )
        except (CovidDError, OSError) as error:
            _log.info("no objects for %s: %s", path, error)
            return
        if self._folder is not None:
            for made in make(shown):
                name = f"{made.name}-{made.sop_instance}.dcm"
                write_atomically(self._folder / name, made.content)
        if self._fhir is not None:
            name = f"report-{uid('report', *shown.key)}.json"
            write_atomically(self._fhir / name, bundle_file(shown))
