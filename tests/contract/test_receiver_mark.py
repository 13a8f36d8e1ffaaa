"""A file system that was mounted again is another one: what it had not written is gone, on the same boot too."""

from pathlib import Path

import pytest

from services.receiver.mark import Mark, life_on
from tests.support.disk import KINDS, disk


def never() -> bool:
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_lost_its_power_is_seen_by_itself(tmp_path: Path, kind: str) -> None:
    with disk(kind, tmp_path) as made:
        state = made.folder / "state"
        state.mkdir()
        for _ in range(2):
            assert not Mark(state, life_on([state]), never).unclean
        made.cut()
        made.restart()
        assert Mark(state, life_on([state]), never).unclean
