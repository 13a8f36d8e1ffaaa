"""Curves over time as SVG. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 1200, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 190, 34, 40
COLOURS = (
    "#1f6feb", "#d1495b", "#2e8b57", "#b8860b", "#7b4ea3", "#00838f", "#e07b39", "#5d6d7e", "#c2185b", "#6b8e23",
    "#3949ab", "#795548",
)  # fmt: skip
GAP = 15.0
"""Seconds without a point after which a curve is broken off."""
FINEST = 1.5
"""Pixels between two points, at least: of those in between the highest is drawn."""

Points = Sequence[tuple[float, float]]


def chart(title: str, curves: Mapping[str, Points], marks: Iterable[tuple[float, float, str]]) -> str:
    """`marks`: spans of time with a name, that are shaded; the name is shown when one points at them."""
    drawn = {name: points for name, points in sorted(curves.items()) if points}
    longest = max((points[-1][0] for points in drawn.values()), default=1.0)
    most = max((value for points in drawn.values() for _, value in points), default=0.0) or 1.0
    frame = _Frame(longest, _round_up(most))
    body = [*_shades(frame, marks), *_grid(frame), *_lines(frame, drawn)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
        f'<text x="{LEFT}" y="20" font-size="15">{escape(title)}</text>{"".join(body)}</svg>\n'
    )


class _Frame:
    """Where a point lies in the picture."""

    def __init__(self, longest: float, most: float) -> None:
        self.longest, self.most = longest, most

    def x(self, seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(seconds, self.longest) / self.longest

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.most


def _round_up(value: float) -> float:
    """The next number that begins with 1, 2 or 5."""
    step = 1.0
    while step < value:
        for factor in (2.0, 2.5, 2.0):
            step *= factor
            if step >= value:
                break
    return step


def _grid(frame: _Frame) -> Iterator[str]:
    for part in range(5):
        value = frame.most * part / 4
        y = frame.y(value)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{value:,.0f}</text>'
    for part in range(7):
        seconds = frame.longest * part / 6
        where = f'x="{frame.x(seconds):.1f}" y="{HEIGHT - BOTTOM + 18}"'
        yield f'<text {where} text-anchor="middle" fill="#555">{seconds / 60:.1f} min</text>'


def _shades(frame: _Frame, marks: Iterable[tuple[float, float, str]]) -> Iterator[str]:
    for begin, end, name in marks:
        x, width = frame.x(begin), max(1.0, frame.x(end) - frame.x(begin))
        yield (
            f'<rect x="{x:.1f}" y="{TOP}" width="{width:.1f}" height="{HEIGHT - TOP - BOTTOM}" fill="#f3d9a4"'
            f' fill-opacity="0.6"><title>{escape(name)}</title></rect>'
        )


def _lines(frame: _Frame, curves: Mapping[str, Points]) -> Iterator[str]:
    for number, (name, points) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        for piece in _pieces(points):
            line = " ".join(f"{x:.1f},{frame.y(value):.1f}" for x, value in _thinned(frame, piece))
            yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.4"/>'
        y = TOP + 14 + number * 18
        most = max(value for _, value in points)
        yield f'<rect x="{WIDTH - RIGHT + 12}" y="{y - 9}" width="10" height="10" fill="{colour}"/>'
        yield f'<text x="{WIDTH - RIGHT + 28}" y="{y}">{escape(name)} (most {most:,.0f})</text>'


def _pieces(points: Points) -> Iterator[Points]:
    """Broken off where nothing was seen for a while."""
    begin = 0
    for at in range(1, len(points)):
        if points[at][0] - points[at - 1][0] > GAP:
            yield points[begin:at]
            begin = at
    yield points[begin:]


def _thinned(frame: _Frame, points: Points) -> Iterator[tuple[float, float]]:
    """Places in the picture, and the highest value near each."""
    place, highest = frame.x(points[0][0]), points[0][1]
    for seconds, value in points[1:]:
        x = frame.x(seconds)
        if x - place >= FINEST:
            yield place, highest
            place, highest = x, value
        else:
            highest = max(highest, value)
    yield place, highest
