"""The page as files: all of them, told by their hashes, from this folder and nowhere else."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from covid_d.detector.bundle.bundle import Bundle
from covid_d.offline.site import HEADERS, POLICY, TYPES, Site, make_site, page_html, type_of
from on_node import WEB

CLINIC = WEB.parents[1] / "clinic"


def _listed(site: Site) -> dict[str, str]:
    text = site.content("files.js").decode()
    told = json.loads(text.removeprefix("self.SITE = ").removesuffix(";\n"))
    assert told["version"] == site.version
    assert told["headers"] == HEADERS
    assert told["types"] == TYPES
    listed: dict[str, str] = told["files"]
    return listed


def test_every_file_is_listed_with_its_hash(site: Site) -> None:
    listed = _listed(site)
    assert set(site.files) - set(listed) == {"files.js", "service_worker.js"}
    for path, digest in listed.items():
        assert hashlib.sha256(site.content(path)).hexdigest() == digest, path


def test_the_size_is_what_a_device_downloads(site: Site) -> None:
    sizes = {path: len(site.content(path)) for path in _listed(site)}
    told = json.loads(site.content("size.json"))["size"]
    assert told == site.size == sum(sizes.values()) - sizes["size.json"]
    assert 25e6 < told < 36e6, "say the new size in the guide, and ask whether a phone may bear it"


def test_the_bundle_lies_in_it_byte_for_byte(site: Site, built_in: Bundle) -> None:
    for name, content in built_in.files.items():
        assert site.content(f"bundle/{name}") == content


def test_the_clinics_look_and_viewer_are_the_clinics_own_files(site: Site) -> None:
    for name in ("case.css", "film.js", "viewer.js", "viewer_tools.js"):
        assert site.content(f"clinic/{name}") == (CLINIC / "pages" / "case" / name).read_bytes()
    for name in ("straighten.css", "straighten.js"):
        assert site.content(f"clinic/{name}") == (CLINIC / "pages" / "intake" / name).read_bytes()
    for address, name in (("clinic/clinic.css", "clinic.css"), ("icons/icon.svg", "icon.svg")):
        assert site.content(address) == (CLINIC / "http" / "frame" / name).read_bytes()


def test_another_byte_is_another_version(site: Site, built_in: Bundle) -> None:
    assert make_site(built_in).version == site.version
    card = {**built_in.files, "MODEL_CARD.md": b"another"}
    other = make_site(Bundle(built_in.path, built_in.spec, built_in.id, card))
    assert other.version != site.version


def test_the_policy_lets_nothing_out_and_is_the_pages_own(site: Site) -> None:
    html = site.content("index.html").decode()
    stated = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert stated is not None
    assert stated[1] == POLICY
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'self'"
    assert rules["form-action"] == "'none'"
    assert "unsafe-inline" not in POLICY
    assert "'unsafe-eval'" not in POLICY


def test_nothing_names_another_place_or_is_inline(site: Site) -> None:
    html = site.content("index.html").decode()
    for address in re.findall(r'(?:src|href)="([^"]*)"', html):
        assert address.startswith("#") or address in site.files, address
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html)
    for path in site.files:
        if path.endswith((".mjs", ".js", ".css")) and not path.startswith("vendor/"):
            text = site.content(path).decode()
            # What a file's text names (an XMP name space) is no address that anything asks for.
            named = set(re.findall(r"https?://([\w.-]*)", text))
            assert named <= {"ns.adobe.com"}, path
            assert not re.search(r"\beval\(|new Function|innerHTML|document\.write", text), path


def test_every_import_leads_to_a_file_of_the_page(site: Site) -> None:
    for path in site.files:
        if not path.endswith((".mjs", ".js")) or path.startswith("vendor/"):
            continue
        for name in re.findall(r'(?:from|import) "(\.[^"]+)"', site.content(path).decode()):
            target = (Path("/", path).parent / name).resolve().relative_to("/").as_posix()
            assert target in site.files, f"{path} imports {name}"


def test_the_manifest_lets_it_be_installed(site: Site) -> None:
    told = json.loads(site.content("manifest.webmanifest"))
    assert told["display"] == "standalone"
    assert told["lang"] == "es"
    assert (told["start_url"], told["scope"]) == ("./", "./")
    sizes = {icon["sizes"] for icon in told["icons"]}
    assert {"192x192", "512x512"} <= sizes
    for icon in told["icons"]:
        assert type_of(icon["src"]) == icon["type"]
        assert icon["src"] in site.files


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("assess.mjs", "text/javascript; charset=utf-8"),
        ("vendor/a.wasm", "application/wasm"),
        ("bundle/model.onnx", "application/octet-stream"),
        ("index.html", "text/html; charset=utf-8"),
        ("manifest.webmanifest", "application/manifest+json; charset=utf-8"),
    ],
)
def test_kinds_of_files_are_told_by_their_names(path: str, kind: str) -> None:
    assert type_of(path) == kind


def test_the_page_is_spanish_before_its_script_runs() -> None:
    told = page_html('<h1 data-say="title"></h1><b data-label="keys" class="x">?</b>')
    assert told == (
        '<h1 data-say="title">Evaluar en este dispositivo</h1>'
        '<b data-label="keys" aria-label="Teclas" class="x">?</b>'
    )
    assert page_html('<p data-say="fit"></p>', "en") == '<p data-say="fit">Fit</p>'


def test_a_sentence_that_is_not_there_keeps_the_page_from_being_made() -> None:
    with pytest.raises(KeyError):
        page_html('<p data-say="nobody"></p>')
