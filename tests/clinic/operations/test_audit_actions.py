"""Every action that the source records has words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import covid_d
from covid_d.clinic.operations.audit_actions import ACTIONS, in_words, offered

SOURCE = Path(covid_d.__file__).parent
ACTION = re.compile(r"[a-z_]+(\.[a-z_]+)?")


def _recorded() -> Iterator[tuple[str, list[str]]]:
    """Yield where an act records something, and the actions that stand there: its first word."""
    for path in sorted(SOURCE.rglob("*.py")):
        if "act.record(" not in (source := path.read_text(encoding="utf-8")):
            continue
        for call in ast.walk(ast.parse(source)):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "act.record":
                words = [
                    found.value
                    for found in ast.walk(call.args[0])
                    if isinstance(found, ast.Constant) and isinstance(found.value, str)
                ]
                yield f"{path.name}:{call.lineno}", [one for one in words if ACTION.fullmatch(one)]


def test_every_action_that_is_recorded_has_words_and_every_word_an_action() -> None:
    recorded = {action: place for place, actions in _recorded() for action in actions}
    missing = {action: place for action, place in recorded.items() if action not in ACTIONS}
    assert not missing, f"no words in audit_actions.ACTIONS for: {missing}"
    assert set(ACTIONS) == set(recorded)


def test_no_action_escapes_the_test_above() -> None:
    """An action is written where it is recorded, never handed on."""
    assert [place for place, actions in _recorded() if not actions] == []


def test_words_differ_and_are_in_both_languages() -> None:
    for language in ("es", "en"):
        words = [text.in_language(language) for text in ACTIONS.values()]
        assert len(set(words)) == len(words)
    assert in_words("case.view", "es") == "Caso visto"
    assert in_words("case.view", "en") == "Case seen"


def test_an_action_of_another_version_keeps_its_code() -> None:
    assert in_words("case.unheard", "es") == "case.unheard"


def test_choices_come_in_the_order_of_their_words() -> None:
    assert offered(["user.on", "sign_in", "case.view"], "es") == [
        ("case.view", "Caso visto"),
        ("user.on", "Cuenta activada"),
        ("sign_in", "Sesión iniciada"),
    ]
