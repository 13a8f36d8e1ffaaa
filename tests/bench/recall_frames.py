"""How often the cheap look at groups of frames misses a line in one of them that reading this frame finds.

`python -m tests.bench.recall_frames` prints the table and writes it to build/recall_frames.md.
"""

import random
from pathlib import Path

from services.anonymiser.pixels import frames
from services.anonymiser.pixels.detecting import Detector
from tests.bench.recall import covered, progress, table
from tests.support.cines import CINES
from tests.support.planting import planted

HEIGHTS = (8, 12, 20, 40)
CONTRASTS = (15, 30, 60, 100)
TRIALS = 8
SIZE = 512


def tried(detector: Detector, kind: str, height: int, contrast: int) -> tuple[int, int, int]:
    """Lines planted in one frame of a group each; found when that frame is read; of these, missed by the cheap look."""
    lines = read = missed = 0
    for trial in range(TRIALS):
        rng = random.Random(f"{kind} {height} {contrast} {trial}")
        group = list(CINES[kind](frames.GROUP, SIZE, trial))
        number = rng.randrange(1, frames.GROUP)
        group[number], truth = planted(group[number], height, contrast, rng, lines=1, dark=(trial % 2 == 1,))
        if not truth:
            continue
        lines += 1
        if covered(truth[0], detector.find(group[number])):
            read += 1
            known = detector.find(group[0])
            missed += frames.alike(((frame,) for frame in group), known, detector.find)
    return lines, read, missed


def alarmed(detector: Detector, kind: str) -> tuple[int, int]:
    """Groups without text, and how many of them the cheap look would have read in full."""
    groups = [list(CINES[kind](frames.GROUP, SIZE, seed)) for seed in range(200, 200 + TRIALS)]
    quiet = sum(frames.alike(((f,) for f in group), detector.find(group[0]), detector.find) for group in groups)
    return len(groups), len(groups) - quiet


def main() -> None:
    detector = Detector()
    rows, alarms = [], []
    for kind in CINES:
        for height in HEIGHTS:
            cells = []
            for contrast in CONTRASTS:
                lines, read, missed = tried(detector, kind, height, contrast)
                cells.append(f"{missed} of {read} ({lines})")
            rows.append((kind, height, *cells))
            progress(*rows[-1])
        alarms.append((kind, *alarmed(detector, kind)))
        progress(*alarms[-1])
    told = [
        *table(
            "Missed by the cheap look, of lines found by reading (of lines planted):",
            ("frames", "px", *CONTRASTS),
            rows,
        ),
        *table("Groups without text that are read in full:", ("frames", "groups", "read"), alarms),
    ]
    out = Path("build/recall_frames.md")
    out.parent.mkdir(exist_ok=True)
    out.write_text("\n".join(told) + "\n", encoding="utf-8")
    print(out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
