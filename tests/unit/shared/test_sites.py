"""The sites file: who is who."""

from pathlib import Path

import pytest

from shared.sites import Sites, read_sites

TWO = """
sites:
  - {code: site-a, project: demo, calling_ae_titles: [A1, A2], called_ae_titles: [ISOCENTRE]}
  - {code: site-b, project: demo, called_ae_titles: [FROM_B]}
"""


@pytest.fixture
def sites(tmp_path: Path) -> Sites:
    path = tmp_path / "sites.yaml"
    path.write_text(TWO, encoding="utf-8")
    return read_sites(path)


@pytest.mark.parametrize(
    ("called", "calling", "code"),
    [
        ("ISOCENTRE", "A1", "site-a"),
        ("ISOCENTRE ", " A2 ", "site-a"),
        ("FROM_B", "ANYONE", "site-b"),
        ("ISOCENTRE", "ANYONE", None),
        ("ELSEWHERE", "A1", None),
        ("isocentre", "A1", None),
    ],
)
def test_finds_the_site_by_its_titles(sites: Sites, called: str, calling: str, code: str | None) -> None:
    site = sites.find(called, calling)
    assert (site.code if site else None) == code


def test_knows_which_called_titles_it_serves(sites: Sites) -> None:
    assert sites.serves("ISOCENTRE")
    assert not sites.serves("ELSEWHERE")


@pytest.mark.parametrize("text", ["", "sites: [{code: 'Not Opaque!', project: p}]", "sites: [{code: a, projekt: x}]"])
def test_refuses_a_file_that_does_not_say_what_it_must(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError):
        read_sites(path)
