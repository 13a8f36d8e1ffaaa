"""The header as jsonb takes it."""

import json
from typing import Any

import pytest

from services.indexer import kept_header
from services.indexer.kept_header import keep


def test_the_usual_header_is_kept_as_it_is() -> None:
    header = {"00080060": {"vr": "CS", "Value": ["CT"]}, "00181151": {"vr": "IS", "Value": [1.5, "Grüße", "\\u0000"]}}
    kept = keep(header)
    assert json.loads(kept.json) == header
    assert not kept.cut


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("a\0b", "ab"),
        ("\0 and \\u0000", " and \\u0000"),
        ("\ud83d", ""),
        (float("nan"), None),
        (float("-inf"), None),
        pytest.param(10**5000, None, id="huge"),
        ({"in\0ner": ["\0"]}, {"inner": [""]}),
        (True, True),
    ],
)
def test_what_jsonb_refuses_is_mended(value: object, kept: object) -> None:
    header = {"00080060": {"vr": "UN", "Value": [value]}}
    assert json.loads(keep(header).json) == {"00080060": {"vr": "UN", "Value": [kept]}}


def test_a_bottomless_header_ends_somewhere() -> None:
    header: dict[str, Any] = {}
    level = header
    for _ in range(5000):
        level["0040A730"] = {}
        level = level["0040A730"]
    assert len(keep(header).json) < 3000


def test_a_header_too_large_loses_its_large_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_header, "HEADER_LIMIT", 2000)
    monkeypatch.setattr(kept_header, "ELEMENT_LIMIT", 500)
    small = {f"001000{number:02}": {"vr": "LO", "Value": ["x" * 100]} for number in range(30)}
    kept = keep({"30060050": {"vr": "DS", "Value": ["1.5"] * 500}, **small})
    assert kept.cut
    assert len(kept.json) <= 2000
    assert set(json.loads(kept.json)) == set(list(small)[:14])
