"""How ``covid-d predict`` says its answers: in words, and as a table."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TextIO

from covid_d.detector import CATEGORIES, Assessment, Bundle, Outcome
from covid_d.detector.cautions import cautions_of_bundle
from covid_d.detector.words import MODEL, NO_RANGE, VERDICTS, numbers
from covid_d.files import printable
from covid_d.language import INTENDED_USE, Language, Message, localised
from covid_d.tables import no_formula

_WARNING = Message("Aviso: {text}", "Note: {text}")
_COUNT = Message("{n} radiografías: {counts}.", "{n} films: {counts}.")
_INCONCLUSIVE = Message(
    "No concluyente: con un error admitido del {error} por clase, el modelo no puede decidirse "
    "por una respuesta.",
    "Inconclusive: at an accepted error of {error} a class, the model cannot settle on an answer.",
)
COLUMNS: Final = (
    "path",
    "outcome",
    "most_likely",
    *(category.value for category in CATEGORIES),
    "opacity",
    "probability",
    "conformal_set",
    "covid_low",
    "covid_value",
    "covid_high",
    "prevalence",
    "table",
    "refusal",
    "refusal_message",
    "warnings",
    "bundle_name",
    "bundle_version",
    "bundle_sha256",
    "verdict",
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written.

    Parameters
    ----------
    delimiter
        Between cells.
    decimal
        Of numbers.
    for_excel
        Whether it begins with a byte order mark, by which Excel knows UTF-8, ends lines as Windows
        does, and says no text that Excel would take for a formula.
    """

    delimiter: str = ","
    decimal: str = "."
    for_excel: bool = False


DIALECTS: Final = {
    "plain": Dialect(),
    "excel": Dialect(for_excel=True),
    "excel-es": Dialect(delimiter=";", decimal=",", for_excel=True),
}


class AnswerTable:
    """Writes answers as rows of a CSV file, one after the other.

    Parameters
    ----------
    stream
        A text stream of UTF-8 that leaves line ends alone.
    dialect
        How the table is written.
    language
        Of the refusals' words.
    more
        Columns that stand after those of the answer.
    """

    def __init__(
        self, stream: TextIO, dialect: Dialect, language: Language, *, more: Sequence[str] = ()
    ) -> None:
        self._dialect, self._language = dialect, language
        end = "\r\n" if dialect.for_excel else "\n"
        self._writer = csv.writer(stream, delimiter=dialect.delimiter, lineterminator=end)
        if dialect.for_excel:
            stream.write("\ufeff")
        self._writer.writerow([*COLUMNS, *more])

    def write(self, assessment: Assessment, more: Sequence[str | float | None] = ()) -> None:
        """Write one answer, and what the other columns say of its film."""
        covid, refusal = assessment.covid, assessment.refusal
        appearance = assessment.appearance or {}
        row: tuple[str | float | None, ...] = (
            printable(assessment.path),
            assessment.outcome.value,
            assessment.most_likely,
            *(appearance.get(category) for category in CATEGORIES),
            assessment.opacity,
            assessment.probability,
            " ".join(assessment.conformal_set),
            *((covid.low, covid.value, covid.high, covid.prevalence) if covid else (None,) * 4),
            covid.table if covid else "",
            refusal.code.value if refusal else "",
            refusal.text.in_language(self._language) if refusal else "",
            " ".join(warning.code for warning in assessment.warnings),
            assessment.bundle.name,
            assessment.bundle.version,
            assessment.bundle.sha256,
            assessment.verdict,
            *more,
        )
        self._writer.writerow([self._cell(value) for value in row])

    def _cell(self, value: str | float | None) -> str:
        if value is None:
            return ""
        if isinstance(value, float):
            return repr(value).replace(".", self._dialect.decimal)
        return no_formula(str(value)) if self._dialect.for_excel else str(value)


def described(assessment: Assessment, bundle: Bundle, language: Language) -> Iterator[str]:
    """Yield an answer's lines: the answer first, then its numbers and warnings."""
    yield f"{printable(assessment.path)}: {assessment.headline.in_language(language)}"
    refusal = assessment.refusal
    lines = [] if refusal is None else [refusal.message, refusal.next_step]
    for line in lines + numbers(assessment):
        yield f"  {line.in_language(language)}"
    said_once = cautions_of_bundle(bundle.spec)  # in the closing block
    for warning in assessment.warnings:
        if warning not in said_once:
            text = warning.message.in_language(language)
            yield f"  {_WARNING.format(text=text).in_language(language)}"


def closing(
    bundle: Bundle, counts: Counter[Outcome], language: Language, *, prevalence: bool
) -> Iterator[str]:
    """Yield what is said once, after all answers.

    Parameters
    ----------
    bundle
        Which answered.
    counts
        Answers by outcome.
    language
        Of the words.
    prevalence
        Whether a prevalence was given; a bundle that can make nothing of it says so.
    """
    spec = bundle.spec
    if counts.total() > 1:
        listed = ", ".join(
            f"{outcome.message.in_language(language)} ({counts[outcome]})"
            for outcome in Outcome
            if counts[outcome]
        )
        yield _COUNT.format(n=counts.total(), counts=listed).in_language(language)
    if counts[Outcome.INCONCLUSIVE] and spec.conformal is not None:
        error = localised(f"{100 * spec.conformal.error_rate:.3g} %", language)
        yield _INCONCLUSIVE.format(error=error).in_language(language)
    if prevalence and not (spec.has_appearance and spec.verdict.status == "audit-passed"):
        yield NO_RANGE.in_language(language)
    verdict = VERDICTS[spec.verdict.status].in_language(language)
    yield MODEL.format(name=spec.name, version=spec.version, verdict=verdict).in_language(language)
    for caution in cautions_of_bundle(spec):
        yield caution.message.in_language(language)
    yield INTENDED_USE.in_language(language)
