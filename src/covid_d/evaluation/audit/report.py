"""The audit as one page: verdict first, then conditions, figures and method."""

from __future__ import annotations

from covid_d.dataset.looks import told
from covid_d.evaluation.audit import texts
from covid_d.evaluation.audit.evidence import POOL, AuditResult, SourceEvidence
from covid_d.evaluation.audit.figure import audit_figure
from covid_d.evaluation.audit.probes import Probe
from covid_d.evaluation.audit.questions import COVID, QUESTIONS
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.report.texts import number, percent, shown
from covid_d.html_report import Page, Picture, Section, Table
from covid_d.language import Language, Message


def audit_page(result: AuditResult, language: Language) -> Page:
    """Return the audit's report."""
    return _Report(result, language).page()


class _Report:
    """Builds the page of one audit in one language."""

    def __init__(self, result: AuditResult, language: Language) -> None:
        self._r = result
        self._e = result.evidence
        self._language = language

    def page(self) -> Page:
        verdict = texts.PASSED if self._r.passed else texts.DEMONSTRATION
        return Page(
            title=self._say(texts.TITLE.format(bundle=self._r.bundle.name)),
            sections=[
                self._checks(),
                self._sources(),
                self._predictability(),
                self._changes(),
                self._thresholds(),
                self._methods(),
            ],
            notices=[self._say(verdict)],
            language=self._language,
        )

    def _checks(self) -> Section:
        rows = [
            [self._say(check.message), self._say(texts.YES if check.passed else texts.NO)]
            for check in self._r.checks
        ]
        return Section(
            self._say(texts.CHECKS_HEADING),
            [self._say(texts.CHECKS_TEXT)],
            [Table(self._all(texts.CHECKS_HEADER), rows)],
        )

    def _sources(self) -> Section:
        """One column a source, so that ten figures fit a screen and a sheet of paper."""
        sources = (self._e.pool, *self._e.sources)
        shown_ones = [source for source in sources if source.model is not None]
        few = [f"{self._name(s)} ({_classes(s)})" for s in sources if s.model is None]
        paragraphs = [self._say(texts.SOURCES_TEXT)]
        if few:
            told = texts.TOO_FEW_SOURCES.format(sources=", ".join(few))
            paragraphs.append(self._say(told))
        if not shown_ones:
            return Section(self._say(texts.SOURCES_HEADING), paragraphs)
        header = [self._say(texts.SOURCE), *map(self._name, shown_ones)]
        table = Table(header, self._figures(shown_ones))
        picture = Picture(audit_figure(self._e, self._language), self._say(texts.FIGURE))
        return Section(self._say(texts.SOURCES_HEADING), paragraphs, [table], [picture])

    def _figures(self, sources: list[SourceEvidence]) -> list[list[str]]:
        estimates: list[tuple[Message, list[Estimate | None]]] = [
            (texts.MODEL, [source.model for source in sources]),
            (texts.ONLY, [source.only_lungs for source in sources]),
            (texts.ERASED, [source.lungs_erased for source in sources]),
            (texts.MARKS_ERASED, [source.marks_erased for source in sources]),
        ]
        for probe in Probe:
            found = [s.probes[probe].auroc if probe in s.probes else None for s in sources]
            estimates.append((probe.message, found))
        films = f"{self._say(texts.WITH_WITHOUT)} ({self._say(texts.PATIENTS)})"
        return [
            [films, *(f"{_classes(source)} ({source.patients})" for source in sources)],
            *([self._say(name), *map(self._estimate, row)] for name, row in estimates),
            [
                self._say(texts.MARKED),
                *(f"{s.marked_positives} / {s.marked_negatives}" for s in sources),
            ],
        ]

    def _predictability(self) -> Section:
        rows = [
            [
                self._say(texts.WHICH[found.films]),
                ", ".join(f"{name} ({count})" for name, count in found.sources.items()),
                percent(found.balanced_accuracy, self._language),
                percent(found.chance, self._language),
            ]
            for found in self._e.predictability
        ]
        note = texts.PREDICT_TEXT if rows else texts.PREDICT_NONE
        tables = [Table(self._all(texts.PREDICT_HEADER), rows)] if rows else []
        return Section(self._say(texts.PREDICT_HEADING), [self._say(note)], tables)

    def _changes(self) -> Section:
        rows = [
            [
                self._say(found.message),
                str(found.films),
                number(found.score_change, self._language),
                percent(found.flips, self._language),
                percent(found.opposite, self._language),
                str(found.refused),
            ]
            for found in self._e.sensitivities
        ]
        return Section(
            self._say(texts.CHANGES_HEADING),
            [self._say(texts.CHANGES_TEXT)],
            [Table(self._all(texts.CHANGES_HEADER), rows)],
        )

    def _thresholds(self) -> Section:
        rows = [
            [
                self._say(texts.THRESHOLDS[name]),
                number(value, self._language, 0 if name == "films_per_class" else 2),
            ]
            for name, value in self._r.thresholds.to_dict().items()
        ]
        return Section(
            self._say(texts.THRESHOLDS_HEADING),
            tables=[Table(self._all(texts.THRESHOLDS_HEADER), rows)],
        )

    def _methods(self) -> Section:
        result, evidence = self._r, self._e
        left_out = ", ".join(f"{code} {n}" for code, n in sorted(evidence.left_out.items()))
        films = texts.FILMS.format(
            train=evidence.train_films,
            test=evidence.test_films,
            left_out=left_out or self._say(texts.NONE),
        )
        provenance = texts.PROVENANCE.format(
            **result.bundle.to_dict(),
            dataset=result.dataset_sha256,
            seed=result.seed,
            date=f"{result.created:%Y-%m-%d %H:%M} UTC",
        )
        return Section(
            self._say(texts.METHODS_HEADING),
            [
                *self._all(texts.METHODS),
                self._lungs(),
                self._say(films),
                self._say(told(result.attempts)),
                self._say(provenance),
            ],
        )

    def _lungs(self) -> str:
        lungs = self._e.lungs
        if lungs is None:
            return self._say(texts.NO_LUNGS)
        found = percent(lungs.found, self._language)
        if lungs.spec is None:
            return self._say(texts.LUNGS_GIVEN.format(found=found))
        low, high = lungs.spec.dice_interval
        return self._say(
            texts.LUNGS.format(
                dice=number(lungs.spec.dice, self._language, 3),
                low=number(low, self._language, 3),
                high=number(high, self._language, 3),
                films=lungs.spec.films,
                patients=lungs.spec.patients,
                found=found,
            )
        )

    def _name(self, source: SourceEvidence) -> str:
        name = self._say(texts.POOLED) if source.name == POOL else source.name
        if source.question == COVID.name:
            return name
        return f"{name}: {self._say(QUESTIONS[source.question].message)}"

    def _estimate(self, estimate: Estimate | None) -> str:
        return "–" if estimate is None else shown("auroc", estimate, self._language)

    def _all(self, messages: tuple[Message, ...] | list[Message]) -> list[str]:
        return [self._say(message) for message in messages]

    def _say(self, message: Message) -> str:
        return message.in_language(self._language)


def _classes(source: SourceEvidence) -> str:
    return f"{source.positives} / {source.negatives}"
