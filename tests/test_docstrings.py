"""Examples in docstrings give what they say: a reader will try them."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import covid_d

SOURCE = Path(covid_d.__file__).parent
WITH_EXAMPLES = sorted(
    ".".join(("covid_d", *path.relative_to(SOURCE).with_suffix("").parts))
    for path in SOURCE.rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8")
)


def test_there_are_examples() -> None:
    assert "covid_d.dataset.build.licenses" in WITH_EXAMPLES
    assert len(WITH_EXAMPLES) >= 10


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_an_example_gives_what_it_says(name: str) -> None:
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for test in finder.find(module, name) if test.examples]
    assert found, "an example that no docstring holds is never read"
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    said: list[str] = []
    for test in found:
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
