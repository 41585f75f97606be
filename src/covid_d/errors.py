"""The one family of errors: each names its cause and the next step."""

from __future__ import annotations

from covid_d import __version__


class CovidDError(Exception):
    """Base of every error COVID-D raises on purpose.

    Parameters
    ----------
    message
        What went wrong, quoting the offending value.
    next_step
        What the user can do about it.
    """

    exit_code = 1

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


class BundleError(CovidDError):
    """A bundle is missing, malformed, altered or too new for this version."""


class DatasetError(CovidDError):
    """A collection or a dataset cannot be read, built or trusted."""


class TrainingError(CovidDError):
    """A training run cannot start, continue or be exported."""


class EvaluationError(CovidDError):
    """An evaluation or audit cannot be carried out on what was given."""


def install_extra(extra: str) -> str:
    """Return how to install an extra of this very COVID-D, from the copy it came from.

    By the path of the source or of the wheel: who names the project alone gets whatever somebody
    published under its name.
    """
    return (
        f"Install it from your copy of COVID-D, in its folder: pip install '.[{extra}]'; "
        f"from a wheel: pip install './covid_d-{__version__}-py3-none-any.whl[{extra}]'"
    )


class MissingExtraError(CovidDError):
    """A command needs an optional part of COVID-D that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the optional extra {extra!r}, which is not installed.",
            install_extra(extra),
        )
