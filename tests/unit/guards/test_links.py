"""Links between the pages of the repository lead to something."""

from pathlib import Path

import pytest

from tests.support import markdown

ROOT = Path(__file__).resolve().parents[3]


def test_all_local_links_lead_somewhere() -> None:
    assert len(markdown.pages(ROOT)) > 30
    assert markdown.broken(ROOT) == []


@pytest.fixture
def page(tmp_path: Path) -> Path:
    other = tmp_path / "services" / "other.md"
    other.parent.mkdir()
    other.write_text('# Two words\n\n# `code` & more\n\n# Two words\n\n<a id="here"></a>\n', encoding="utf-8")
    return tmp_path / "README.md"


LEADS = [
    "[one](services/other.md)",
    "[a folder](services)",
    "[one](<services/other.md>) and ![two](services/other.md)",
    "[one](services/other.md#two-words) [again](services/other.md#two-words-1) [HTML](services/other.md#here)",
    "[code](services/other.md#code--more)",
    "# Own\n\n[one](#own)",
    "[elsewhere](https://example.org/nothing) and [mail](mailto:nobody@example.org)",
    "`[shown](nothing.md)`",
    "```\n[shown](nothing.md)\n```",
    "    [shown](nothing.md)",
]
NOWHERE = [
    ("[one](nothing.md)", "nothing.md"),
    ("[a `name`](nothing.md)", "nothing.md"),
    ("![picture](nothing.png)", "nothing.png"),
    ("| a |\n|---|\n| [one](nothing.md) |", "nothing.md"),
    ("[one][two]\n\n[two]: nothing.md", "nothing.md"),
    ("[heading](services/other.md#three-words)", "services/other.md#three-words"),
    ("[heading](#own)", "#own"),
    ("[outside](../)", "../"),
    ("[a line](services#L3)", "services#L3"),
]


@pytest.mark.parametrize("text", LEADS)
def test_a_link_that_leads_somewhere_is_none_to_mend(page: Path, text: str) -> None:
    page.write_text(text, encoding="utf-8")
    assert markdown.broken(page.parent) == []


@pytest.mark.parametrize(("text", "target"), NOWHERE)
def test_a_link_that_leads_nowhere_is_seen(page: Path, text: str, target: str) -> None:
    page.write_text(f"Words.\n\n{text}\n", encoding="utf-8")
    (found,) = markdown.broken(page.parent)
    assert found.startswith("README.md:")
    assert found.endswith(f" {target}")
    assert not found.startswith("README.md:1 ")
