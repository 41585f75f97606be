"""The report of a case as PDF (ReportLab): one A4 page for a film, more for more."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import reportlab
from PIL import Image as PillowImage
from reportlab.lib.colors import HexColor, black, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    HRFlowable,
    Image,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from covid_d import __version__
from covid_d.clinic.cases.report import Report, ReportedFilm
from covid_d.clinic.clock import Clock
from covid_d.clinic.http.render import formats
from covid_d.clinic.pages.case.result_advice import intended_use
from covid_d.clinic.pages.case.result_words import Base, ResultWords, base_of, words_of
from covid_d.clinic.pages.report.address import qr_png
from covid_d.language import N_, NN_, Language, Text

Pictures = Mapping[int, tuple[bytes | None, bytes | None]]

_MARGIN: Final = 15 * mm
_PADDING: Final = 6  # of ReportLab's frame, points
_WIDTH: Final = A4[0] - 2 * (_MARGIN + _PADDING)
_PICTURE: Final = (55 * mm, 58 * mm)
_QUIET: Final = HexColor("#46585e")
_LINE: Final = HexColor("#9fb0b5")
# Ink and ground of each outcome; the sign and the words say the same without colour. Neither red
# nor green, which are a laboratory's: an appearance proves nothing and rules nothing out.
_COLOURS: Final = {
    "positive": (HexColor("#8a3b00"), HexColor("#ffe9d3")),
    "negative": (HexColor("#14262c"), HexColor("#eef3f4")),
    "inconclusive": (HexColor("#54388a"), HexColor("#f1ecfa")),
    "demonstration": (black, HexColor("#eef3f4")),
    "void": (black, HexColor("#eef3f4")),
}
_FONT: Final = "Vera"
_BOLD: Final = "VeraBd"


def draw_report(
    report: Report,
    pictures: Pictures,
    language: Language,
    clock: Clock,
    *,
    address: str,
    drifting: str,
) -> bytes:
    """Return the report as PDF.

    Parameters
    ----------
    report
        What it says.
    pictures
        Of each film's id: its small picture and the one under its evidence, PNG, or ``None``.
    language
        Of the sentences.
    clock
        The installation's.
    address
        Of the case's page, for the QR code.
    drifting
        As in :func:`words_of_films`.
    """
    _fonts()
    buffer = io.BytesIO()
    title = f"COVID-D · {report.patient.code}"
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=11 * mm,
        bottomMargin=16 * mm,
        title=title,
        author="COVID-D",
        lang=language,
    )
    words = words_of_films(report, language, clock, drifting=drifting)
    story = list(_Drawing(report, pictures, words, language, clock, address).story())
    document.build(story, canvasmaker=lambda *a, **k: _Numbered(*a, language=language, **k))
    return buffer.getvalue()


def words_of_films(
    report: Report, language: Language, clock: Clock, *, drifting: str
) -> dict[int, ResultWords]:
    """Return the words of each answered film of a report, by its id.

    Parameters
    ----------
    report
        Whose films.
    language, clock
        As in :func:`draw_report`.
    drifting
        SHA-256 of the bundle whose drift alarm is on; empty where none is.
    """
    return {
        film.id: words_of(
            film.result,
            language,
            clock,
            unit=report.patient.unit,
            drifting=film.result.assessment.bundle.sha256 == drifting,
            tests=report.facts,
        )
        for film in report.films
        if film.result
    }


@cache
def _fonts() -> None:
    # ReportLab's own TrueType fonts are embedded: the standard ones lack letters beyond Latin-1.
    folder = Path(reportlab.__file__).parent / "fonts"
    for name in (_FONT, _BOLD):
        pdfmetrics.registerFont(TTFont(name, folder / f"{name}.ttf"))
    pdfmetrics.registerFontFamily(_FONT, normal=_FONT, bold=_BOLD, italic=_FONT, boldItalic=_BOLD)


class _Numbered(Canvas):  # type: ignore[misc]
    """A canvas that writes "page x of y": y is known only when all pages are there."""

    def __init__(self, *arguments: Any, language: Language, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._language = language
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - ReportLab's name
        """Keep the page for later."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write the pages, each with its number."""
        for number, kept in enumerate(self._pages, start=1):
            self.__dict__.update(kept)
            text = N_("Page %(n)d of %(all)d", n=number, all=len(self._pages))
            left, right = _MARGIN + _PADDING, A4[0] - _MARGIN - _PADDING
            self.setFont(_FONT, 7)
            self.setFillColor(_QUIET)
            self.drawRightString(right, 9 * mm, text.in_language(self._language))
            self.drawString(left, 9 * mm, f"COVID-D {__version__}")
            super().showPage()
        super().save()


class _Drawing:
    """The report's parts from top to bottom, in one language."""

    def __init__(
        self,
        report: Report,
        pictures: Pictures,
        words: Mapping[int, ResultWords],
        language: Language,
        clock: Clock,
        address: str,
    ) -> None:
        self._report = report
        self._pictures = pictures
        self._language = language
        self._clock = clock
        self._address = address
        self._words = words
        self._formats = formats(language)

    def story(self) -> Iterator[Flowable]:
        words = self._words
        base = base_of(words.values())
        yield self._top(base)
        yield HRFlowable(width="100%", color=_LINE, spaceBefore=3, spaceAfter=4)
        yield self._patient()
        yield from self._readings()
        yield self._signature()
        yield from self._follow_up()
        yield HRFlowable(width="100%", color=_LINE, spaceBefore=5, spaceAfter=1)
        yield _heading(self._say(N_("An aid: the model's answer")))
        for film in self._report.films:
            yield from self._film(film, words.get(film.id))
        for warning in base.warnings:
            yield _text(f"• {warning}", 8)
        yield Spacer(0, 2 * mm)
        use = intended_use(self._report.facts)
        yield _text(use.in_language(self._language), 7.5, bold=True)

    def _top(self, base: Base) -> Flowable:
        """Return what page 1 begins with: whose case, which model, what may make it wrong."""
        report, moment = self._report, self._formats["moment"]
        entered, made = (
            moment(self._clock.local(at)) for at in (report.patient.entered_at, report.made_at)
        )
        case = f"{self._say(N_('Case'))} {report.case_id} · {report.patient.unit}"
        entry = f"{self._say(N_('entered on'))} {entered}"
        printed = f"{self._say(N_('printed on'))} {made} · {report.made_by}"
        left = [
            _text(self._say(N_("Chest radiograph: support for its reading")), 13, bold=True),
            _text(case, 10, bold=True),
            _text(f"{entry} · {printed}", 8, _QUIET),
            *(_text(f"{self._say(N_('Model'))} {model}", 7.5) for model in base.models),
            *(_text(sentence, 8.5, bold=True) for sentence in base.deciding),
        ]
        code = Image(io.BytesIO(qr_png(self._address)), 24 * mm, 24 * mm, hAlign="RIGHT")
        return Table([[left, code]], colWidths=[_WIDTH - 26 * mm, 26 * mm], style=_tight())

    def _patient(self) -> Flowable:
        patient, day = self._report.patient, self._formats["day"]
        unknown, onset = self._say(N_("not known")), patient.symptom_onset
        named: list[tuple[Text, str]] = [
            (N_("Patient code"), patient.code),
            (N_("Age"), self._years(patient.age_years) or self._adult(patient.adult) or unknown),
            (N_("Sex"), self._say(patient.sex) if patient.sex else unknown),
            (N_("Province"), patient.province),
            (N_("First symptoms"), unknown if onset is None else day(onset)),
            (Text("SpO2"), self._saturation() or unknown),
            (N_("Symptoms"), ", ".join(map(self._say, patient.symptoms)) or unknown),
            (N_("Other illnesses"), ", ".join(map(self._say, patient.comorbidities)) or unknown),
        ]
        if self._report.national_id:
            named.insert(1, (N_("Cédula"), self._report.national_id))
        else:
            named.insert(1, (N_("Second identifier (by hand)"), "_" * 20))
        cells = [_named(self._say(name), value) for name, value in named]
        if len(cells) % 2:
            cells.append(_text("", 8))
        rows = [cells[at : at + 2] for at in range(0, len(cells), 2)]
        return Table(rows, colWidths=[_WIDTH / 2] * 2, style=_tight())

    def _saturation(self) -> str:
        """Return the oxygen saturation, and how low it is; empty where it is not known."""
        patient = self._report.patient
        said = self._say(patient.saturation) if patient.saturation else ""
        low, reduced = patient.low_saturation, patient.reduced_saturation
        if low is not None:
            return f"{said} · {self._say(low).upper()}"
        return f"{said} ({self._say(reduced)})" if reduced else said

    def _film(self, film: ReportedFilm, words: ResultWords | None) -> Iterator[Flowable]:
        heading = self._say(N_("Film %(n)d", n=film.number))
        if film.projection:
            heading += f" · {film.projection}"
        yield Spacer(0, 1 * mm)
        about = self._about(film)
        if words is None:
            yield _text(f"{heading}: {self._say(N_('This film has no answer yet.'))}", 9, bold=True)
        elif film.refused:
            yield _text(f"{heading}: {words.outcome}. {words.meaning} {words.action}", 8.5)
            yield from about
        else:
            todo = _text(words.action, 9, bold=True)
            said = [
                *([_text(words.leaning, 9)] if words.leaning else []),
                *about,
                *(_text(f"• {sentence}", 8.5, bold=True) for sentence in words.deciding),
                *([_text(words.meaning, 8.5)] if words.meaning else []),
                *([] if words.settled else [todo]),
            ]
            decides = [_text(words.laboratory, 13, bold=True), todo] if words.settled else []
            parts = [*decides, _outcome(heading, words), Spacer(0, 1 * mm), *said]
            parts.append(self._seen(film, words))
            yield KeepTogether(parts)
            for sentence in words.notes:
                yield _text(sentence, 7, _QUIET)

    def _about(self, film: ReportedFilm) -> list[Flowable]:
        """Return when the film was taken, what is odd about it, and how it was made."""
        known = self._say(N_("not known"))
        if film.taken_on is not None:
            known = self._formats["day"](film.taken_on)
        said = f"{self._say(N_('Date of the film'))}: {known}"
        if film.straightened:
            said += f" · {self._say(N_('Straightened by the user from a photograph'))}"
        lines = [_text(said, 8, _QUIET)]
        if film.odd_date is not None:
            lines.append(_text(self._say(film.odd_date), 8.5, bold=True))
        return lines

    def _seen(self, film: ReportedFilm, words: ResultWords) -> Flowable:
        """Return the film's pictures with the numbers beside them."""
        plain, covered = self._pictures.get(film.id, (None, None))
        missing = N_(
            "There is no picture of this film: the file cannot be read or is missing on the server."
        )
        first: Flowable = _picture(plain) if plain else _text(self._say(missing), 8, bold=True)
        beside: list[Flowable] = [_text(words.why, 8)] if words.why else []
        beside += [_named(name, value) for name, value in words.figures]
        cells: list[Any] = [first, beside]
        if covered:
            beside.append(
                _text(
                    self._say(N_("A rough map; it does not point out lesions.")),
                    6.5,
                    _QUIET,
                )
            )
            cells.insert(1, _picture(covered))
        shown = len(cells) - 1
        column = _PICTURE[0] + 2 * mm
        widths = [column] * shown + [_WIDTH - shown * column]
        return Table([cells], colWidths=widths, style=_tight())

    def _readings(self) -> Iterator[Flowable]:
        yield _heading(self._say(N_("The doctor's reading")))
        for reading in self._report.readings:
            moment = self._formats["moment"](self._clock.local(reading.at))
            said = f"{self._say(reading.finding)} ({self._say(reading.kind)})"
            yield _named(f"{reading.who}, {moment}", said)
            for line in reading.seen.lines(self._language):
                yield _text(line, 8)
            if reading.notes:
                yield _text(reading.notes, 8)
        yield from self._consensus()
        if not self._report.readings:
            yield _text(self._say(N_("No doctor's reading was recorded.")), 8)

    def _consensus(self) -> Iterator[Flowable]:
        found = self._report.consensus
        if found is not None:
            said = [self._say(part) for part in (found.text, found.category) if part]
            how = f"({self._say(found.how)}: {', '.join(found.who)})"
            yield _named(self._say(N_("Consensus")), f"{' · '.join(said)} {how}")
        elif self._report.disputed:
            yield _text(self._say(N_("The readers disagree; nobody has settled it yet.")), 8)

    def _follow_up(self) -> Iterator[Flowable]:
        yield _heading(self._say(N_("Laboratory and follow-up")))
        for fact in self._report.facts:
            day = f" ({self._formats['day'](fact.day)})" if fact.day else ""
            yield _named(self._say(fact.kind.text), f"{self._say(fact.text)}{day} {fact.notes}")
        if not self._report.facts:
            yield _text(self._say(N_("No result recorded yet.")), 8)

    def _signature(self) -> Flowable:
        line = _text(self._say(N_("Signature and stamp of the responsible doctor")), 7.5, _QUIET)
        style = TableStyle([("LINEABOVE", (1, 0), (1, 0), 0.6, black)])
        table = Table([["", line]], colWidths=[_WIDTH - 75 * mm, 75 * mm], style=style)
        return KeepTogether([Spacer(0, 12 * mm), table])

    def _say(self, text: Text) -> str:
        return text.in_language(self._language)

    def _adult(self, adult: bool | None) -> str:
        if adult is None:
            return ""
        return self._say(N_("adult") if adult else N_("under 18"))

    def _years(self, years: int | None) -> str:
        if years is None:
            return ""
        return self._say(NN_("%(num)d year", "%(num)d years", years))


def _text(words: str, size: float, colour: Any = black, *, bold: bool = False) -> Paragraph:
    """Return a paragraph of plain words: whatever they hold is shown, not obeyed."""
    style = ParagraphStyle(
        "text",
        fontName=_BOLD if bold else _FONT,
        fontSize=size,
        leading=1.28 * size,
        textColor=colour,
        spaceAfter=0.18 * size,
        splitLongWords=True,
    )
    return Paragraph(escape(words).replace("\n", "<br/>"), style)


def _named(name: str, value: str) -> Paragraph:
    style = ParagraphStyle("named", fontName=_FONT, fontSize=8, leading=10.2)
    colour = _QUIET.hexval().replace("0x", "#")
    value = escape(value).replace("\n", "<br/>")
    return Paragraph(f'<font color="{colour}">{escape(name)}:</font> <b>{value}</b>', style)


def _heading(words: str) -> Paragraph:
    paragraph = _text(words, 9, bold=True)
    paragraph.style.spaceBefore = 5
    return paragraph


def _outcome(heading: str, words: ResultWords) -> Flowable:
    ink, ground = _COLOURS[words.tone]
    size = 9 if words.settled else 13  # below what the laboratory says
    cells = [_text(words.sign, 14, white, bold=True), _text(words.outcome, size, ink, bold=True)]
    cells.append(_text(heading, 8, ink))
    style = [
        ("BACKGROUND", (0, 0), (-1, -1), ground),
        ("BACKGROUND", (0, 0), (0, 0), ink),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]
    widths = [9 * mm, _WIDTH - 49 * mm, 40 * mm]
    return Table([cells], colWidths=widths, style=TableStyle(style))


def _picture(content: bytes) -> Image:
    with PillowImage.open(io.BytesIO(content)) as picture:
        width, height = picture.size
    scale = min(_PICTURE[0] / width, _PICTURE[1] / height)
    return Image(io.BytesIO(content), scale * width, scale * height, hAlign="LEFT")


def _tight() -> TableStyle:
    return TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ]
    )
