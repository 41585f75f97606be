"""The details of an entry of the audit trail, in words; the trail itself keeps their codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from covid_d.clinic.arrivals.matching import PatientQuestion
from covid_d.clinic.cases.marks import Mark
from covid_d.clinic.cases.readings import FINDINGS, KINDS
from covid_d.clinic.collection.review import Decision
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.http.render import formats
from covid_d.clinic.notification.export import Which
from covid_d.clinic.roles import Role
from covid_d.detector import Outcome
from covid_d.language import N_, Language, Message, Text

_MOST: Final = 30  # of the numbers of a list that are shown
_NO: Final = N_("no")
_YES: Final = N_("yes")

NAMES: Final[Mapping[str, Text]] = {
    "active": N_("open"),
    "alarm": N_("alarm"),
    "altered": N_("changed in the database before"),
    "answer_shown": N_("model's answer shown"),
    "api": N_("by a program"),
    "archive": N_("file"),
    "before": N_("sent before"),
    "blind_mode": N_("reads blind"),
    "blocks": N_("blocks of figures"),
    "boxes": N_("places with text"),
    "by": N_("by means of"),
    "caller": N_("from"),
    "case": N_("case"),
    "cases": N_("cases"),
    "clinics": N_("clinics"),
    "compared": N_("beside case"),
    "days": N_("valid, days"),
    "decision": N_("decision"),
    "film": N_("film"),
    "films": N_("films"),
    "finding": N_("read as"),
    "follow_up": N_("follow-up"),
    "for": N_("for"),
    "full_name": N_("full name"),
    "head": N_("head of the chain"),
    "kept": N_("kept as"),
    "kind": N_("kind"),
    "license": N_("licence"),
    "linked": N_("account joined to the identity provider"),
    "mark": N_("mark"),
    "name": N_("name"),
    "national_id": N_("with the cédula"),
    "network": N_("the PACS itself"),
    "outcome": N_("answer"),
    "page": N_("page"),
    "prevalence": N_("prevalence"),
    "province": N_("province"),
    "question": N_("question"),
    "readers": N_("readers"),
    "reading": N_("reading"),
    "reason": N_("reason"),
    "received": N_("came as"),
    "research_consent": N_("research consent"),
    "results": N_("results"),
    "role": N_("role"),
    "round": N_("round"),
    "rows": N_("rows"),
    "same_film_as": N_("the same film as in case"),
    "sha256": N_("SHA-256"),
    "since": N_("since"),
    "straightened": N_("straightened from"),
    "supersedes": N_("corrects entry"),
    "table": N_("table"),
    "total": N_("found in all"),
    "unit": N_("unit"),
    "units": N_("units"),
    "until": N_("until"),
    "username": N_("user name"),
    "waiting": N_("waiting"),
    "what": N_("what"),
    "which": N_("which"),
}
"""Every detail that the code records."""

_VALUES: Final[Mapping[str, Mapping[str, Text | Message]]] = {
    "by": {
        "code": N_("code of the app"),
        "recovery": N_("recovery code"),
        "openid": N_("identity provider"),
    },
    "decision": {one.value: one.text for one in Decision},
    "finding": FINDINGS,
    "for": {"review": N_("review for the collection")},
    "kind": {
        **KINDS,
        **{one.value: one.text for one in EntryKind},
        "cases": N_("cases"),
        "laboratory": N_("laboratory results"),
    },
    "mark": {one.value: one.text for one in Mark},
    "outcome": {one.value: one.message for one in Outcome},
    "question": {one.value: one.text for one in PatientQuestion},
    "role": {one.value: one.text for one in Role},
    "units": {"own": N_("own")},
    "what": {
        "picture": N_("picture"),
        "values": N_("grey values"),
        "evidence": N_("map of the model"),
        "tags": N_("elements of its file"),
    },
    "which": {one.value: one.text for one in Which},
}


def in_words(detail: Mapping[str, Any], language: Language) -> Iterator[tuple[str, str]]:
    """Yield names and values of an entry's details, in words.

    Parameters
    ----------
    detail
        As recorded. What another version recorded under a name of its own keeps that.
    language
        Of the words.
    """
    for name, value in detail.items():
        known = NAMES.get(name)
        said = known.in_language(language) if known else name
        yield said, _value(name, value, language)


def _value(name: str, value: Any, language: Language) -> str:
    if isinstance(value, list):
        return _several(name, value, language)
    if value is None:
        return "—"
    if isinstance(value, bool):
        return (_YES if value else _NO).in_language(language)
    if name == "prevalence" and isinstance(value, float):
        return formats(language)["percent"](value, 1)
    known = _VALUES.get(name, {}).get(str(value))
    return known.in_language(language) if known else str(value)


def _several(name: str, values: list[Any], language: Language) -> str:
    said = [_value(name, value, language) for value in values[:_MOST]]
    if _is_change(name, values):
        return " → ".join(said)
    if len(values) > _MOST:
        more = N_("and %(n)d more", n=len(values) - _MOST)
        said.append(more.in_language(language))
    return ", ".join(said) or "—"


def _is_change(name: str, values: list[Any]) -> bool:
    """Return whether a list holds what a detail of an account or a unit was before, and is now."""
    return name in _CHANGED and len(values) == 2


_CHANGED: Final = frozenset(
    {
        "active", "blind_mode", "full_name", "name", "prevalence", "province", "role", "unit",
        "username",
    }
)  # fmt: skip
