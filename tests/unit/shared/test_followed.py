"""Files that are followed while a service runs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared import followed
from shared.followed import Followed
from shared.metrics.registry import gauge
from shared.misconfigured import Misconfigured


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "number"
    path.write_text("1")
    return path


@pytest.fixture
def follow(file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Followed[int]]:
    """Follows the number in the file, looking whenever it is asked."""
    monkeypatch.setattr(followed, "EVERY", 0.0)

    def read() -> int:
        try:
            return int(file.read_text())
        except (OSError, ValueError):
            raise Misconfigured("no number") from None

    return lambda: Followed("number", read, lambda _: [file])


def refused() -> float:
    return float(gauge("isocentre_configuration_refused").labels("number")._value.get())


def test_a_change_counts_when_it_has_stayed_for_one_look(file: Path, follow: Callable[[], Followed[int]]) -> None:
    number = follow()
    file.write_text("2")
    assert [number.now(), number.now()] == [1, 2]


def test_what_goes_on_changing_does_not_count_yet(file: Path, follow: Callable[[], Followed[int]]) -> None:
    number = follow()
    for half_written in ("23", "234", "2345"):
        file.write_text(half_written)
        assert number.now() == 1
    assert number.now() == 2345


def test_who_cannot_wait_is_told_at_once(file: Path, follow: Callable[[], Followed[int]]) -> None:
    number = follow()
    file.write_text("2")
    assert number.again() == 2


def test_what_cannot_be_used_changes_nothing_and_is_seen(file: Path, follow: Callable[[], Followed[int]]) -> None:
    number = follow()
    assert refused() == 0
    file.write_text("two")
    assert [number.now(), number.now(), number.now()] == [1, 1, 1]
    assert refused() == 1
    file.unlink()
    assert [number.now(), number.now()] == [1, 1]
    file.write_text("3")
    assert [number.now(), number.now()] == [1, 3]
    assert refused() == 0


def test_a_mode_that_was_put_right_is_a_change(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed, "EVERY", 0.0)
    file.chmod(0o644)
    mode = Followed("mode", lambda: file.stat().st_mode & 0o777, lambda _: [file])
    file.chmod(0o600)
    assert [mode.now(), mode.now()] == [0o644, 0o600]


def test_looks_only_now_and_then(
    file: Path, follow: Callable[[], Followed[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "EVERY", 3600.0)
    number = follow()
    file.write_text("2")
    assert [number.now() for _ in range(5)] == [1] * 5


def test_a_service_does_not_start_with_what_cannot_be_used(file: Path, follow: Callable[[], Followed[int]]) -> None:
    file.write_text("two")
    with pytest.raises(Misconfigured):
        follow()
