"""Text in pixels is found: small, large, faint, coloured, turned, at every edge; and where there is none, none."""

import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.anonymiser.pixels import detecting, models
from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.detecting import LOOKS, Detector, cuts, detector
from services.anonymiser.pixels.lines import Line as Mark
from services.anonymiser.pixels.lines import hidden, joined, lines_in
from services.anonymiser.pixels.preparing import lifted, with_reference
from tests.support.planting import BACKGROUNDS, FONTS, Grey, Line, anatomy, black, covered, ink_of, noise, planted

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def eyes() -> Detector:
    return detector()


def unseen(boxes: tuple[Box, ...], truth: list[Line]) -> list[Line]:
    return [line for line in truth if not covered(line, boxes)]


def written(image: Grey, ink: np.ndarray, left: int, top: int, level: float) -> Mark:
    """`ink` put into `image`."""
    tall, wide = ink.shape
    place = image[top : top + tall, left : left + wide]
    place[:] = (place * (1 - ink) + level * ink).round().astype(np.uint8)
    return Line((left, top, left + wide, top + tall), ink > 0.25)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("height", [10, 14, 20, 28, 40])
def test_lines_are_found(eyes: Detector, background: str, height: int, look: int) -> None:
    dark = (False,) if background == "black" else (False, True)
    image, truth = planted(BACKGROUNDS[background](384, 384, height), height, 80, random.Random(height), 5, dark=dark)
    boxes = eyes.find(image, look)
    assert truth
    assert not unseen(boxes, truth)
    whole = [Box(*line.box) for line in truth]
    assert all(any(box.meets(line) for line in whole) for box in boxes), "a box where there is no text"


@pytest.mark.parametrize("font", FONTS)
def test_eight_pixels_are_found_on_black_however_faint(eyes: Detector, font: str) -> None:
    image, truth = planted(black(384, 384, 0), 8, 6, random.Random(8), 5, fonts=(font,))
    assert not unseen(eyes.find(image), truth)


def test_small_glyphs_are_found_on_large_images(eyes: Detector) -> None:
    """With the image reduced to 640 pixels nothing of this size was found."""
    image, truth = planted(anatomy(2400, 3000, 4), 14, 80, random.Random(4), 12, dark=(False, True))
    assert len(truth) == 12
    assert not unseen(eyes.find(image), truth)


def test_letters_larger_than_a_tile_overlaps_are_found(eyes: Detector) -> None:
    image = anatomy(2400, 2400, 2)
    line = written(image, ink_of("ANNA", 400, "outline"), 500, 900, 255)
    assert not unseen(eyes.find(image), [line])


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_lines_are_found(eyes: Detector, turns: int, look: int) -> None:
    image = anatomy(384, 384, turns)
    line = written(image, np.rot90(ink_of("MUELLER, 1950", 14, "outline"), turns), 120, 120, 255)
    boxes = eyes.find(image, look)
    assert any(Box(*line.box).within(box) for box in boxes)


def test_slanting_lines_are_found(eyes: Detector) -> None:
    image = anatomy(512, 512, 7)
    page = np.zeros_like(image)
    cv2.putText(page, "MUELLER ANNA 1950", (120, 250), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2, cv2.LINE_AA)
    page = cv2.warpAffine(page, cv2.getRotationMatrix2D((256, 256), 30, 1), (512, 512))
    (box,) = eyes.find(np.maximum(image, page))
    rows, columns = np.nonzero(page > 60)
    assert Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1).within(box)


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (76, 76, 76)])
def test_lines_in_colour_are_found(eyes: Detector, colour: tuple[int, int, int]) -> None:
    """Also where they are as light as what is around them: grey 76 is as light as red."""
    ground = (76, 76, 76) if colour != (76, 76, 76) else (255, 0, 0)
    image = np.full((256, 256, 3), ground, np.uint8)
    ink = ink_of("Nowak, Tom", 14, "outline")
    place = image[100 : 100 + ink.shape[0], 60 : 60 + ink.shape[1]]
    place[:] = place * (1 - ink[..., None]) + np.array(colour) * ink[..., None]
    line = Line((60, 100, 60 + ink.shape[1], 100 + ink.shape[0]), ink > 0.25)
    assert not unseen(eyes.find(image), [line])


@pytest.mark.parametrize(
    "text", ["Иванова Мария", "山田太郎", "김철수 1950", "Παπαδόπουλος", "שלום כהן", "Żółć Łukasz"]
)
def test_other_scripts_are_found(eyes: Detector, text: str) -> None:
    image = anatomy(384, 384, 1)
    page = np.zeros_like(image)
    cv2.putText(page, text, (60, 200), 255, cv2.FontFace("uni"), 22)
    rows, columns = np.nonzero(page > 60)
    assert len(rows) > 200, "this font draws nothing for it"
    boxes = eyes.find(np.maximum(image, page))
    drawn = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    assert any(drawn.within(box) for box in boxes)


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_lines_at_the_very_edge_are_found(eyes: Detector, place: tuple[int, int]) -> None:
    image = noise(300, 400, 1)
    ink = ink_of("Dupont 1961", 12, "outline")
    left, top = place[0] * (400 - ink.shape[1]), place[1] * (300 - ink.shape[0])
    line = written(image, ink, left, top, 255)
    boxes = eyes.find(image)
    assert not unseen(boxes, [line])
    assert all(box.within(Box(0, 0, 400, 300)) for box in boxes)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_where_there_is_no_text_none_is_found(eyes: Detector, background: str, look: int) -> None:
    for size, seed in ((256, 1), (512, 2), (900, 3)):
        assert eyes.find(BACKGROUNDS[background](size, size, seed), look) == ()


def test_a_body_alone_is_no_text_because_of_the_reference_beside_it(eyes: Detector) -> None:
    """What the network alone says of the same pictures: the reference is what keeps it sober."""
    pictures = [anatomy(512, 512, seed) for seed in range(3)]
    alone = [(np.repeat(one[:, :, None], 3, 2)) for one in pictures]
    assert any(lines_in(models.Detecting(1).chances(one)) for one in alone)
    assert not any(eyes.find(one) for one in pictures)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (7, 9), (31, 33), (0, 5), (40, 40, 3), (3, 1400)])
def test_any_shape_is_looked_at(eyes: Detector, shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(1).integers(0, 255, shape, np.uint8)
    rows, columns = shape[:2]
    for look in LOOKS:
        assert all(box.within(Box(0, 0, columns, rows)) and not box.empty for box in eyes.find(image, look))


def test_the_same_picture_gives_the_same_boxes_and_stays_as_it_is(eyes: Detector) -> None:
    image, _ = planted(anatomy(300, 300, 1), 12, 60, random.Random(1))
    before = image.copy()
    image.flags.writeable = False
    assert eyes.find(image) == Detector().find(image) != ()
    assert np.array_equal(image, before)


@given(length=st.integers(1, 9000), look=st.sampled_from(sorted(LOOKS)))
@settings(max_examples=200)
def test_tiles_cover_everything_and_overlap(length: int, look: int) -> None:
    way = LOOKS[look]
    tiles = cuts(length, way)
    assert tiles[0].start == 0
    assert tiles[-1].stop == length
    assert all(0 < tile.stop - tile.start <= way.tile for tile in tiles)
    assert all(one.stop - other.start >= way.overlap for one, other in pairwise(tiles))


def test_contrast_is_lifted_where_it_is_faint_and_kept_where_it_is_strong() -> None:
    image = np.zeros((600, 600), np.uint8)
    image[10:20:2, 10:60] = 8
    image[500:520:2, 500:560] = 255
    made = lifted(image)
    assert made[10:20, 10:60].max() > 100
    assert made[500:520, 500:560].max() == 255
    assert np.array_equal(lifted(np.repeat(image[:, :, None], 3, 2))[:, :, 1], made)


def test_the_reference_stands_below_the_tile() -> None:
    tile = noise(100, 300, 1)
    framed = with_reference(tile)
    assert framed.shape[0] % models.MULTIPLE == framed.shape[1] % models.MULTIPLE == 0
    assert np.array_equal(framed[:100, :300, 2], tile)
    assert (framed[-32:] > 200).any()


def test_words_of_one_line_are_joined_and_lines_are_not() -> None:
    words = [Box(0, 0, 40, 10), Box(46, 1, 90, 11), Box(0, 14, 40, 24), Box(200, 0, 240, 10), Box(92, 0, 95, 60)]
    assert sorted(joined(words)) == sorted([Box(0, 0, 90, 11), *words[2:]])


def test_what_is_hidden_by_boxes_is_known() -> None:
    assert hidden(Box(0, 0, 10, 10), [Box(0, 0, 5, 10), Box(5, 0, 9, 10)])
    assert not hidden(Box(0, 0, 10, 10), [Box(0, 0, 5, 10)])


def test_running_out_of_memory_is_told_as_such() -> None:
    class Starving:
        def get_inputs(self) -> list["Starving"]:
            return [self]

        name = "x"

        def run(self, *_: object) -> None:
            raise RuntimeError("Failed to allocate memory for requested buffer of size 1")

    with pytest.raises(MemoryError):
        models.guarded(Starving(), np.zeros(1))


_QUIETLY = """
import socket, sys
def refuse(*_, **__): raise AssertionError("network")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
import numpy as np
from services.anonymiser.pixels.detecting import detector
detector().find(np.zeros((64, 64), np.uint8) + np.arange(64, dtype=np.uint8))
assert not {"rapidocr", "requests"} & set(sys.modules)
"""


def test_the_models_come_from_the_wheel_without_network_or_noise() -> None:
    done = subprocess.run([sys.executable, "-c", _QUIETLY], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_loads_no_models_and_no_network_libraries() -> None:
    code = "import services.anonymiser.pixels.detecting, sys; assert not {'onnxruntime', 'cv2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_digest_is_that_of_both_networks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = set()
    for contents in (("a", "b"), ("a", "c"), ("c", "b"), ("b", "a")):
        for part, content in zip(("det", "rec"), contents, strict=True):
            (tmp_path / part).write_text(content)
        monkeypatch.setattr(models, "_file", tmp_path.joinpath)
        found.add(models.digest.__wrapped__())
    assert len(found) == 4


def test_what_is_marked_where_all_pixels_are_the_same_is_nothing(eyes: Detector, monkeypatch) -> None:
    image = np.zeros((300, 400), np.uint8)
    image[200:260, 50:300] = np.random.default_rng(1).integers(0, 255, (60, 250), np.uint8)
    monkeypatch.setattr(eyes, "_marks", lambda *_: iter((mark(40, 40, 120, 24), mark(120, 420, 180, 24))))
    assert [box.top > 150 for box in eyes.find(image)] == [True]


@pytest.mark.parametrize(("read", "found"), [((0.9, 0.9), 0), ((0.9,) * 4, 1)])
def test_a_mark_as_large_as_the_picture_has_to_be_read_as_text(eyes: Detector, monkeypatch, read, found) -> None:
    chances = np.zeros((400, 400), np.float32)
    chances[100:300, 100:300] = 0.5
    monkeypatch.setattr(eyes, "_chances", lambda *_: chances)
    monkeypatch.setattr(eyes._reading, "certainties", lambda _: read)
    image = np.zeros((400, 400), np.uint8)
    image[150:250, 150:250] = 200
    assert len(list(eyes._marks(image, 1.0, LOOKS[1]))) == found


@pytest.mark.parametrize(
    ("chance", "read", "found"),
    [
        (0.9, (), 0),
        (0.9, (0.85,), 1),
        (0.9, (0.7,), 0),
        (0.9, (0.98, 0.94), 1),
        (0.5, (0.98, 0.94), 0),
        (0.9, (0.42, 0.55, 0.91), 0),
        (0.5, (0.7, 0.7, 0.7), 1),
    ],
)
def test_a_doubtful_mark_has_to_be_read_for_sure_or_as_several_characters(
    eyes, monkeypatch, chance, read, found
) -> None:
    chances = np.zeros((400, 400), np.float32)
    chances[100:115, 100:130] = chance
    monkeypatch.setattr(eyes, "_chances", lambda *_: chances)
    monkeypatch.setattr(eyes._reading, "certainties", lambda _: read)
    assert len(list(eyes._marks(np.zeros((400, 400), np.uint8), 1.0, LOOKS[1]))) == found


@pytest.mark.parametrize(
    ("marks", "found"),
    [
        ([(40, 40, False)], 0),
        ([(40, 40, True)], 1),
        ([(40, 40, False), (300, 40, False)], 0),
        ([(40, 40, False), (40, 90, False)], 2),
        ([(40, 40, False), (90, 60, True)], 2),
    ],
    ids=["alone", "word", "far", "below", "beside"],
)
def test_a_single_character_stays_where_it_stands_alone(eyes: Detector, monkeypatch, marks, found) -> None:
    image = np.random.default_rng(1).integers(0, 255, (300, 400), np.uint8)
    made = [mark(left, top, 20, 12, several=several) for left, top, several in marks]
    monkeypatch.setattr(eyes, "_marks", lambda *_: iter(made))
    monkeypatch.setattr(detecting, "joined", list)
    assert len(eyes.find(image)) == found


@pytest.mark.parametrize(("text", "found"), [("R", 0), ("ROE", 1)])
@pytest.mark.parametrize("look", [1, 2])
def test_the_marker_of_a_side_is_no_text_and_a_name_is(eyes: Detector, text: str, found: int, look: int) -> None:
    image = anatomy(800, 800, 3)
    written(image, ink_of(text, 40, "outline"), 600, 100, 250)
    assert len(eyes.find(image, look)) == found


def mark(left: int, top: int, width: int, height: int, *, several: bool = True) -> detecting.Mark:
    line = Mark(left, top, width, height, (left + width / 2, top + height / 2), width, height, 0.0, 0.95)
    return detecting.Mark(line, several)
