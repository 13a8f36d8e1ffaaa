"""The networks of the rapidocr wheel: where there is text, and what it says. Loaded in worker processes only.

Run by onnxruntime directly: rapidocr's own Python logs, and fetches from the network what it misses.
"""

import hashlib
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

MULTIPLE = 32
"""Pixels: the sides of what the detecting network takes are multiples of it."""
_READING_HEIGHT = 48
_WIDEST = 48 * 40


class Detecting:
    """PP-OCRv6 small, detection: for each pixel how likely it is in the middle of a line of text."""

    def __init__(self, threads: int) -> None:
        self._session = _session(_file("det"), threads)

    def chances(self, image: Array) -> Array:
        """(rows, columns) float32, 0 to 1, of an image (rows, columns, 3) uint8 whose sides are multiples of
        MULTIPLE."""
        planes = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32) / np.float32(127.5) - np.float32(1)
        return np.asarray(guarded(self._session, planes)[0, 0], np.float32)


class Reading:
    """PP-OCRv6 small, recognition: the characters of one line."""

    def __init__(self, threads: int) -> None:
        self._session = _session(_file("rec"), threads)

    def certainties(self, line: Array) -> tuple[float, ...]:
        """How sure the network is of each character that it reads in (rows, columns, 3) uint8; empty: it reads none."""
        import cv2

        width = min(_WIDEST, max(_READING_HEIGHT, round(line.shape[1] * _READING_HEIGHT / line.shape[0])))
        fitted = cv2.resize(line, (width, _READING_HEIGHT), interpolation=cv2.INTER_LINEAR)
        planes = np.ascontiguousarray(fitted.transpose(2, 0, 1)[None], np.float32) / np.float32(127.5) - np.float32(1)
        return tuple(_characters(np.asarray(guarded(self._session, planes))[0]))


@cache
def digest() -> str:
    """SHA-256 over the files of both networks: others find other text. Raises ModuleNotFoundError without rapidocr."""
    whole = hashlib.sha256()
    for part in ("det", "rec"):
        with _file(part).open("rb") as network:
            whole.update(hashlib.file_digest(network, "sha256").digest())
    return whole.hexdigest()


def _characters(steps: Array) -> Iterator[float]:
    """CTC: the same character in a row is one, character 0 is none."""
    best, before = steps.argmax(1), 0
    for step, character in enumerate(best):
        if character and character != before:
            yield float(steps[step, character])
        before = character


def guarded(session: Any, planes: Array) -> Any:
    """What the network says. Raises MemoryError where onnxruntime tells in words only that there is none left."""
    try:
        return session.run(None, {session.get_inputs()[0].name: planes})[0]
    except Exception as error:
        if "alloc" in str(error).lower():
            raise MemoryError from None
        raise


def _session(model: Path, threads: int) -> Any:
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False  # it would keep what the largest image took
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _file(part: str) -> Path:
    found = importlib.util.find_spec("rapidocr")
    origin = found.origin if found else None
    if origin is None:
        raise ModuleNotFoundError("the wheel rapidocr is not installed")
    (model,) = (Path(origin).parent / "models").glob(f"*_{part}_*.onnx")
    return model
