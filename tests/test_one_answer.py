"""``Assessment`` is the one answer about a film: nothing else holds an outcome and a refusal."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "covid_d"
# A row of the database, and words made for a reader; each is made from an Assessment.
RENDERED = {
    "clinic/database/cases.py:StoredAssessment",
    "clinic/api/answers.py:AssessmentAnswer",
}
# What any model, ours or another's, is measured by; a film's answer is never shown from them.
MEASURED = {"evaluation/scorer.py:Scored"}
# Columns of many cases at once, for counting; none is an answer to one film.
TABLES = {"clinic/statistics/episodes.py:Episodes", "clinic/statistics/episodes.py:IndexTest"}
# What refuses in the place of an answer that somebody changed in the database.
REFUSING = {"clinic/database/cases.py"}
ONE = "detector/assessment.py:Assessment"
OUTCOME = {"outcome", "answer"}
NUMBER = {"probability", "appearance", "typical"}


def _classes() -> Iterator[tuple[str, set[str]]]:
    """Yield every class of the source with the fields it declares."""
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                fields = {
                    statement.target.id
                    for statement in node.body
                    if isinstance(statement, ast.AnnAssign)
                    and isinstance(statement.target, ast.Name)
                }
                yield f"{path.relative_to(SOURCE).as_posix()}:{node.name}", fields


def _is_answer(fields: set[str]) -> bool:
    refused = any(name.startswith("refusal") for name in fields)
    return bool(fields & OUTCOME) and (refused or bool(fields & NUMBER))


def test_no_other_class_is_an_answer() -> None:
    found = {name for name, fields in _classes() if _is_answer(fields)}
    assert found - RENDERED - MEASURED - TABLES == {ONE}


def test_what_is_excused_is_there() -> None:
    known = dict(_classes())
    for name in {ONE, *RENDERED, *MEASURED, *TABLES}:
        assert _is_answer(known[name]), name


def _made_in(path: Path) -> set[str]:
    """Return the functions of a file that make an Assessment by naming its fields."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name == "Assessment":
                found.add(path.relative_to(SOURCE).as_posix())
    return found


def test_one_judge_makes_it() -> None:
    made = {file for path in SOURCE.rglob("*.py") for file in _made_in(path)}
    assert made == {"detector/judge.py", *REFUSING}
