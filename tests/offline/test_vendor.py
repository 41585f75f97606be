"""What the page carries of others: whole, as it was published, with its licence."""

from __future__ import annotations

import hashlib
import json
import re

from on_node import WEB

VENDOR = WEB / "vendor"
CARRIED = json.loads((VENDOR / "vendor.json").read_text("utf-8"))


def test_every_file_is_listed_and_unchanged() -> None:
    for name, told in CARRIED.items():
        found = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (VENDOR / name).iterdir()
        }
        assert found == told["files"]
    assert {path.name for path in VENDOR.iterdir()} == {*CARRIED, "vendor.json"}


def test_each_names_its_version_source_and_licence() -> None:
    assert {name: told["license"] for name, told in CARRIED.items()} == {
        "onnxruntime-web": "MIT",
        "codec-libjpeg-turbo-8bit": "MIT AND BSD-3-Clause AND IJG",
    }
    for name, told in CARRIED.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", told["version"])
        assert re.fullmatch(rf"npm: (@\w+/)?{name}@{re.escape(told['version'])}", told["source"])
        assert re.fullmatch("[0-9a-f]{64}", told["sha256_of_package"])
        assert "MIT License" in (VENDOR / name / "LICENSE").read_text("utf-8")
    notices = VENDOR / "onnxruntime-web" / "ThirdPartyNotices.txt"
    assert notices.stat().st_size > 100_000


def test_the_jpeg_library_says_whose_work_it_is_and_makes_no_script_from_a_text() -> None:
    folder = VENDOR / "codec-libjpeg-turbo-8bit"
    licence = (folder / "LICENSE").read_text("utf-8")
    assert "based in part on the work of the Independent JPEG Group" in licence
    assert "Redistributions in binary form" in licence
    script = (folder / "libjpegturbowasm_decode.js").read_text("utf-8")
    assert "new Function" not in script
    assert "eval(" not in script
    assert not re.search(r"https?://(?!www\.)[\w.-]*(cdn|npm|unpkg)", script)


def test_the_runtime_is_of_its_version_and_fetches_nothing_from_elsewhere() -> None:
    name = "onnxruntime-web"
    script = (VENDOR / name / "ort.wasm.min.mjs").read_text("utf-8")
    assert f'"{CARRIED[name]["version"]}"' in script
    # Addresses in it are words of errors and licences; none is one that scripts come from.
    hosts = set(re.findall(r"https?://([\w.-]+)", script))
    assert not {host for host in hosts if "cdn" in host or "npm" in host or "unpkg" in host}
