"""The one family of errors: each names its cause and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covid_d import __version__
from covid_d.language import N_, said

if TYPE_CHECKING:
    from covid_d.language import Language, Sentence, Text


class CovidDError(Exception):
    """Base of every error COVID-D raises on purpose.

    ``message`` and ``next_step`` are its English, as Python programs and logs read it.

    Parameters
    ----------
    message
        What went wrong, quoting the offending value.
    next_step
        What the user can do about it.
    """

    exit_code = 1

    def __init__(self, message: Sentence, next_step: Sentence = "") -> None:
        self.sentences = (message, next_step)
        self.message, self.next_step = self.in_language("en")
        super().__init__(self.message)

    def in_language(self, language: Language) -> tuple[str, str]:
        """Return what went wrong and what to do, as far as they are translated."""
        message, next_step = self.sentences
        return said(message, language), said(next_step, language)

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


def cause(error: Exception) -> Sentence:
    """Return what went wrong, to be told within another error: ours in the reader's language."""
    return error.sentences[0] if isinstance(error, CovidDError) else str(error)


class BundleError(CovidDError):
    """A bundle is missing, malformed, altered or too new for this version."""


class DatasetError(CovidDError):
    """A collection or a dataset cannot be read, built or trusted."""


class TrainingError(CovidDError):
    """A training run cannot start, continue or be exported."""


class EvaluationError(CovidDError):
    """An evaluation or audit cannot be carried out on what was given."""


def install_extra(extra: str) -> Text:
    """Return how to install an extra of this very COVID-D, from the copy it came from.

    By the path of the source or of the wheel: who names the project alone gets whatever somebody
    published under its name.
    """
    return N_(
        "Install it from your copy of COVID-D, in its folder: pip install '.[%(extra)s]'; "
        "from a wheel: pip install './covid_d-%(version)s-py3-none-any.whl[%(extra)s]'",
        extra=extra,
        version=__version__,
    )


class MissingExtraError(CovidDError):
    """A command needs an optional part of COVID-D that is not installed."""

    def __init__(self, what: Sentence, extra: str) -> None:
        super().__init__(
            N_(
                "%(what)s needs the optional extra %(extra)r, which is not installed.",
                what=what,
                extra=extra,
            ),
            install_extra(extra),
        )
