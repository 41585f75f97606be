"""The report: one page that a doctor can read, headline first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from covid_d import __version__
from covid_d.dataset.describe.describe import UNKNOWN
from covid_d.dataset.manifest import Label
from covid_d.evaluation.evaluation import Evaluation
from covid_d.evaluation.figures.conformal import Coverage
from covid_d.evaluation.figures.metrics import LEAST_FILMS, PREVALENCES, Stratum
from covid_d.evaluation.figures.subgroups import notable_publishers
from covid_d.evaluation.report import texts
from covid_d.evaluation.report.texts import percent, shown
from covid_d.html_report import Page, Picture, Section, Table
from covid_d.language import Language, Message

_CALIBRATION = ("brier", "calibration_error", "calibration_slope", "calibration_intercept")
_BENEFITS = ("net_benefit_at_5", "net_benefit_at_10", "net_benefit_at_20", "net_benefit_at_50")
_POOL = (
    "auroc",
    "auroc_bootstrap",
    "average_precision",
    "sensitivity",
    "specificity",
    "accuracy",
    "error_rate",
    "likelihood_ratio_positive",
    "likelihood_ratio_negative",
    "sensitivity_at_90_specificity",
    "specificity_at_95_sensitivity",
)
_THREE_WAY = (
    "inconclusive",
    "inconclusive_covid",
    "inconclusive_nocovid",
    "conclusive_sensitivity",
    "conclusive_specificity",
    "coverage_covid",
    "coverage_nocovid",
)
# Which classes a figure needs, to tell "too few films" from "one class only".
_OF_ONE_CLASS = {
    "sensitivity": "positives",
    "conclusive_sensitivity": "positives",
    "specificity": "negatives",
    "conclusive_specificity": "negatives",
}


class EvaluationReport:
    """Builds the page of one evaluation.

    Parameters
    ----------
    evaluation
        What was measured.
    pictures
        Plots by name, PNG: ``roc``, ``precision_recall``, ``reliability``, ``confusion``,
        ``scores_by_source``, ``decision_curve``, ``worst_errors``. Missing ones are left out.
    language
        Of every text.
    """

    def __init__(
        self, evaluation: Evaluation, pictures: Mapping[str, bytes], language: Language
    ) -> None:
        self._e = evaluation
        self._pictures = pictures
        self._language = language

    def page(self) -> Page:
        """Return the page."""
        sections = [
            self._headline(),
            self._films(),
            self._sources(),
            self._pool(),
            self._three_way(),
            self._predictive(),
            self._calibration(),
            self._decision(),
            self._subgroups(),
            self._losses(),
            self._refusals(),
            self._methods(),
        ]
        return Page(
            title=self._say(texts.TITLE.format(bundle=self._e.scores.bundle.name)),
            sections=[section for section in sections if section is not None],
            notices=[self._say(notice) for notice in stamps(self._e)],
            language=self._language,
        )

    def _say(self, message: Message, **values: object) -> str:
        return (message.format(**values) if values else message).in_language(self._language)

    def _headline(self) -> Section:
        worst = self._e.headline
        if worst is None:
            return Section(self._say(texts.HEADLINE_HEADING), [self._say(texts.NO_HEADLINE)])
        area = worst.figures["auroc"]
        paragraphs = [
            self._say(
                texts.HEADLINE,
                name=worst.name,
                auroc=shown("auroc", area, self._language),
                positives=worst.positives,
                negatives=worst.negatives,
                patients=worst.patients,
            )
        ]
        if area.low <= 0.5:
            paragraphs.append(self._say(texts.CHANCE))
        paragraphs.append(self._say(texts.HEADLINE_WHY))
        names = (
            "auroc",
            "sensitivity",
            "specificity",
            "likelihood_ratio_positive",
            "likelihood_ratio_negative",
            "sensitivity_at_90_specificity",
            "calibration_error",
            "inconclusive",
            "conclusive_sensitivity",
            "conclusive_specificity",
            "coverage_covid",
            "coverage_nocovid",
        )
        return Section(
            self._say(texts.HEADLINE_HEADING),
            paragraphs,
            [self._figures(worst, names)],
            self._shown("roc"),
        )

    def _films(self) -> Section:
        scores = self._e.scores
        counts = pd.crosstab(scores.films["source"], scores.films["label"])
        header = [texts.DIMENSIONS["source"], texts.WITH_COVID, texts.WITHOUT_COVID]
        rows = [
            [str(source), *(int(counts.loc[source].get(label.value, 0)) for label in Label)]
            for source in counts.index
        ]
        text = self._say(
            texts.FILMS_TEXT,
            split=scores.split,
            films=len(scores.films) + len(scores.refused),
            refused=len(scores.refused),
        )
        return Section(
            self._say(texts.FILMS_HEADING),
            [text],
            [Table([self._say(cell) for cell in header], rows)],
            self._shown("scores_by_source"),
        )

    def _sources(self) -> Section:
        groups = self._e.subgroups
        publishers = notable_publishers(groups)
        paragraphs = [self._say(texts.SOURCES_TEXT)]
        tables = [self._strata("source", list(groups["source"].values()))]
        if publishers:
            tables.append(self._strata("subsource", publishers))
        small = sum(not stratum.figures for stratum in groups["subsource"].values())
        if small:
            paragraphs.append(self._say(texts.PUBLISHERS_LEFT, n=small))
        return Section(self._say(texts.SOURCES_HEADING), paragraphs, tables)

    def _pool(self) -> Section:
        return Section(
            self._say(texts.POOL_HEADING),
            [self._say(texts.POOL_TEXT)],
            [self._figures(self._e.pool, _POOL)],
            self._shown(*([] if self._e.headline else ["roc"]), "precision_recall"),
        )

    def _three_way(self) -> Section:
        if self._e.error_rate is None:
            return Section(
                self._say(texts.THREE_WAY_HEADING),
                [self._say(texts.NO_CONFORMAL)],
                pictures=self._shown("confusion"),
            )
        language = self._language
        paragraphs = [self._say(texts.THREE_WAY_TEXT, error=percent(self._e.error_rate, language))]
        parts = {"all": self._e.coverage, **self._e.coverage_apart}
        paragraphs += [
            self._coverage(scope, item) for scope, items in parts.items() for item in items
        ]
        return Section(
            self._say(texts.THREE_WAY_HEADING),
            paragraphs,
            [self._figures(self._e.pool, _THREE_WAY)],
            self._shown("confusion"),
        )

    def _coverage(self, scope: str, item: Coverage) -> str:
        label = self._say(texts.WITH_COVID if item.label is Label.COVID else texts.WITHOUT_COVID)
        return self._say(
            texts.COVERAGE_HOLDS if item.holds else texts.COVERAGE_BROKEN,
            scope=self._say(texts.COVERAGE_SCOPES[scope]),
            label=label[0].lower() + label[1:],
            observed=shown(f"coverage_{item.label.value}", item.observed, self._language),
            n=item.observed.n,
            target=percent(item.target, self._language),
        )

    def _predictive(self) -> Section | None:
        stratum = self._e.headline or self._e.pool
        if not stratum.has_both_classes:
            return None
        scope = (
            texts.SCOPE_POOL
            if self._e.headline is None
            else texts.SCOPE_WORST.format(name=stratum.name)
        )
        rows = []
        for prevalence in PREVALENCES:
            key = round(100 * prevalence)
            cells = (
                shown(f"{kind}_at_{key}", stratum.figures[f"{kind}_at_{key}"], self._language)
                for kind in ("ppv", "npv")
            )
            rows.append([percent(prevalence, self._language), *cells])
        header = [self._say(texts.PREVALENCE), *self._value_names("VPP", "VPN", "PPV", "NPV")]
        text = self._say(texts.PREDICTIVE_TEXT, scope=self._say(scope))
        return Section(self._say(texts.PREDICTIVE_HEADING), [text], [Table(header, rows)])

    def _value_names(self, *names: str) -> list[str]:
        half = len(names) // 2
        return list(names[:half] if self._language == "es" else names[half:])

    def _calibration(self) -> Section:
        return Section(
            self._say(texts.CALIBRATION_HEADING),
            [self._say(texts.CALIBRATION_TEXT)],
            [self._figures(self._e.pool, _CALIBRATION)],
            self._shown("reliability"),
        )

    def _decision(self) -> Section:
        pool = self._e.pool
        share = percent(pool.positives / pool.films, self._language)
        return Section(
            self._say(texts.DECISION_HEADING),
            [self._say(texts.DECISION_TEXT, prevalence=share)],
            [self._figures(pool, _BENEFITS)],
            self._shown("decision_curve"),
        )

    def _subgroups(self) -> Section:
        return Section(
            self._say(texts.SUBGROUPS_HEADING),
            [self._say(texts.SUBGROUPS_TEXT)],
            [
                self._strata(name, list(self._e.subgroups[name].values()))
                for name in ("projection", "sex", "age")
            ],
        )

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
        rows = refused[["path", "source", "label", f"reason_{self._language}"]].to_numpy().tolist()
        table = Table([self._say(cell) for cell in texts.REFUSED_COLUMNS], rows)
        return Section(self._say(texts.REFUSED_HEADING), tables=[table])

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
            self._say(texts.METHODS_HEADING),
            [self._say(message, **values) for message in texts.METHODS],
        )

    def _figures(self, stratum: Stratum, names: Sequence[str]) -> Table:
        name = self._name(stratum.name)
        caption = (
            f"{name}: {stratum.positives} {self._say(texts.WITH_COVID).lower()}, "
            f"{stratum.negatives} {self._say(texts.WITHOUT_COVID).lower()}"
        ).replace("covid", "COVID")
        rows = [
            [self._say(texts.FIGURES[key]), self._cell(stratum, key), self._n(stratum, key)]
            for key in names
        ]
        header = [self._say(texts.FIGURE), self._say(texts.VALUE), "n"]
        return Table(header, rows, caption)

    def _n(self, stratum: Stratum, key: str) -> str:
        return str(stratum.figures[key].n) if key in stratum.figures else "–"

    def _cell(self, stratum: Stratum, key: str) -> str:
        if key not in stratum.figures:
            own = _OF_ONE_CLASS.get(key)
            counts = (
                [stratum.positives, stratum.negatives]
                if own is None
                else [int(getattr(stratum, own))]
            )
            # A class that is absent altogether is not "too few": nothing could be measured.
            if 0 in counts and (own is not None or max(counts) >= LEAST_FILMS):
                return "–" if own is not None else self._say(texts.ONE_CLASS)
        return shown(key, stratum.figures.get(key), self._language)

    def _strata(self, dimension: str, strata: Sequence[Stratum]) -> Table:
        header = [
            self._say(texts.DIMENSIONS[dimension]),
            self._say(texts.WITH_COVID),
            self._say(texts.WITHOUT_COVID),
            self._say(texts.PATIENTS),
            "AUROC",
            self._say(texts.FIGURES["sensitivity"]),
            self._say(texts.FIGURES["specificity"]),
        ]
        rows = [
            [
                self._name(stratum.name),
                stratum.positives,
                stratum.negatives,
                stratum.patients,
                *(self._cell(stratum, key) for key in ("auroc", "sensitivity", "specificity")),
            ]
            for stratum in strata
        ]
        return Table(header, rows, self._say(texts.DIMENSIONS[dimension]))

    def _name(self, name: str) -> str:
        special = {"pool": texts.POOL, UNKNOWN: texts.UNKNOWN}
        return self._say(special[name]) if name in special else name

    def _shown(self, *names: str) -> list[Picture]:
        return [
            Picture(self._pictures[name], self._say(texts.PICTURES[name]))
            for name in names
            if name in self._pictures
        ]


def stamps(evaluation: Evaluation) -> list[Message]:
    """Return what must stand at the top of every page about an evaluation."""
    found = []
    if evaluation.scores.seen_allowed:
        stamp = texts.SEEN_STAMP if evaluation.scores.seen else texts.SEEN_NONE_STAMP
        found.append(stamp.format(seen=evaluation.scores.seen, films=len(evaluation.scores.films)))
    if not evaluation.scores.seen_known:
        found.append(texts.SEEN_UNKNOWN)
    elif evaluation.verdict == "demonstration":
        found.append(texts.DEMONSTRATION_STAMP)
    return found
