"""How much text is found in pixels, by glyph height, image size, background and contrast; what it costs, what is false.

`python -m tests.bench.recall [--quick]` prints the tables and writes them to build/recall.md. Real pictures without
text are taken from ISOCENTRE_CORPUS_DIR if set (its manifest.csv tells in which OCR saw none).
"""

import argparse
import csv
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

from services.anonymiser.dataset.reading import read
from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.description import describe, pixels_of
from services.anonymiser.pixels.detecting import Detector
from services.anonymiser.pixels.showing import pictures
from services.anonymiser.pixels.source import source_of
from services.anonymiser.pixels.stored import decoded
from tests.support import corpus
from tests.support.planting import BACKGROUNDS, Grey, Line, covered, planted

HEIGHTS = (8, 10, 12, 14, 17, 20, 24, 28, 40, 80)
"""Of capital letters, in pixels; a font of 20 points has capitals of 14 pixels."""
SIZES = ((512, 512), (1024, 1024), (2048, 2048), (3000, 2400), (4096, 3328))
CONTRASTS = (5, 10, 25, 50, 100, 150)
BOTH = (False, True)


@dataclass
class Tally:
    """Lines planted and found, and boxes where there is nothing."""

    planted: int = 0
    found: int = 0
    false: int = 0
    images: int = 0
    seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{100 * self.found / self.planted:.0f}" if self.planted else "-"


@lru_cache(3)
def background(name: str, rows: int, columns: int, seed: int) -> Grey:
    return BACKGROUNDS[name](rows, columns, seed)


def beside(box: Box, truth: list[Line]) -> bool:
    return not any(box.meets(Box(*line.box)) for line in truth)


def looked(detector: Detector, image: Grey, truth: list[Line], look: int, tally: Tally) -> None:
    started = time.process_time()
    boxes = detector.find(image, look)
    tally.seconds.append(time.process_time() - started)
    tally.images += 1
    tally.planted += len(truth)
    tally.found += sum(covered(line, boxes) for line in truth)
    tally.false += sum(beside(box, truth) for box in boxes)


def tried(
    detector: Detector,
    make: Callable[[int], Grey],
    height: int,
    contrast: int,
    *,
    look: int = 1,
    dark: tuple[bool, ...] = BOTH,
    enough: int = 24,
) -> Tally:
    """Images with lines of `height` until `enough` are planted, or there is no room for more in eight images."""
    tally = Tally()
    for seed in range(8):
        if tally.planted >= enough:
            break
        rng = random.Random(f"{height} {contrast} {seed}")
        image, truth = planted(make(seed), height, contrast, rng, lines=enough, dark=dark)
        looked(detector, image, truth, look, tally)
    return tally


def table(title: str, head: Iterable[object], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    head = tuple(head)
    yield f"\n{title}\n"
    yield "| " + " | ".join(map(str, head)) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(map(str, row)) + " |"


def by_size(detector: Detector, name: str, contrast: int, sizes: tuple[tuple[int, int], ...], look: int) -> list[str]:
    heads = [f"{rows} x {columns}" for rows, columns in sizes]

    def row(height: int) -> tuple[object, ...]:
        cells = []
        for rows, columns in sizes:
            cells.append(
                tried(
                    detector,
                    partial(background, name, rows, columns),
                    height,
                    contrast,
                    look=look,
                    dark=dark_on(name),
                )
            )
            progress(name, height, rows, columns, look, cells[-1])
        return (height, *cells)

    which = "first" if look == 1 else "second"
    title = f"Lines found of 100, {name}, {contrast} grey levels of contrast, {which} look:"
    return list(table(title, ("px", *heads), (row(height) for height in HEIGHTS)))


def by_contrast(detector: Detector, name: str, size: int) -> list[str]:
    def row(height: int) -> tuple[object, ...]:
        cells = [
            tried(detector, partial(background, name, size, size), height, contrast, dark=dark_on(name))
            for contrast in CONTRASTS
        ]
        progress(name, height, size, size, 1, *cells)
        return (height, *cells)

    title = f"Lines found of 100, {name} {size} x {size}, by grey levels of contrast:"
    return list(table(title, ("px", *CONTRASTS), (row(height) for height in HEIGHTS)))


def dark_on(name: str) -> tuple[bool, ...]:
    return (False,) if name == "black" else BOTH


def nothing(detector: Detector, sizes: tuple[tuple[int, int], ...], seeds: int) -> list[str]:
    def rows() -> Iterator[tuple[object, ...]]:
        for height, width in sizes:
            for look in (1, 2):
                tally = Tally()
                for name in BACKGROUNDS:
                    for seed in range(100, 100 + seeds):
                        looked(detector, BACKGROUNDS[name](height, width, seed), [], look, tally)
                progress("nothing", 0, height, width, look, tally)
                cost = 1000 * statistics.median(tally.seconds)
                yield f"{height} x {width}", look, tally.images, tally.false, f"{cost:.0f}"

    return list(table("Without text:", ("image", "look", "images", "false boxes", "CPU ms each (median)"), rows()))


def real(detector: Detector, folder: Path, every: int) -> list[str]:
    """False boxes in real pictures in which OCR saw no text, and lines found that were planted there."""
    clean, tallies = Tally(), {height: Tally() for height in (8, 12, 20, 32)}
    silent = 0
    for number, picture in enumerate(_text_free(folder)):
        if number % every:
            continue
        before = clean.false
        looked(detector, picture, [], 1, clean)
        silent += clean.false == before
        if picture.ndim == 2 and min(picture.shape) >= 400:
            for height, tally in tallies.items():
                rng = random.Random(number * 100 + height)
                image, truth = planted(picture, height, 40, rng, lines=4, dark=BOTH)
                looked(detector, image, truth, 1, tally)
        progress("real", number, *picture.shape[:2], 1, clean)
    rows = [(height, tally.planted, tally) for height, tally in tallies.items()]
    told = f"Real pictures without text: {clean.images}; {silent} without any box; {clean.false} boxes in the others."
    return ["", told, *table("Lines planted there, 40 grey levels of contrast:", ("px", "lines", "found of 100"), rows)]


def _text_free(folder: Path) -> Iterator[Grey]:
    seen = set()
    with (folder / "manifest.csv").open(encoding="utf-8") as manifest:
        files = [row["file"] for row in csv.DictReader(manifest) if not row["ocr_text"] and row["pixel_decode"] == "ok"]
    for name in files:
        try:
            syntax, elements = read((folder / name).read_bytes())
            pixels = pixels_of(elements)
            assert pixels is not None
            described = describe(elements, syntax)
            frame = bytes(source_of(pixels, described, elements).frame(described.frames // 2))
            picture = pictures(decoded(frame, described), described)[0]
        except Exception:  # whatever cannot be decoded is another test's business
            continue
        if min(picture.shape[:2]) >= 64 and picture.tobytes() not in seen:
            seen.add(picture.tobytes())
            yield picture


def progress(*things: object) -> None:
    print(*things, file=sys.stderr, flush=True)


def publish(told: Iterable[str], name: str) -> None:
    """Prints the report, and writes it to build/`name`.md."""
    text = "\n".join(told)
    out = Path(f"build/{name}.md")
    out.parent.mkdir(exist_ok=True)
    out.write_text(f"{text}\n", encoding="utf-8")
    print(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small images and one background only")
    quick = parser.parse_args().quick
    detector = Detector()
    small = SIZES[:2]
    sizes = small if quick else SIZES
    told = by_size(detector, "anatomy", 100, sizes, 1) + by_size(detector, "anatomy", 100, small, 2)
    for name in [] if quick else [name for name in BACKGROUNDS if name != "anatomy"]:
        told += by_size(detector, name, 100, small, 1)
    for name in ("anatomy",) if quick else BACKGROUNDS:
        told += by_contrast(detector, name, 512)
    told += nothing(detector, sizes, 1 if quick else 3)
    folder = corpus.folder()
    told += real(detector, folder, 8 if quick else 1) if folder else ["", f"Real pictures: {corpus.MISSING}."]
    publish(told, "recall")


if __name__ == "__main__":
    main()
