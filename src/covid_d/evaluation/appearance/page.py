"""The report of appearance: one page that a doctor can read, headline first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from covid_d import __version__
from covid_d.dataset.describe.describe import UNKNOWN
from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.evaluation.appearance import texts
from covid_d.evaluation.appearance.evaluation import AppearanceEvaluation
from covid_d.evaluation.appearance.figures import ALL_FILMS, OUTCOMES, Count, GradedStratum
from covid_d.evaluation.appearance.outside import OutsideSource
from covid_d.evaluation.appearance.table import graded, is_category, probabilities
from covid_d.evaluation.appearance.words import (
    SUBGROUP_FIGURES,
    figure_shown,
    headline,
    measured,
    named_figures,
    outside_rows,
    stamps,
    tells_outcomes,
)
from covid_d.evaluation.figures.calibration import BinnedFilms
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.report import texts as shared
from covid_d.evaluation.report.texts import number, percent, shown
from covid_d.html_report import Page, Picture, Section, Table
from covid_d.language import Language, Message

_OUTCOME_NAMES = (texts.POSITIVE, texts.INCONCLUSIVE, texts.NEGATIVE)


class AppearanceReport:
    """Builds the page of one evaluation of appearance.

    Parameters
    ----------
    evaluation
        What was measured.
    pictures
        Plots by name, PNG; missing ones are left out.
    language
        Of every text.
    """

    def __init__(
        self, evaluation: AppearanceEvaluation, pictures: Mapping[str, bytes], language: Language
    ) -> None:
        self._e = evaluation
        self._pictures = pictures
        self._language = language

    def page(self) -> Page:
        """Return the page."""
        sections = [
            self._headline(),
            self._measured(),
            self._graded(),
            self._answers(),
            self._outside(),
            self._coverage(),
            self._calibration(),
            self._subgroups(),
            self._losses(),
            self._refusals(),
            self._methods(),
        ]
        return Page(
            title=self._say(texts.TITLE, bundle=self._e.scores.bundle.name),
            sections=[section for section in sections if section is not None],
            notices=[self._say(stamp) for stamp in stamps(self._e)],
            language=self._language,
        )

    def _headline(self) -> Section:
        heading = self._say(texts.HEADLINE_HEADING)
        said = headline(self._e, self._language)
        why = [] if self._e.headline is None else [self._say(texts.HEADLINE_WHY)]
        return Section(heading, [said, *why], pictures=self._shown("roc"))

    def _measured(self) -> Section:
        films = self._e.scores.films
        names = [self._say(texts.SHORT[category]) for category in CATEGORIES]
        header = [self._say(texts.SOURCE), *names, self._say(texts.ALL)]
        rows = [
            [
                str(source),
                *(_both(Count.of(own[is_category(own, category)])) for category in CATEGORIES),
                _both(Count.of(own)),
            ]
            for source, own in films.groupby("source")
        ]
        caption = f"{self._say(texts.FILMS)} / {self._say(texts.PATIENTS)}"
        return Section(
            self._say(texts.MEASURED_HEADING),
            [self._say(message) for message in measured(self._e)],
            [Table(header, rows, caption)],
        )

    def _graded(self) -> Section | None:
        pool = self._e.pool
        if pool is None:
            return None
        agreement = Table(
            [self._say(cell) for cell in texts.AGREEMENT_HEADER],
            [[self._say(cell) for cell in row] for row in texts.AGREEMENT],
        )
        rows = [
            [
                self._say(name),
                self._estimate(pool, key),
                pool.count_of(key).films,
                pool.count_of(key).patients,
            ]
            for key, name in named_figures().items()
            if key in pool.figures
        ]
        header = [
            self._say(name) for name in (shared.FIGURE, shared.VALUE, texts.FILMS, texts.PATIENTS)
        ]
        return Section(
            self._say(texts.GRADED_HEADING),
            [self._say(texts.GRADED_TEXT), self._say(texts.AGREEMENT_TEXT)],
            [Table(header, rows, self._count(pool.all)), agreement],
            self._shown("confusion"),
        )

    def _answers(self) -> Section | None:
        pool = self._e.pool
        if pool is None:
            return None
        heading = self._say(texts.ANSWERS_HEADING)
        counts = {
            ALL_FILMS: pool.all,
            **{category.value: pool.categories[category] for category in CATEGORIES},
        }
        rows = [
            [self._category(name), count.films, count.patients, *self._shares(pool.figures, name)]
            for name, count in counts.items()
            if f"positive_{name}" in pool.figures
        ]
        if not rows:
            return Section(heading, [self._say(texts.NO_OUTCOME)])
        return Section(heading, [self._say(texts.ANSWERS_TEXT)],
                       [Table(self._outcome_header(texts.CATEGORY), rows)])  # fmt: skip

    def _outside(self) -> Section:
        heading = self._say(texts.OUTSIDE_HEADING)
        if not self._e.outside:
            return Section(heading, [self._say(texts.NO_OUTSIDE)])
        tables = [self._called(self._e.outside, texts.SOURCE)]
        apart = [
            [
                source.name,
                self._say(texts.OUTSIDE_AUROC[key]),
                shown("auroc", figure, self._language),
                source.counts[key].films,
                source.counts[key].patients,
            ]
            for source in self._e.outside
            for key, figure in source.figures.items()
        ]
        if apart:
            header = [self._say(texts.SOURCE), self._say(texts.QUESTION), "AUROC",
                      self._say(texts.FILMS), self._say(texts.PATIENTS)]  # fmt: skip
            tables.append(Table(header, apart))
        if any(part.name != UNKNOWN for part in self._e.outside_projection):
            tables.append(self._called(self._e.outside_projection, texts.PROJECTION))
        return Section(heading, [self._say(texts.OUTSIDE_TEXT)], tables, self._shown("outside"))

    def _called(self, parts: Sequence[OutsideSource], first: Message) -> Table:
        rows = outside_rows(tuple(parts), self._language, called=tells_outcomes(self._e))
        for row in rows:
            row[0] = self._name(str(row[0]))
        header = self._outcome_header(first)
        return Table([header[0], self._say(texts.FINDING), *header[1:]], rows)

    def _coverage(self) -> Section:
        heading = self._say(texts.COVERAGE_HEADING)
        if not self._e.coverage:
            return Section(heading, [self._say(texts.NO_COVERAGE)])
        rows = [
            [
                self._category(item.name),
                item.count.films,
                item.count.patients,
                self._share(item.by_film),
                self._share(item.by_patient),
                self._say(texts.KEPT if item.holds else texts.BROKEN),
            ]
            for item in self._e.coverage
        ]
        tables = [Table([self._say(cell) for cell in texts.COVERAGE_HEADER], rows)]
        pool = self._e.pool
        if pool is not None and "set_of_1" in pool.figures:
            sizes = [
                [str(k), self._share(pool.figures[f"set_of_{k}"])]
                for k in range(len(CATEGORIES) + 1)
            ]
            tables.append(Table([self._say(texts.SET_SIZE), self._say(texts.FILMS)], sizes))
        target = percent(self._e.coverage[0].target, self._language)
        return Section(heading, [self._say(texts.COVERAGE_TEXT, target=target)], tables)

    def _calibration(self) -> Section | None:
        pool, films = self._e.pool, graded(self._e.scores.films)
        p = None if films.empty else probabilities(films)
        if pool is None or p is None or "kappa" not in pool.figures:
            return None
        rows = [
            [
                self._say(category.message),
                pool.categories[category].films,
                pool.categories[category].patients,
                shown("calibration_error", pool.figures[f"calibration_error_{category.value}"],
                      self._language),
                number(BinnedFilms(p[:, k], is_category(films, category)).corrected(),
                       self._language, 3),
            ]
            for k, category in enumerate(CATEGORIES)
        ]  # fmt: skip
        header = [texts.CATEGORY, texts.FILMS, texts.PATIENTS, texts.ERROR, texts.CORRECTED]
        return Section(
            self._say(texts.CALIBRATION_HEADING),
            [self._say(texts.CALIBRATION_TEXT)],
            [Table([self._say(cell) for cell in header], rows)],
            self._shown("calibration"),
        )

    def _subgroups(self) -> Section | None:
        tables = [
            self._strata(dimension, list(strata.values()))
            for dimension, strata in self._e.subgroups.items()
            if strata
        ]
        if not tables:
            return None
        return Section(
            self._say(texts.SUBGROUPS_HEADING), [self._say(texts.SUBGROUPS_TEXT)], tables
        )

    def _strata(self, dimension: str, strata: Sequence[GradedStratum]) -> Table:
        header = [
            self._say(shared.DIMENSIONS[dimension]),
            self._say(texts.FILMS),
            self._say(texts.PATIENTS),
            *(self._say(name) for name in SUBGROUP_FIGURES.values()),
        ]
        rows = [
            [
                self._name(stratum.name),
                stratum.all.films,
                stratum.all.patients,
                *(self._estimate(stratum, key) for key in SUBGROUP_FIGURES),
            ]
            for stratum in strata
        ]
        return Table(header, rows, self._say(shared.DIMENSIONS[dimension]))

    def _losses(self) -> Section | None:
        pictures = self._shown("worst_errors")
        if not pictures:
            return None
        return Section(
            self._say(texts.LOSSES_HEADING), [self._say(texts.LOSSES_TEXT)], pictures=pictures
        )

    def _refusals(self) -> Section | None:
        refused = self._e.scores.refused
        if refused.empty:
            return None
        columns = ["path", "source", "appearance", f"reason_{self._language}"]
        rows = [
            [path, source, self._category(category) if category else "–", reason]
            for path, source, category, reason in refused[columns].to_numpy().tolist()
        ]
        table = Table([self._say(cell) for cell in texts.REFUSED_HEADER], rows)
        return Section(self._say(shared.REFUSED_HEADING), tables=[table])

    def _methods(self) -> Section:
        scores = self._e.scores
        values = {
            "resamples": self._e.resamples,
            "seed": self._e.seed,
            "name": scores.bundle.name,
            "version": scores.bundle.version,
            "sha256": scores.bundle.sha256,
            "dataset": scores.dataset_sha256,
            "covid_d": __version__,
        }
        return Section(
            self._say(shared.METHODS_HEADING),
            [self._say(message, **values) for message in (*texts.METHODS, shared.METHODS[-1])],
        )

    def _outcome_header(self, first: Message) -> list[str]:
        names = (first, texts.FILMS, texts.PATIENTS, *_OUTCOME_NAMES)
        return [self._say(name) for name in names]

    def _shares(self, figures: Mapping[str, Estimate], name: str) -> list[str]:
        return [self._share(figures.get(f"{outcome}_{name}")) for outcome in OUTCOMES]

    def _share(self, estimate: Estimate | None) -> str:
        return shown("coverage", estimate, self._language)

    def _estimate(self, stratum: GradedStratum, key: str) -> str:
        return figure_shown(key, stratum.figures.get(key), self._language)

    def _count(self, count: Count) -> str:
        films, patients = self._say(texts.FILMS).lower(), self._say(texts.PATIENTS).lower()
        return f"{count.films} {films}, {count.patients} {patients}"

    def _category(self, name: str) -> str:
        return self._say(texts.ALL if name == ALL_FILMS else Appearance(name).message)

    def _name(self, name: str) -> str:
        return self._say(shared.UNKNOWN) if name == UNKNOWN else name

    def _say(self, message: Message, **values: object) -> str:
        return (message.format(**values) if values else message).in_language(self._language)

    def _shown(self, *names: str) -> list[Picture]:
        return [
            Picture(self._pictures[name], self._say(texts.PICTURES[name]))
            for name in names
            if name in self._pictures
        ]


def _both(count: Count) -> str:
    return f"{count.films} / {count.patients}"
