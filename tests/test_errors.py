from __future__ import annotations

import inspect

import pytest

from covid_d import errors
from covid_d.errors import CovidDError, MissingExtraError

FAMILY = [cls for _, cls in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize("cls", FAMILY)
def test_every_error_is_of_the_family_and_says_what_it_is(cls: type[CovidDError]) -> None:
    assert issubclass(cls, CovidDError)
    assert cls.__doc__
    assert cls.exit_code not in {0, 2}, "0 is success, 2 is click's wrong usage"


def test_text_is_message_and_next_step() -> None:
    error = CovidDError("'x.png' is gone.", "Look elsewhere.")
    assert (error.message, error.next_step) == ("'x.png' is gone.", "Look elsewhere.")
    assert str(error) == "'x.png' is gone. Look elsewhere."
    assert str(CovidDError("'x.png' is gone.")) == "'x.png' is gone."


def test_missing_extra_gives_the_command_that_helps() -> None:
    error = MissingExtraError("`covid-d train`", "train")
    assert error.message.startswith("`covid-d train` needs")
    assert "pip install 'covid-d[train]'" in error.next_step
