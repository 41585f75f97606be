"""What is asked of a new password (NIST SP 800-63B, 5.1.1.2): length, and not the user's name."""

from __future__ import annotations

import pytest

from covid_d.clinic.accounts import passwords
from covid_d.clinic.errors import InvalidInputError

LONG = "Abcde fghij klmno pqrst uvwxyz 0123456789 áéíóú ñ " * 3


@pytest.mark.parametrize(
    "password",
    [
        "abcdefghijkl",  # twelve characters, no rule on capitals, digits or signs
        "una frase larga",
        "ñandú ñandú ñ",
        LONG[:128],
        "abcdeabcdeabcde",  # five letters
        "密碼密碼密碼密碼甲乙丙丁",
        " de un espacio a otro ",
    ],
)
def test_length_is_enough(password: str) -> None:
    passwords.check_new(password, "ana.vera")


@pytest.mark.parametrize(
    ("password", "es", "en"),
    [
        ("", "Use al menos 12", "Use at least 12"),
        ("abcdefghijk", "Use al menos 12", "Use at least 12"),
        (LONG[:129], "128", "128"),
        ("aaaaaaaaaaaaaaa", "más variados", "different"),
        ("abcdabcdabcdabcd", "más variados", "different"),
        ("aAbBcCdDaAbBcCdD", "más variados", "different"),  # four letters, whatever their size
        ("soy ana.vera y entro", "nombre de usuario", "user name"),
        ("SOY ANA.VERA Y ENTRO", "nombre de usuario", "user name"),
    ],
)
def test_what_is_refused_and_what_is_said(password: str, es: str, en: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        passwords.check_new(password, "Ana.Vera", field="new_password")
    (fault,) = caught.value.fields.values()
    assert list(caught.value.fields) == ["new_password"]
    assert es in fault.in_language("es")
    assert en in fault.in_language("en")
    assert password == "" or password not in str(caught.value) + fault.in_language("en")


def test_without_a_name_no_name_is_in_it() -> None:
    passwords.check_new("una frase larga", "")


def test_each_hash_is_salted_and_names_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = passwords.hash_of(LONG[:20]), passwords.hash_of(LONG[:20])
    assert one != other
    assert one.startswith("$argon2id$v=19$")
    assert passwords.matches(LONG[:20], one)
    assert passwords.matches(LONG[:20], other)


@pytest.mark.parametrize("stored", [None, "", "x", "$argon2id$v=19$m=8,t=1,p=1$broken"])
def test_what_is_no_hash_matches_nothing(stored: str | None) -> None:
    assert not passwords.matches("nobody has this password", stored)
    assert not passwords.matches("", stored)
