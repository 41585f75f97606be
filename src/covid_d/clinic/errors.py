"""What can go wrong in the clinic, in words for the person before the screen."""

from __future__ import annotations

from collections.abc import Mapping

from covid_d.errors import CovidDError
from covid_d.language import N_, Text


class ClinicError(CovidDError):
    """Base of the clinic's errors; pages and the API show it in the reader's language.

    Parameters
    ----------
    text
        What went wrong.
    remedy
        What to do about it.
    code
        Machine-readable name.
    """

    status = 400

    def __init__(self, text: Text, remedy: Text | None = None, *, code: str | None = None) -> None:
        super().__init__(text, remedy or "")
        self.text = text
        self.remedy = remedy
        self.code = code or self._code()

    @classmethod
    def _code(cls) -> str:
        return {400: "bad_request", 401: "not_signed_in", 403: "forbidden", 404: "not_found"}.get(
            cls.status, "error"
        )


class InvalidInputError(ClinicError):
    """Some fields cannot be accepted.

    Parameters
    ----------
    fields
        Field name to what is wrong with it.
    """

    status = 422

    def __init__(self, fields: Mapping[str, Text]) -> None:
        super().__init__(
            N_("Some entries need your attention."),
            N_("Correct the marked entries and send the form again."),
            code="invalid_input",
        )
        self.fields = dict(fields)


class UnknownHostError(ClinicError):
    """The clinic was asked for under a name that is not its own."""

    def __init__(self) -> None:
        super().__init__(
            N_("The clinic does not answer under this name."),
            N_(
                "Open it under the address that it printed at its start; another name must be put "
                "into COVID_D_ALLOWED_HOSTS by the administrator."
            ),
            code="unknown_host",
        )


class NotSignedInError(ClinicError):
    """Nobody is signed in, or the session ended."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            N_("You are not signed in, or your session ended."), N_("Sign in and try again.")
        )


class ForbiddenError(ClinicError):
    """The role does not allow it."""

    status = 403

    def __init__(self, text: Text | None = None, *, code: str | None = None) -> None:
        super().__init__(
            text or N_("Your role does not allow this."),
            N_("Ask an administrator if you need it for your work."),
            code=code,
        )


class NotFoundError(ClinicError):
    """No such thing, or none that this person may see."""

    status = 404

    def __init__(self) -> None:
        super().__init__(
            N_("There is nothing here, or nothing that you may see."),
            N_("Check the address or go back to the start page."),
        )


class ConflictError(ClinicError):
    """It was changed by somebody else, or exists already."""

    status = 409

    def __init__(self, text: Text, remedy: Text | None = None, *, code: str = "conflict") -> None:
        super().__init__(text, remedy, code=code)


class TooLargeError(ClinicError):
    """More was sent than the server accepts."""

    status = 413

    def __init__(self) -> None:
        super().__init__(
            N_("The file is larger than this server accepts."),
            N_("Send the original film alone, not an archive or a video."),
            code="too_large",
        )


class TooManyError(ClinicError):
    """Too many tries in too short a time.

    Parameters
    ----------
    text, remedy
        As :class:`ClinicError`.
    retry_after
        Seconds after which it may go on.
    """

    status = 429

    def __init__(
        self, text: Text, remedy: Text | None = None, *, retry_after: int | None = None
    ) -> None:
        super().__init__(text, remedy, code="too_many_requests")
        self.retry_after = retry_after


class UnavailableError(ClinicError):
    """The machine cannot do it now: no space, a missing file, a bundle that cannot be used."""

    status = 503

    def __init__(
        self, text: Text, remedy: Text | None = None, *, code: str = "unavailable"
    ) -> None:
        super().__init__(text, remedy, code=code)
