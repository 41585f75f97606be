"""``report.html`` of a job: what was answered, where it differs, what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from covid_d.detector import CATEGORIES, Outcome
from covid_d.detector.bundle.spec import AppearanceCalibration
from covid_d.html_report import Drawing, Page, Section, Table
from covid_d.language import Language, Message, localised
from covid_d.radiograph import Refusal, RefusalCode
from covid_d.screen import texts
from covid_d.screen.charts import StackedBar, stacked
from covid_d.screen.figures import WORST, ScreenFigures, ScreenGroup, stability
from covid_d.screen.job import ScreenJob

REPORT: Final = "report.html"
SHOWN: Final = 40
"""Groups of a chart and a table; the rows have them all."""
LEAST: Final = 30
"""Answers of a group below which its distance says more of chance than of the group."""


def report(job: ScreenJob, figures: ScreenFigures, language: Language) -> Page:
    """Return a job's report.

    Parameters
    ----------
    job
        Done or not.
    figures
        Of its rows.
    language
        Of the page.
    """
    return _Writer(job, figures, language).page()


class _Writer:
    def __init__(self, job: ScreenJob, figures: ScreenFigures, language: Language) -> None:
        self._job, self._figures, self._language = job, figures, language
        self._spec = job.spec

    def page(self) -> Page:
        counts = self._figures.counts
        notices = [self._said(texts.NO_COUNT)]
        if self._spec is None or self._spec.verdict.status == "demonstration":
            notices.insert(0, self._said(texts.DEMONSTRATION))
        if counts.films != self._job.films:
            done, films = self._whole(counts.films), self._whole(self._job.films or 0)
            notices.insert(0, self._said(texts.UNDONE.format(done=done, films=films)))
        sections = [
            self._of_job(),
            self._of_pace(),
            self._of_answers(),
            self._of_refusals(),
            self._how_to_compare(),
            self._of_groups(texts.BY_UNIT, self._figures.units, texts.UNSTATED),
            self._of_groups(texts.BY_MONTH, self._figures.months, texts.UNSTATED, by_name=True),
            self._of_groups(
                texts.BY_FOLDER, self._figures.folders, texts.NO_FOLDER, none=texts.ONE_FOLDER
            ),
            self._of_training(),
            self._of_faults(),
        ]
        return Page(self._said(texts.TITLE), sections, notices, self._language)

    def _of_job(self) -> Section:
        options, record = self._job.options, self._job.record
        bundle = options.bundle
        rows: list[tuple[str, object]] = [
            (self._said(texts.ARCHIVE), options.archive),
            (
                self._said(texts.MODEL),
                f"{bundle.name} {bundle.version} (SHA-256 {bundle.sha256})",
            ),
            (self._said(texts.CODE), f"COVID-D {record['code']}"),
            (self._said(texts.BEGAN), _moment(record["began"])),
            (self._said(texts.ENDED), _moment(record["ended"])),
            (self._said(texts.FILMS), self._whole(self._figures.counts.films)),
        ]
        if options.prevalence is not None:
            rows.append((self._said(texts.PREVALENCE), self._number(options.prevalence, "g")))
        header = (self._said(texts.ITEM), self._said(texts.VALUE))
        return Section(self._said(texts.JOB), tables=[Table(header, rows)])

    def _of_pace(self) -> Section:
        figures, record = self._figures, self._job.record
        median, high = figures.seconds(0.5), figures.seconds(0.95)
        if median is None or high is None:
            return Section(self._said(texts.PACE), [self._said(texts.NOTHING)])
        values = {
            "hours": self._number(figures.counts.seconds / 3600, ".2f"),
            "films": self._whole(figures.counts.films),
            "median": self._number(median, ".2g"),
            "high": self._number(high, ".2g"),
        }
        words = texts.PACE_SHORT
        if record["ended"] is not None:
            began, ended = (datetime.fromisoformat(record[name]) for name in ("began", "ended"))
            passed = max(1.0, (ended - began).total_seconds())
            words = texts.PACE_WORDS
            values["hours_clock"] = self._number(passed / 3600, ".2f")
            values["rate"] = self._number(figures.counts.films / passed, ".1f")
        return Section(self._said(texts.PACE), [self._said(words.format(**values))])

    def _of_answers(self) -> Section:
        counts = self._figures.counts
        outcomes = [(which.message, counts.outcomes[which]) for which in Outcome]
        likeliest = [(which.message, counts.categories[which]) for which in CATEGORIES]
        return Section(
            self._said(texts.ANSWERS),
            tables=[
                self._counted(texts.OUTCOME, outcomes, counts.films),
                self._counted(texts.LIKELIEST, likeliest, counts.categories.total()),
            ],
        )

    def _of_refusals(self) -> Section:
        counts = self._figures.counts
        if not counts.refusals:
            return Section(self._said(texts.REFUSALS), [self._said(texts.NOTHING)])
        rows = [(_reason(code), films) for code, films in counts.refusals.most_common()]
        table = self._counted(texts.REASON, rows, counts.films)
        return Section(self._said(texts.REFUSALS), tables=[table])

    def _how_to_compare(self) -> Section:
        words = texts.GROUP_WORDS.format(least=self._whole(LEAST))
        return Section(self._said(texts.GROUPS), [self._said(words)])

    def _of_groups(
        self,
        heading: Message,
        groups: Mapping[str, ScreenGroup],
        nameless: Message,
        *,
        none: Message = texts.ALL_UNSTATED,
        by_name: bool = False,
    ) -> Section:
        if set(groups) <= {""}:
            return Section(self._said(heading), [self._said(none)])
        largest = sorted(groups, key=lambda name: (-groups[name].films, name))[:SHOWN]
        names = sorted(largest) if by_name else largest
        paragraphs = []
        if len(groups) > SHOWN:
            words = texts.SHOWN.format(shown=SHOWN, all=self._whole(len(groups)))
            paragraphs.append(self._said(words))
        labels = {name: name or self._said(nameless) for name in names}
        header = [self._said(text) for text in (heading, texts.FILMS, texts.REFUSED)]
        header += [self._said(category.message) for category in CATEGORIES]
        header.append(self._said(texts.DISTANCE))
        rows = [(labels[name], *self._cells(groups[name])) for name in names]
        bars = [self._bar(labels[name], groups[name]) for name in names if groups[name].answered]
        drawings = []
        if bars:
            parts = [self._said(category.message) for category in CATEGORIES]
            drawings.append(Drawing(stacked(self._said(heading), parts, bars)))
        return Section(
            self._said(heading), paragraphs, tables=[Table(header, rows)], drawings=drawings
        )

    def _cells(self, group: ScreenGroup) -> list[str]:
        cells = [self._whole(group.films), self._percent(group.refused, group.films)]
        cells += [self._percent(group.likeliest[which], group.answered) for which in CATEGORIES]
        shares, whole = group.shares, self._figures.whole.shares
        if shares is None or whole is None or group.answered < LEAST:
            return [*cells, "–"]
        return [*cells, self._number(stability(shares, whole), ".2f")]

    def _bar(self, label: str, group: ScreenGroup) -> StackedBar:
        parts = [group.likeliest[which] / group.answered for which in CATEGORIES]
        return StackedBar(label, parts, f"n = {self._whole(group.answered)}")

    def _of_training(self) -> Section:
        heading = self._said(texts.DRIFT)
        calibration = self._spec and self._spec.calibration
        shares = self._figures.whole.shares
        if not isinstance(calibration, AppearanceCalibration) or shares is None:
            return Section(heading, [self._said(texts.NO_DRIFT)])
        distance = stability(shares, calibration.shares)
        words = texts.DRIFT_WORDS.format(
            films=self._whole(calibration.films), psi=self._number(distance, ".2f")
        )
        header = [
            self._said(text) for text in (texts.APPEARANCE, texts.IN_ARCHIVE, texts.IN_TRAINING)
        ]
        rows = [
            (self._said(category.message), self._percent(ours, 1), self._percent(theirs, 1))
            for category, ours, theirs in zip(CATEGORIES, shares, calibration.shares, strict=True)
        ]
        return Section(heading, [self._said(words)], tables=[Table(header, rows)])

    def _of_faults(self) -> Section:
        figures = self._figures
        faulty = [
            (self._whole(number), path, self._said(_reason(code)))
            for number, path, code in figures.faults
        ]
        slow = [
            (self._whole(number), path, self._number(seconds, ".2f"))
            for seconds, number, path in figures.slowest
        ]
        first = (self._said(texts.NUMBER), self._said(texts.PATH))
        tables = [Table((*first, self._said(texts.SECONDS)), slow, self._said(texts.SLOWEST))]
        if faulty:
            header = (*first, self._said(texts.REASON))
            tables.insert(0, Table(header, faulty, self._said(texts.WORST)))
        words = texts.WORST_WORDS.format(most=WORST) if faulty else texts.NOTHING
        return Section(self._said(texts.WORST), [self._said(words)], tables=tables)

    def _counted(self, what: Message, rows: Sequence[tuple[Message, int]], whole: int) -> Table:
        header = [self._said(text) for text in (what, texts.FILMS, texts.SHARE)]
        cells = [
            (self._said(name), self._whole(films), self._percent(films, whole))
            for name, films in rows
        ]
        return Table(header, cells)

    def _said(self, message: Message) -> str:
        return message.in_language(self._language)

    def _number(self, value: float, form: str) -> str:
        return localised(format(value, form), self._language)

    def _percent(self, part: float, whole: float) -> str:
        return f"{self._number(100 * part / whole, '.1f')} %" if whole else "–"

    def _whole(self, count: int) -> str:
        # A thin space parts thousands, as the Spanish academy and ISO 80000 write them.
        return f"{count:,}".replace(",", "\u202f")


def _moment(kept: str | None) -> str:
    return "–" if kept is None else f"{datetime.fromisoformat(kept):%Y-%m-%d %H:%M} UTC"


def _reason(code: str) -> Message:
    return Refusal.of(RefusalCode(code), "…").message
