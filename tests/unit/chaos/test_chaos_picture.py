"""Curves as SVG."""

from xml.etree import ElementTree

from tests.chaos.rounds.picture import FINEST, WIDTH, chart

SVG = "{http://www.w3.org/2000/svg}"


def test_each_curve_is_drawn_and_named_and_marks_are_told() -> None:
    curves = {"indexer": [(0.0, 0.0), (10.0, 50.0), (20.0, 0.0)], "<tracker>": [(0.0, 3.0)], "none": []}
    drawn = ElementTree.fromstring(chart("lag & more", curves, [(5.0, 8.0, "kill: <x>")]))
    assert len(drawn.findall(f"{SVG}polyline")) == 2
    texts = [text.text or "" for text in drawn.iter(f"{SVG}text")]
    assert "indexer (most 50)" in texts
    assert "lag & more" in texts
    assert [title.text for title in drawn.iter(f"{SVG}title")] == ["kill: <x>"]


def test_a_gap_breaks_the_curve() -> None:
    drawn = ElementTree.fromstring(chart("lag", {"a": [(0.0, 1.0), (1.0, 1.0), (100.0, 1.0), (101.0, 1.0)]}, []))
    assert len(drawn.findall(f"{SVG}polyline")) == 2


def test_a_short_peak_in_a_long_curve_is_seen_and_the_picture_stays_small() -> None:
    points = [(float(second), 1000.0 if second == 5000 else 1.0) for second in range(20_000)]
    (line,) = ElementTree.fromstring(chart("lag", {"a": points}, [])).findall(f"{SVG}polyline")
    places = [float(pair.split(",")[1]) for pair in line.attrib["points"].split()]
    assert len(places) <= WIDTH / FINEST
    assert min(places) == 34.0
