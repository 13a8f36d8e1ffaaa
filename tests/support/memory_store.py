"""A store in memory. It passes tests/contract/test_store.py like the real ones."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zlib import crc32

from shared.outcome import Transient
from shared.storage import Content, Filed, Listed, ObjectNotFound


class MemoryStore:
    """One bucket. `away` makes it fail as a store that does not answer; `modified` is when its objects were put,
    `orphans` how many were begun and never finished.
    """

    durable = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.away = False
        self.objects: dict[str, bytes] = {}
        self.modified: dict[str, datetime] = {}
        self.orphans = 0

    def put(self, key: str, data: Content, content_type: str = "application/dicom") -> None:
        self._answer()
        try:
            whole = bytes(data)
        except OSError as gone:
            raise Transient(type(gone).__name__) from None
        if isinstance(data, Filed) and (len(whole), crc32(whole)) != (data.size, data.crc32):
            raise Transient("the file is not what was written")
        self.modified[key] = datetime.now(UTC)
        self.objects[key] = whole

    def get(self, key: str) -> bytes:
        self._answer()
        if key not in self.objects:
            raise ObjectNotFound
        return self.objects[key]

    def part(self, key: str, start: int, count: int) -> bytes:
        return self.get(key)[start : start + count]

    def exists(self, key: str) -> bool:
        self._answer()
        return key in self.objects

    def secure(self, key: str) -> None:
        if not self.exists(key):
            raise ObjectNotFound

    def keys(self, prefix: str = "") -> Iterator[str]:
        self._answer()
        yield from sorted(key for key in self.objects if key.startswith(prefix))

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        for key in self.keys(prefix):
            yield Listed(key, self.modified.get(key, datetime.now(UTC)), len(self.objects[key]))

    def delete(self, key: str) -> None:
        self._answer()
        self.objects.pop(key, None)

    def abort_orphans(self, older_than: timedelta) -> int:
        self._answer()
        aborted, self.orphans = self.orphans, 0
        return aborted

    def _answer(self) -> None:
        if self.away:
            raise Transient("away")
