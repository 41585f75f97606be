"""The QR code on a report leads to the case."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable

import numpy as np
from fastapi.testclient import TestClient
from PIL import Image

from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.pages.report.address import qr_png
from covid_d.clinic.roles import Role

SignIn = Callable[[Role], TestClient]


def _modules(png: bytes) -> np.ndarray:
    """The code's dark modules, without its quiet zone."""
    with Image.open(io.BytesIO(png)) as picture:
        dark = np.asarray(picture.convert("L")) < 128
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    assert rows[0] >= 4 * 6
    assert columns[0] >= 4 * 6
    return dark[rows[0] : rows[-1] + 1 : 6, columns[0] : columns[-1] + 1 : 6]


_MASKS: tuple[Callable[[int, int], int], ...] = (
    lambda r, c: (r + c) % 2,
    lambda r, c: r % 2,
    lambda r, c: c % 3,
    lambda r, c: (r + c) % 3,
    lambda r, c: (r // 2 + c // 3) % 2,
    lambda r, c: r * c % 2 + r * c % 3,
    lambda r, c: (r * c % 2 + r * c % 3) % 2,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2,
)


def _decoded(dark: np.ndarray) -> str:
    """Read a code of versions 2 to 6 with one block as ISO/IEC 18004 has it, unharmed as it is."""
    side = len(dark)
    fixed = np.zeros_like(dark)
    fixed[:9, :9] = fixed[:9, -8:] = fixed[-8:, :9] = True  # finders, with format beside them
    fixed[6, :] = fixed[:, 6] = True  # timing
    fixed[side - 9 : side - 4, side - 9 : side - 4] = True  # alignment
    bits_of_format = int("".join("01"[int(value)] for value in dark[8, :5]), 2) ^ 0b10101
    level, mask = bits_of_format >> 3, _MASKS[bits_of_format & 7]
    assert level == 0b00, "level M"
    bits = []
    columns = [column for column in range(side - 1, 0, -2) if column > 6]
    columns += [5, 3, 1]
    for turn, right in enumerate(columns):
        rows = range(side) if turn % 2 else range(side - 1, -1, -1)
        for row in rows:
            for column in (right, right - 1):
                if not fixed[row, column]:
                    bits.append(bool(dark[row, column]) ^ (mask(row, column) == 0))
    text = "".join("01"[int(bit)] for bit in bits)
    assert text[:4] == "0100", "bytes"
    length = int(text[4:12], 2)
    return bytes(int(text[12 + 8 * at : 20 + 8 * at], 2) for at in range(length)).decode("ascii")


def test_a_reader_is_led_to_the_address() -> None:
    for number in (1, 4711):
        address = f"https://clinica.example.ec/cases/{number}"
        assert _decoded(_modules(qr_png(address))) == address


def test_the_page_carries_the_code_of_its_own_case(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    page = signed_in(Role.DOCTOR).get(f"/cases/{case_id}/report").text
    found = re.search(r'class="qr" src="data:image/png;base64,([^"]+)"', page)
    assert found is not None
    assert base64.b64decode(found[1]) == qr_png(f"http://testserver/cases/{case_id}")
