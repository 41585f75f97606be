"""Films read and looked at by the offline page, in Node, beside what Python makes of them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import on_node
from covid_d.offline.facts_radiograph import radiograph_facts
from covid_d.radiograph import (
    Facts,
    Preprocessing,
    Radiograph,
    RadiographError,
    check,
    read,
    standardise,
)
from covid_d.radiograph.photograph import find_film
from covid_d.radiograph.seams import contrast, sampled, seam
from covid_d.radiograph.steps import step
from covid_d.radiograph.strokes import drawn_over

Answer = dict[str, Any]
NOT_HERE = "not_read_here"

_SCRIPT = """
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { read } from "@web/radiograph/read.mjs";
import { check } from "@web/radiograph/check.mjs";
import { findFilm } from "@web/radiograph/photograph.mjs";
import { standardise } from "@web/radiograph/prepare.mjs";
import { contrast, sampled, seam } from "@web/radiograph/seams.mjs";
import { step } from "@web/radiograph/steps.mjs";
import { drawnOver } from "@web/radiograph/strokes.mjs";

const sha256 = (numbers) => {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return createHash("sha256").update(bytes).digest("hex");
};

function looked(film, facts, { preprocessing, lungs }) {
  const tables = facts.radiograph;
  const { pixels, width, height } = film;
  const [rows, columns] = [lungs.length, lungs[0].length];
  const mask = { pixels: Uint8Array.from(lungs.flat()), height: rows, width: columns };
  const reach = contrast(sampled(film, tables), tables);
  return {
    pixels: sha256(pixels),
    size: [width, height],
    box: [film.box.top, film.box.left, film.box.bottom, film.box.right],
    picture: film.pictureSize,
    facts: film.facts,
    check: check(film, facts)?.code ?? null,
    grey: sha256(standardise(film, preprocessing)),
    ink: drawnOver(pixels, height, width, mask, facts),
    contrast: reach,
    seam: seam(film, reach, tables),
    step: step(film, tables),
    corners: findFilm(film, tables),
  };
}

export default async function ({ files, facts, ...how }) {
  const found = {};
  for (const [name, path] of Object.entries(files)) {
    const bytes = new Uint8Array(readFileSync(path));
    try {
      found[name] = looked(await read(bytes, name, facts), facts, how);
    } catch (error) {
      if (error.name !== "Refusal") throw error;
      found[name] = { code: error.code, detail: error.values.detail };
    }
  }
  return found;
}
"""


def by_page(folder: Path, files: dict[str, bytes]) -> dict[str, Answer]:
    """Return what the page reads in each file, or the code of its refusal.

    Parameters
    ----------
    folder
        For files that may be thrown away.
    files
        Name -> bytes.
    """
    paths = {}
    for number, (name, data) in enumerate(files.items()):
        path = folder / f"film-{number}"
        path.write_bytes(data)
        paths[name] = str(path)
    given = {
        "files": paths,
        "facts": facts(),
        "preprocessing": Preprocessing().model_dump(),
        "lungs": lungs().astype(int).tolist(),
    }
    found: dict[str, Answer] = on_node.run(folder, _SCRIPT, given)
    return found


@cache
def facts() -> dict[str, Any]:
    """Return what the page's modules of reading and looking know."""
    return {"radiograph": radiograph_facts()}


def by_python(data: bytes) -> Answer:
    """Return the same of Python."""
    try:
        film = read(data)
    except RadiographError as error:
        return {"code": error.refusal.code.value}
    refusal = check(film)
    corners = find_film(film.pixels)
    reach = contrast(sampled(film.pixels))
    assert film.box is not None
    assert film.picture_size is not None
    return {
        "pixels": _sha256(film.pixels),
        "size": [film.width, film.height],
        "box": film.box.to_list(),
        "picture": list(film.picture_size),
        "facts": facts_as_json(film.facts),
        "check": refusal and refusal.code.value,
        "grey": _sha256(standardise(film, Preprocessing())),
        "ink": drawn_over(film.pixels, lungs()),
        "contrast": reach,
        "seam": seam(film.pixels, reach),
        "step": step(film.pixels),
        "corners": corners and [list(corner) for corner in corners],
    }


def facts_as_json(facts: Facts) -> dict[str, Any]:
    """Return facts as the page names and writes them."""
    told: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(facts), default=str))
    return told


def lungs() -> npt.NDArray[np.bool_]:
    """Return where lungs might lie, coarsely: two blocks."""
    mask = np.zeros((64, 64), dtype=np.bool_)
    mask[9:52, 9:28] = mask[9:52, 37:56] = True
    return mask


def differences(folder: Path, files: dict[str, bytes]) -> dict[str, Any]:
    """Return where the page says another thing than Python; files it does not read are left out.

    Returns
    -------
    By name, what differs: ``[Python's, the page's]``.
    """
    found = {}
    for name, page in by_page(folder, files).items():
        ours = by_python(files[name])
        if page.get("code") == NOT_HERE:
            continue
        page = {"code": page["code"]} if "code" in page else page
        keys = sorted({*ours, *page})
        pairs = {key: [ours.get(key), page.get(key)] for key in keys}
        unlike = {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
        if unlike:
            found[name] = unlike
    return found


def film_of(pixels: npt.NDArray[np.float32]) -> Radiograph:
    """Return pixels as a film of which nothing is known."""
    return Radiograph(np.ascontiguousarray(pixels), Facts("PNG", "", 8))


def _sha256(numbers: npt.NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(numbers).tobytes()).hexdigest()
