"""Source and licence of each film, in Markdown that no file name can break."""

from __future__ import annotations

from covid_d.dataset.build.attribution import attribution


def film(name: str, license_text: str, **cells: str) -> dict[str, str]:
    usual = {
        "path": f"train/covid/{name}",
        "source": "cohen",
        "original": name,
        "url": "https://x.org",
    }
    return usual | {"license": license_text} | cells


def test_every_film_has_a_line() -> None:
    page = attribution(
        [film("a.png", "CC BY 4.0"), film("b.png", "")], ["Cohen et al. 2020", "Kermany 2018"]
    )
    assert "| train/covid/a.png | cohen | a.png | CC BY 4.0 | https://x.org |" in page
    assert "| train/covid/b.png | cohen | b.png | none stated | https://x.org |" in page
    assert "- Cohen et al. 2020\n- Kermany 2018\n" in page


def test_licences_are_counted_and_judged() -> None:
    page = attribution(
        [film("a", "CC BY 4.0"), film("b", "CC BY-NC-SA"), film("c", "CC BY-NC-SA"), film("d", "")],
        [],
    )
    table = page[page.index("## Licences") : page.index("## Films")]
    assert table.splitlines()[4:7] == [
        "| CC BY-NC-SA | 2 | yes | no |",
        "| none stated | 1 | no | no |",
        "| CC BY 4.0 | 1 | yes | yes |",
    ]


def test_no_name_breaks_the_table() -> None:
    page = attribution([film("a|b\n<script>.png", "CC0 \\ |", url="https://x.org/a|b")], [])
    line = next(line for line in page.splitlines() if "script" in line)
    assert line.replace("\\|", "").count("|") == 6
    assert "<script>" not in page
