"""Checksums of what is put in pieces."""

import secrets
import zlib

import pytest

from shared.storage.content import joined

PORTION = 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, 1000, PORTION - 1, PORTION, 2 * PORTION + 17])
def test_the_checksum_of_two_runs_is_known_from_their_own(size: int) -> None:
    first, second = secrets.token_bytes(999), secrets.token_bytes(size)
    assert joined(zlib.crc32(first), zlib.crc32(second), size) == zlib.crc32(first + second)
