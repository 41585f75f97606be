"""Telling by e-mail: SMTP with STARTTLS or TLS, certificates always checked."""

from __future__ import annotations

import logging
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final

from covid_d.clinic.settings import ClinicSettings

SECONDS: Final = 20.0
"""How long a server may take for each of its answers."""
FAILURES: Final = (OSError, smtplib.SMTPException)
_log = logging.getLogger(__name__)


def send(settings: ClinicSettings, subject: str, body: str) -> None:
    """Send a plain letter to everybody whom the settings name.

    Parameters
    ----------
    settings
        Server, sender and receivers.
    subject, body
        What it says.

    Raises
    ------
    OSError, smtplib.SMTPException
        If the server takes it for no receiver at all.
    """
    receivers = [one.strip() for one in settings.notice_mail_to.split(",") if one.strip()]
    letter = EmailMessage()
    letter["Subject"] = subject
    letter["From"] = settings.notice_mail_from or f"covid-d@{socket.getfqdn()}"
    letter["To"] = ", ".join(receivers)
    letter["Date"] = formatdate(localtime=False)
    letter["Message-ID"] = make_msgid(domain="covid-d")
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
    letter.set_content(body)
    with _connected(settings) as server:
        if settings.notice_smtp_user:
            password = settings.notice_smtp_password
            server.login(settings.notice_smtp_user, password.get_secret_value() if password else "")
        refused = server.send_message(letter, to_addrs=receivers)
    if refused:  # the others have it: to send it again would not help those
        _log.warning("the mail server refused receivers", extra={"receivers": sorted(refused)})


def _connected(settings: ClinicSettings) -> smtplib.SMTP:
    host, port = settings.notice_smtp_host, settings.notice_smtp_port
    context = ssl.create_default_context(
        cafile=str(settings.notice_ca) if settings.notice_ca else None
    )
    if settings.notice_smtp_security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
    server = smtplib.SMTP(host, port, timeout=SECONDS)
    if settings.notice_smtp_security == "starttls":
        try:
            server.starttls(context=context)  # raises where it is not offered
        except BaseException:
            server.close()
            raise
    return server
