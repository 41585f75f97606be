"""Letters arrive at a real mail server, over encryption whose certificate was checked, or not."""

from __future__ import annotations

import smtplib
import ssl

import pytest
from pydantic import SecretStr

from certificates import Authority
from covid_d.clinic.alerts import mail
from covid_d.clinic.settings import ClinicSettings
from mail_server import Post, mail_server


def test_a_letter_arrives_encrypted_at_everybody(by_mail: ClinicSettings, post: Post) -> None:
    mail.send(by_mail, "[COVID-D] Prueba", "La alarma de deriva está encendida en Guayaquil Ñ.\n")
    (letter,) = post.letters
    assert post.encrypted == [True]
    assert post.receivers == [["jefa@hospital.example", "ti@hospital.example"]]
    assert letter["Subject"] == "[COVID-D] Prueba"
    assert letter["From"] == "covid-d@hospital.example"
    assert letter["To"] == "jefa@hospital.example, ti@hospital.example"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Message-ID"]
    assert letter["Date"]
    assert letter.get_content().strip() == "La alarma de deriva está encendida en Guayaquil Ñ."


# aiosmtpd counts STARTTLS alone as encryption.
@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")
def test_tls_from_the_first_byte(by_mail: ClinicSettings, authority: Authority) -> None:
    with mail_server(authority.issue("tls"), kind="tls") as post:
        update = {"notice_smtp_port": post.port, "notice_smtp_security": "tls"}
        mail.send(by_mail.model_copy(update=update), "Prueba", "Llega.")
        assert len(post.letters) == 1
        assert post.encrypted == [True]


def test_in_the_clear_only_where_it_is_said(by_mail: ClinicSettings) -> None:
    with mail_server() as post:
        here = by_mail.model_copy(update={"notice_smtp_port": post.port})
        with pytest.raises(smtplib.SMTPException):
            mail.send(here, "Prueba", "No llega.")  # no STARTTLS is offered
        assert post.letters == []
        plain = here.model_copy(update={"notice_smtp_security": "none", "notice_smtp_user": ""})
        mail.send(plain, "Prueba", "Llega.")
        assert post.encrypted == [False]


def test_a_certificate_of_somebody_else_is_refused(
    by_mail: ClinicSettings, post: Post, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Authority(tmp_path_factory.mktemp("other"), "other")
    for ca in (other.file, None):
        with pytest.raises(ssl.SSLCertVerificationError):
            mail.send(by_mail.model_copy(update={"notice_ca": ca}), "Prueba", "No llega.")
    assert post.letters == []


def test_a_wrong_password_is_said(by_mail: ClinicSettings, post: Post) -> None:
    wrong = by_mail.model_copy(update={"notice_smtp_password": SecretStr("otra")})
    with pytest.raises(smtplib.SMTPAuthenticationError):
        mail.send(wrong, "Prueba", "No llega.")
    assert post.letters == []


def test_one_receiver_that_is_refused_keeps_nobody_else_from_it(
    by_mail: ClinicSettings, post: Post
) -> None:
    post.refuse = {"jefa@hospital.example"}
    mail.send(by_mail, "Prueba", "Llega a una.")
    assert post.receivers == [["ti@hospital.example"]]
    post.refuse.add("ti@hospital.example")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        mail.send(by_mail, "Prueba", "No llega a nadie.")


def test_a_server_that_is_not_there(by_mail: ClinicSettings) -> None:
    with mail_server() as post:
        gone = post.port
    with pytest.raises(OSError, match=r"refused|Errno"):
        mail.send(by_mail.model_copy(update={"notice_smtp_port": gone}), "Prueba", "No llega.")
