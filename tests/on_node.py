"""Runs the offline page's modules in Node, so that Python can ask them what they answer."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Facts = dict[str, Any]
Ask = Callable[..., Any]
"""Runs a module: ``ask(source, given)``."""
WEB = Path(__file__).parents[1] / "src" / "covid_d" / "offline" / "web"
_LEAST = 18
# Arrays come and go as lists; what a module takes as a typed array says so.
_HARNESS = """
import {{ readFileSync }} from "node:fs";
const revive = (_, value) =>
  value?.$array ? globalThis[value.$array].from(value.values, (x) => x ?? NaN) : value;
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
const input = JSON.parse(readFileSync({payload}, "utf8"), revive);
const {{ default: answer }} = await import({script});
const found = await answer(input);
console.log("\\n@@" + JSON.stringify(found === undefined ? null : found, plain));
"""


@cache
def node() -> str:
    """Return a Node of version 18 or later: the machine's own, else the one that Playwright has."""
    own = shutil.which("node")
    if own is not None:
        said = subprocess.run([own, "--version"], capture_output=True, text=True, check=True).stdout
        if int(re.match(r"v(\d+)", said)[1]) >= _LEAST:  # type: ignore[index]
            return own
    # Imported here: what imports it belongs to the tests with a browser, and these do without.
    try:
        from playwright._impl._driver import compute_driver_executable
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("there is no Node")
    return str(compute_driver_executable()[0])


def run(folder: Path, source: str, given: Any = None, *, web: Path = WEB) -> Any:
    """Return what a module's default export answers to ``given``, both as JSON.

    Parameters
    ----------
    folder
        For files that may be thrown away.
    source
        The module; ``@web/`` stands for the folder of the page.
    given
        What it is called with.
    web
        That folder.
    """
    script = folder / "asked.mjs"
    script.write_text(source.replace("@web/", f"{web.as_uri()}/"), encoding="utf-8")
    payload = folder / "given.json"
    payload.write_text(json.dumps(given, allow_nan=False), encoding="utf-8")
    harness = folder / "harness.mjs"
    names = {"payload": json.dumps(str(payload)), "script": json.dumps(script.as_uri())}
    harness.write_text(_HARNESS.format(**names), encoding="utf-8")
    ran = subprocess.run(
        [node(), str(harness)], capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stderr or ran.stdout
    return json.loads(ran.stdout.rpartition("\n@@")[2])


def typed(values: Any, kind: str = "Float32Array") -> dict[str, Any]:
    """Return numbers as a JavaScript typed array takes them; NaN goes as null."""
    flat = np.asarray(values).ravel().tolist()
    return {"$array": kind, "values": [None if x != x else x for x in flat]}
