"""Zipkin's spans as a waterfall, and the contact sheet."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image
from rich.console import Console

from infra.demo.contact_sheet import COLUMNS, PAPER, Picture, draw
from infra.demo.waterfall import Span, bar, milliseconds, render, spans_of
from infra.demo.web import _study


def told(name: str, parent: str | None, service: str, start: int, duration: int, **tags: str) -> dict[str, Any]:
    span = {"id": name, "name": f"step {name}", "timestamp": start, "duration": duration, "tags": tags}
    return span | {"localEndpoint": {"serviceName": service}} | ({"parentId": parent} if parent else {})


ANSWER = [
    told("c", "b", "validator", 1_000_300, 100),
    told("a", None, "receiver", 1_000_000, 100),
    told("d", "b", "thumbnailer", 1_000_350, 650, **{"error.type": "Transient"}),
    told("b", "a", "anonymiser", 1_000_100, 200, **{"isocentre.outcome": "quarantine", "isocentre.reason": "overlay"}),
]


def text(spans: list[Span], width: int = 120) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(render("ab" * 16, spans, width))
    written = console.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


def test_parents_stand_before_children_and_earlier_ones_before_later_ones() -> None:
    spans = spans_of(ANSWER)
    assert [(span.id, span.depth) for span in spans] == [("a", 0), ("b", 1), ("c", 2), ("d", 2)]


def test_a_span_whose_parent_is_not_there_is_a_root() -> None:
    assert [(span.id, span.depth) for span in spans_of([ANSWER[0]])] == [("c", 0)]


def test_spans_that_are_parents_of_each_other_do_not_hang() -> None:
    assert spans_of([told("a", "b", "x", 1, 1), told("b", "a", "x", 1, 1)]) == []


def test_bars_begin_and_end_where_they_should() -> None:
    assert bar(0, 1, 10) == "█" * 10
    assert bar(0.5, 1, 10) == " " * 5 + "█" * 5
    assert bar(0.5, 0.5, 10) == " " * 5 + "▏"
    assert len(bar(1, 1, 10)) <= 10
    assert bar(0, 0.25, 10) == "██▌"


def test_durations_for_people() -> None:
    assert [milliseconds(value) for value in (40, 1234, 56_789, 12_345_678)] == [
        "40 µs",
        "1.2 ms",
        "57 ms",
        "12.3 s",
    ]


def test_the_waterfall_tells_services_steps_times_and_errors() -> None:
    shown = text(spans_of(ANSWER))
    lines = shown.splitlines()
    assert "4 steps in 1.0 ms" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == ["receiver", "anonymiser", "validator", "thumbnailer"]
    assert "quarantine overlay" in lines[2]
    assert "error: Transient" in lines[4]
    assert all(len(line) <= 120 for line in lines)


def test_a_narrow_terminal_is_no_reason_to_fail() -> None:
    assert "█" in text(spans_of(ANSWER), width=40)


def test_a_study_of_dicom_json() -> None:
    study = _study(
        {
            "00080020": {"vr": "DA", "Value": ["20200101"]},
            "00080061": {"vr": "CS", "Value": ["CT", "SEG"]},
            "00100020": {"vr": "LO", "Value": ["IC1"]},
            "00081030": {"vr": "LO"},
            "0020000D": {"vr": "UI", "Value": ["2.25.1"]},
            "00201206": {"vr": "IS", "Value": [1]},
            "00201208": {"vr": "IS", "Value": [12]},
        }
    )
    assert (study.date, study.modalities, study.instances, study.description) == ("20200101", "CT SEG", 12, "")


def test_the_contact_sheet_has_a_tile_for_each_picture() -> None:
    jpeg = io.BytesIO()
    Image.new("RGB", (256, 128), (200, 0, 0)).save(jpeg, "JPEG")
    pictures = [Picture(jpeg.getvalue(), "CT", "site-a")] * (COLUMNS + 1) + [Picture(b"broken", "MR", "site-b")]
    sheet = draw(pictures, "14 pictures")
    colours: Any = sheet.getcolors(1 << 24)
    red = sum(count for count, (r, g, _) in colours if r > 150 and g < 50)
    one_row, two_rows = draw(pictures[:1], "").height, draw(pictures[: COLUMNS + 1], "").height
    assert red == (COLUMNS + 1) * 152 * 76
    assert two_rows > one_row
    assert sheet.getpixel((0, 0)) == PAPER
