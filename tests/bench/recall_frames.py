"""How often the cheap look at groups of frames misses a line in one of them that reading this frame finds.

`python -m tests.bench.recall_frames` prints the table and writes it to build/recall_frames.md.
"""

import random
from collections.abc import Iterator
from functools import cache
from itertools import cycle, islice

import numpy as np
from pydicom.data import get_testdata_files
from pydicom.pixels import iter_pixels

from services.anonymiser.pixels import frames
from services.anonymiser.pixels.detecting import Detector
from tests.bench.recall import progress, publish, table
from tests.support.cines import CINES
from tests.support.planting import Grey, covered, planted

HEIGHTS = (8, 12, 20, 40)
CONTRASTS = (15, 30, 60, 100)
TRIALS, SEEDS = 8, 16
SIZE = 512


def heart(frames: int, size: int, seed: int) -> Iterator[Grey]:
    """Part of a real ultrasound cine with writing that stands still; from the pydicom wheel."""
    shown = _heart()
    first = seed % (len(shown) - frames)
    return iter([one.copy() for one in shown[first : first + frames]])


@cache
def _heart() -> list[Grey]:
    (path,) = get_testdata_files("examples_ybr_color.dcm")
    return [frame.mean(2).astype(np.uint8) for frame in iter_pixels(path)]


KINDS = {**CINES, "real ultrasound": heart}


@cache
def quiet(detector: Detector, kind: str) -> tuple[int, ...]:
    """Seeds whose groups without planted text are not read in full: in others nothing could be missed."""
    seeds = []
    for seed in range(SEEDS):
        group = list(KINDS[kind](frames.GROUP, SIZE, seed))
        if alike(detector, group):
            seeds.append(seed)
    progress(kind, "quiet", len(seeds))
    return tuple(seeds)


def alike(detector: Detector, group: list[Grey]) -> bool:
    return frames.alike(((one,) for one in group), detector.find(group[0]), detector.find)


def tried(detector: Detector, kind: str, height: int, contrast: int) -> tuple[int, int, int]:
    """Lines planted in one frame of a group each; found when that frame is read; of these, missed by the cheap look."""
    lines = read = missed = 0
    for trial, seed in enumerate(islice(cycle(quiet(detector, kind)), TRIALS)):
        rng = random.Random(f"{kind} {height} {contrast} {trial}")
        group = list(KINDS[kind](frames.GROUP, SIZE, seed))
        number = rng.randrange(1, frames.GROUP)
        group[number], truth = planted(group[number], height, contrast, rng, lines=1, dark=(trial % 2 == 1,))
        if not truth:
            continue
        lines += 1
        if covered(truth[0], detector.find(group[number])):
            read += 1
            missed += alike(detector, group)
    return lines, read, missed


def main() -> None:
    detector = Detector()
    rows, alarms = [], []
    for kind in KINDS:
        for height in HEIGHTS:
            cells = []
            for contrast in CONTRASTS:
                lines, read, missed = tried(detector, kind, height, contrast)
                cells.append(f"{missed} of {read} ({lines})")
            rows.append((kind, height, *cells))
            progress(*rows[-1])
        alarms.append((kind, SEEDS, SEEDS - len(quiet(detector, kind))))
    told = [
        *table(
            "Missed by the cheap look, of lines found by reading (of lines planted):",
            ("frames", "px", *CONTRASTS),
            rows,
        ),
        *table("Groups without text that are read in full:", ("frames", "groups", "read"), alarms),
    ]
    publish(told, "recall_frames")


if __name__ == "__main__":
    main()
