"""A form that is sent twice is recorded once.

A double click, a page that was gone back to, an answer lost on its way: the same form comes again.
Each form bears a name of its own, made with its page. Together with who sends it and with all that
was typed it gives a digest, which is kept in the very transaction that records the form. Whoever
types something else into the same form sends another one.
"""

from __future__ import annotations

import hashlib

from sqlalchemy.exc import IntegrityError

from covid_d.clinic.database.operations import SentForm
from covid_d.clinic.trail.act import Act


def was_recorded(act: Act, sent: str | None) -> bool:
    """Return whether a form was recorded before; if not, it is now, with the act.

    Parameters
    ----------
    act
        What records the form.
    sent
        The form's name and all that was typed; ``None`` of a form without a name, which is recorded
        each time it comes.
    """
    if sent is None:
        return False
    digest = hashlib.sha256(f"{act.actor.user_id}\n{sent}".encode()).hexdigest()
    if act.session.get(SentForm, digest) is not None:
        return True
    try:
        with act.session.begin_nested():
            act.session.add(SentForm(digest=digest, recorded_at=act.now))
    except IntegrityError:  # the same form, sent at the same moment, was first
        return True
    return False
