"""Every text of the clinic exists in Spanish, with the same fields, and none is left over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import covid_d.clinic
from covid_d.clinic.texts import N_, NN_, translations

CLINIC = Path(covid_d.clinic.__file__).parent
CATALOGUES = sorted((CLINIC / "locale" / "es").glob("*.po"))
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
FIELD = re.compile(r"%\((\w+)\)[sd]")


def _used() -> set[str | tuple[str, ...]]:
    plural = (1, 2)
    found = extract_from_dir(
        CLINIC,
        METHODS,
        keywords={"N_": None, "_": None, "gettext": None, "NN_": plural, "ngettext": plural},
    )
    return {message for _, _, message, _, _ in found}


def _catalogue() -> Iterator[tuple[Path, object, object]]:
    for path in CATALOGUES:
        with path.open("rb") as stream:
            for entry in read_po(stream, locale="es", abort_invalid=True):
                if entry.id:
                    assert not entry.fuzzy, f"{path.name}: {entry.id!r} is marked fuzzy"
                    yield path, entry.id, entry.string


def test_every_text_is_translated() -> None:
    translated = {msgid for _, msgid, string in _catalogue() if _is_whole(string)}
    missing = sorted(map(str, _used() - translated))
    assert not missing, f"no Spanish for: {missing}"


def _is_whole(string: object) -> bool:
    return all(string) if isinstance(string, (tuple, list)) else bool(string)


def test_no_translation_is_left_over() -> None:
    used = _used()
    assert not [(path.name, msgid) for path, msgid, _ in _catalogue() if msgid not in used]


def test_no_text_is_translated_in_two_files() -> None:
    seen: dict[object, str] = {}
    for path, msgid, _ in _catalogue():
        assert msgid not in seen, f"{msgid!r} is in {seen[msgid]} and {path.name}"
        seen[msgid] = path.name


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_translations_have_the_same_fields(path: Path) -> None:
    for found, msgid, string in _catalogue():
        if found != path:
            continue
        wholes = [string] if isinstance(string, str) else list(string)  # type: ignore[call-overload]
        originals = [msgid] if isinstance(msgid, str) else list(msgid)  # type: ignore[call-overload]
        for whole in wholes:
            assert set(FIELD.findall(whole)) <= set(FIELD.findall("".join(originals))), msgid


def test_a_text_is_said_in_both_languages_with_its_fields() -> None:
    text = N_("Use at least %(n)d characters; a short sentence is good.", n=12)
    assert text.in_language("en") == "Use at least 12 characters; a short sentence is good."
    assert text.in_language("es") == "Use al menos 12 caracteres; sirve una frase corta."
    assert str(text) == text.to_message().en


@pytest.mark.parametrize(
    ("years", "spanish", "english"),
    [(0, "0 años", "0 years"), (1, "1 año", "1 year"), (2, "2 años", "2 years")],
)
def test_a_count_has_its_own_form(years: int, spanish: str, english: str) -> None:
    text = NN_("%(num)d year", "%(num)d years", years)
    assert (text.in_language("es"), text.in_language("en")) == (spanish, english)


def test_what_the_catalogue_lacks_stays_english() -> None:
    assert translations("es").gettext("never written") == "never written"
