"""Answers of many parts, however they come through the wire."""

from __future__ import annotations

import io
import random

import pytest

from infra.fetching import multipart
from infra.fetching.multipart import NotMultipart, boundary_of, parts

HEAD = b"Content-Type: application/dicom\r\n\r\n"


def body(*contents: bytes, boundary: bytes = b"xyz") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + HEAD + one + b"\r\n" for one in contents) + b"--" + boundary + b"--"


class Trickle(io.BytesIO):
    """Gives as many bytes as it likes."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 1, random.randint(1, 40)))


def read(data: bytes) -> list[bytes]:
    return [part.read() for part in parts(Trickle(data), "xyz")]


def test_parts_come_as_they_are() -> None:
    contents = [b"", b"\r\n", b"--xyzw", b"\r\n--xy", bytes(range(256)) * 9, b"\r\n\r\n--", b"\r\n--xyzw\r\n"]
    assert read(body(*contents)) == contents
    assert read(b"preamble\r\n" + body(*contents) + b"\r\nepilogue") == contents
    assert read(b"--xyz--") == []


def test_a_large_part_goes_on_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "IN_MEMORY", 1000)
    content = random.Random(7).randbytes(100_000)
    assert read(body(content, b"small")) == [content, b"small"]


@pytest.mark.parametrize("cut", [1, 5, 20, 60, 100])
def test_an_answer_that_ends_too_early_is_none(cut: int) -> None:
    whole = body(b"first content of some length", b"second content of some length")
    with pytest.raises(NotMultipart):
        read(whole[:-cut])


def test_headers_without_end_are_no_memory_without_end() -> None:
    with pytest.raises(NotMultipart, match="headers"):
        read(b"--xyz\r\n" + b"a" * 200_000)


def test_the_boundary_is_in_the_content_type() -> None:
    assert boundary_of('multipart/related; type="application/dicom"; boundary="a b"') == "a b"
    assert boundary_of("multipart/related; boundary=xyz") == "xyz"
    for other in ("application/json", "multipart/related", ""):
        with pytest.raises(NotMultipart):
            boundary_of(other)
