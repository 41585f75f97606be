"""The report of a job: its numbers are those of the rows, its words Spanish or English."""

from __future__ import annotations

import re

import pytest

from bundle_factory import AUDITED, make_appearance_bundle
from covid_d.html_report import Page
from covid_d.language import INTENDED_USE
from covid_d.radiograph.phantom import draw_phantom
from covid_d.screen import ScreenJob, screen
from covid_d.screen.figures import ScreenFigures
from covid_d.screen.report import report
from films import dicom, grey16


@pytest.fixture(scope="module", name="job")
def finished_job(tmp_path_factory: pytest.TempPathFactory) -> ScreenJob:
    """A job of two hospitals, two months and a torn film, by an audited model of appearance."""
    folder = tmp_path_factory.mktemp("report")
    films = folder / "films"
    for number in range(6):
        (films / f"h{number % 2}").mkdir(parents=True, exist_ok=True)
        (films / f"h{number % 2}" / f"{number}.dcm").write_bytes(
            dicom(
                grey16(number, bits=12, size=128),
                InstitutionName="Norte <b>" if number % 2 else "Sur",
                StudyDate=f"20200{3 + number // 3}10",
                PatientAge="061Y",
            )
        )
    draw_phantom(1, size=128).to_image().save(films / "loose.png")
    (films / "torn.png").write_bytes((films / "loose.png").read_bytes()[:2000])
    bundle = make_appearance_bundle(folder / "bundle", verdict=AUDITED)
    screen(films, folder / "job", bundle=bundle, prevalence=0.05, workers=1)
    return ScreenJob.open(folder / "job")


def pages(job: ScreenJob) -> dict[str, Page]:
    figures = ScreenFigures.of(job)
    return {"es": report(job, figures, "es"), "en": report(job, figures, "en")}


def cells(page: Page, heading: str) -> list[list[str]]:
    (section,) = [each for each in page.sections if each.heading == heading]
    return [[str(cell) for cell in row] for table in section.tables for row in table.rows]


def test_both_languages_say_the_same_numbers(job: ScreenJob) -> None:
    both = pages(job)
    spanish, english = (
        [
            cell
            for part in page.sections
            for table in part.tables
            for row in table.rows
            for cell in row
        ]
        for page in both.values()
    )
    numbers = [
        [re.sub(r"(\d),(\d)", r"\1.\2", str(cell)) for cell in cells if str(cell)[:1].isdecimal()]
        for cells in (spanish, english)
    ]
    assert numbers[0] == numbers[1]
    assert len(numbers[0]) > 60
    assert both["es"].title == "Revisión de un archivo"
    assert both["en"].title == "Screening of an archive"


def test_what_the_job_is(job: ScreenJob) -> None:
    rows = dict(cells(pages(job)["en"], "The job"))
    assert rows["Archive"] == job.options.archive
    assert job.options.bundle.sha256 in rows["Model"]
    assert rows["Films"] == "8"
    assert rows["Prevalence given"] == "0.05"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", rows["Ended"])


def test_answers_add_up(job: ScreenJob) -> None:
    rows = cells(pages(job)["en"], "Answers")
    outcomes = {row[0]: int(row[1]) for row in rows[:4]}
    assert sum(outcomes.values()) == 8
    assert outcomes["image not analysed"] == 1
    assert sum(int(row[1]) for row in rows[4:]) == 7
    assert cells(pages(job)["en"], "Refused, by reason") == [
        ["The file is incomplete or damaged.", "1", "12.5 %"]
    ]


def test_groups(job: ScreenJob) -> None:
    page = pages(job)["en"]
    units = {row[0]: row[1:] for row in cells(page, "By unit")}
    assert {name: row[0] for name, row in units.items()} == {
        "Norte <b>": "3",
        "Sur": "3",
        "(not stated)": "2",
    }
    assert units["(not stated)"][1] == "50.0 %"
    assert {row[-1] for row in units.values()} == {"–"}, "too few for a distance"
    assert [row[0] for row in cells(page, "By month")] == ["(not stated)", "2020-03", "2020-04"]
    assert {row[0]: row[1] for row in cells(page, "By folder")} == {
        "h0": "3",
        "h1": "3",
        "(no folder)": "2",
    }


def test_beside_the_training(job: ScreenJob) -> None:
    rows = cells(pages(job)["en"], "Beside the model's training")
    assert [row[2] for row in rows] == ["25.0 %"] * 4
    kept = [row for part in job.rows() for row in part if row["appearance"]]
    typical = sum(row["appearance"]["typical"] for row in kept) / len(kept)
    assert rows[3][1] == f"{100 * typical:.1f} %"


def test_faults_and_slowest(job: ScreenJob) -> None:
    rows = cells(pages(job)["en"], "Files with faults")
    assert rows[0] == ["1", "torn.png", "The file is incomplete or damaged."]
    assert len(rows) == 1 + 8


def test_the_page_is_whole_and_escaped(job: ScreenJob) -> None:
    html = pages(job)["es"].to_html()
    assert "Norte <b>" not in html
    assert html.count("<svg") == html.count("</svg>") == 3
    assert "src=" not in html
    assert "href=" not in html
    assert INTENDED_USE.es in html
    assert "un recuento de respuestas no es un recuento de enfermos" in html


def test_an_unfinished_job_says_so(job: ScreenJob) -> None:
    half = ScreenJob(job.place, job.record | {"films": 100, "ended": None})
    page = report(half, ScreenFigures.of(job), "en")
    assert page.notices[0] == "Unfinished job: 8 of 100 films answered."
    assert "of the clock" not in page.to_html()


def test_of_a_demonstration(job: ScreenJob) -> None:
    spec = job.record["spec"] | {"verdict": {"status": "demonstration"}}
    page = report(ScreenJob(job.place, job.record | {"spec": spec}), ScreenFigures.of(job), "es")
    assert "no son evidencia de nada" in page.notices[0]


def test_of_nothing_yet(job: ScreenJob) -> None:
    html = report(job, ScreenFigures(), "en").to_html()
    assert "None." in html
    assert "0 of 8 films" in html
