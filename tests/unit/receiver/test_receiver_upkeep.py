"""After an unclean start everything that came to no end goes through again, before that counts as made good."""

import threading
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.receiver import sweep, upkeep
from services.receiver.mark import Mark
from shared import telemetry
from shared.dicom import part10
from tests.unit.receiver.test_receiver_sweep import EXPLICIT, SITE, STUDY, Bench


class Stop(threading.Event):
    """Nobody waits, and `looks_away` ends with the first pause between two looks."""

    def __init__(self) -> None:
        super().__init__()
        self.looks_away = ExitStack()

    def wait(self, timeout: float | None = None) -> bool:
        if timeout:
            self.looks_away.close()
        return self.is_set()


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Stop:
    monkeypatch.setattr(upkeep, "read_to_end", lambda *_: [])
    monkeypatch.setattr(sweep, "PATIENCE", 0.05)
    return Stop()


def make_good(bench: Bench, stop: Stop, mark: Mark, folder: Path) -> None:
    service: Any = SimpleNamespace(stop=stop, log=telemetry.logger("receiver"))
    settings: Any = SimpleNamespace(
        sweep_grace_seconds=0, sweep_seconds=600, state_dir=folder, kafka_bootstrap_servers=""
    )
    upkeep.make_good(service, settings, bench.sweep, mark)


def unclean(folder: Path) -> Mark:
    return Mark(folder, "boot-1", lambda: True)


def test_what_was_occupied_is_made_good_too_and_nothing_twice(tmp_path: Path, stop: Stop) -> None:
    bench, mark = Bench(tmp_path), unclean(tmp_path)
    for data_set in (STUDY, STUDY + b"\x20\x00\x10\x00SH\x00\x00"):
        bench.receive(data_set)
    stop.looks_away.enter_context(bench.arrivals.alone(SITE.code, part10.digest(STUDY, EXPLICIT), 5))
    make_good(bench, stop, mark, tmp_path)
    assert len(bench.broker.swept) == 2
    assert not mark.unclean


def test_who_is_told_to_stop_before_has_made_nothing_good(tmp_path: Path, stop: Stop) -> None:
    bench, mark = Bench(tmp_path), unclean(tmp_path)
    bench.receive()
    stop.looks_away.callback(stop.set)
    with bench.arrivals.alone(SITE.code, part10.digest(STUDY, EXPLICIT), 5):
        make_good(bench, stop, mark, tmp_path)
    assert mark.unclean
