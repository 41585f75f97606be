"""Scripts of the pages: what two of them need is written once."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import covid_d.clinic

CLINIC = Path(covid_d.clinic.__file__).parent
SCRIPTS = sorted(path for path in CLINIC.rglob("*.js") if path.parent.name != "vendor")
# From its name to the brace in the first column that ends it.
_FUNCTION = re.compile(r"^(?:export )?(?:async )?function (\w+)\(.*?^\}", re.MULTILINE | re.DOTALL)
_IMPORT = re.compile(r'^import \{([^}]+)\} from "\./([\w.]+)";', re.MULTILINE)


def _functions(path: Path) -> dict[str, str]:
    text = path.read_text(encoding="utf-8")
    return {found.group(1): found.group(0) for found in _FUNCTION.finditer(text)}


def test_there_are_scripts_to_hold() -> None:
    assert len(SCRIPTS) >= 8
    assert sum(len(_functions(path)) for path in SCRIPTS) > 30


def test_no_function_is_written_twice() -> None:
    written = defaultdict(list)
    for path in SCRIPTS:
        for text in _functions(path).values():
            body = text.partition("{")[2]
            written[" ".join(body.split())].append(path.name)
    assert [places for places in written.values() if len(places) > 1] == []


def test_the_failure_of_a_form_is_said_in_one_place() -> None:
    shared = next(path for path in SCRIPTS if path.name == "sent_form.js")
    assert set(_functions(shared)) == {"wordsOf", "renew", "show", "bring"}
    for path in SCRIPTS:
        if path != shared and _IMPORT.search(path.read_text(encoding="utf-8")):
            assert not set(_functions(path)) & set(_functions(shared)), path.name


def test_what_is_imported_is_given() -> None:
    files = {path.name: path.read_text(encoding="utf-8") for path in SCRIPTS}
    seen = 0
    for text in files.values():
        for names, source in _IMPORT.findall(text):
            for name in filter(None, (each.strip() for each in names.split(","))):
                seen += 1
                assert re.search(rf"^export .*\b{name}\b", files[source], re.MULTILINE), name
    assert seen >= 8
