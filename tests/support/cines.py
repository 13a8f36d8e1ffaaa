"""Frames like those of moving pictures, without text."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from tests.support.planting import Grey, anatomy


def ultrasound(frames: int, size: int, seed: int) -> Iterator[Grey]:
    """A sector of speckle that is new in each frame, over tissue that moves."""
    rng = np.random.default_rng(seed)
    tissue = cv2.GaussianBlur(anatomy(size, size, seed).astype(np.float32), (0, 0), size / 60) / 255
    sector = np.zeros((size, size), np.uint8)
    cv2.ellipse(sector, (size // 2, size // 10), (int(size * 0.85),) * 2, 90, -45, 45, 1.0, -1)
    for frame in range(frames):
        speckle = cv2.GaussianBlur(rng.rayleigh(1, (size, size)).astype(np.float32), (0, 0), 1.2)
        moved = _moved(tissue, 6 * np.sin(frame / 5), 4 * np.cos(frame / 7))
        yield np.clip(moved * speckle * 110 * sector, 0, 255).astype(np.uint8)


def angiography(frames: int, size: int, seed: int) -> Iterator[Grey]:
    """A breathing body, a wire that moves in it, detector noise."""
    rng = np.random.default_rng(seed)
    body = anatomy(size, size, seed).astype(np.float32)
    for frame in range(frames):
        shown = _moved(body, 3 * np.sin(frame / 4), 5 * np.sin(frame / 6))
        sway = np.array([[40 * np.sin(frame / 5), 0], [30 * np.sin(frame / 3), 0], [20 * np.cos(frame / 4), 0]])
        wire = np.array([[0.2, 0], [0.4, 0.5], [0.6, 0.9]]) * size + sway
        cv2.polylines(shown, [wire.astype(np.int32)], False, 30.0, 2, cv2.LINE_AA)
        yield np.clip(shown + rng.normal(0, 8, shown.shape), 0, 255).astype(np.uint8)


def slices(frames: int, size: int, seed: int) -> Iterator[Grey]:
    """One body that becomes another, turning and growing."""
    rng = np.random.default_rng(seed)
    one, other = (anatomy(size, size, seed + step).astype(np.float32) for step in (0, 50))
    for frame in range(frames):
        share = frame / frames
        turn = cv2.getRotationMatrix2D((size / 2, size / 2), float(frame), 1 + 0.004 * frame)
        shown = cv2.warpAffine(one * (1 - share) + other * share, turn, (size, size))
        yield np.clip(shown + rng.normal(0, 6, shown.shape), 0, 255).astype(np.uint8)


def _moved(image: np.ndarray, right: float, down: float) -> np.ndarray:
    shift = np.array([[1, 0, right], [0, 1, down]], np.float32)
    return cv2.warpAffine(image, shift, image.shape[::-1], borderMode=cv2.BORDER_REFLECT)


CINES: dict[str, Callable[[int, int, int], Iterator[Grey]]] = {
    "ultrasound": ultrasound,
    "angiography": angiography,
    "slices": slices,
}
