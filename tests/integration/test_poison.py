"""Records that kill or hang their stage: a real process on the real broker, started again whenever it ends."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from infra.local.layout import ROOT
from infra.local.stack import running
from shared.events import IdentifiedDeadLetter, InstanceAnonymised, InstanceReceived, Outgoing
from shared.events.envelope import decode
from shared.kafka import Publisher, read_to_end
from tests.support.events import received, record_of
from tests.support.poison_stage import SITES
from tests.support.waiting import until

GOOD = 60


@pytest.fixture
def bootstrap(tmp_path: Path) -> Iterator[str]:
    with running(tmp_path / "stack", services=False, only=["kafka"]) as stack:
        yield stack.kafka_bootstrap_servers


class Supervised:
    """The stage, kept running."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self._command = [sys.executable, "-m", "tests.support.poison_stage", bootstrap, str(folder / "state")]
        self._log = folder / "stage.log"
        self.ends: list[int] = []
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log)

    def look(self) -> None:
        """As a supervisor does."""
        if self._process.poll() is not None:
            self.ends.append(self._process.returncode)
            self._process = self._start()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text()


@pytest.fixture
def stage(bootstrap: str, tmp_path: Path) -> Iterator[Supervised]:
    started = Supervised(bootstrap, tmp_path)
    yield started
    started.kill()


def _put(bootstrap: str, bad: Sequence[str]) -> set[str]:
    """Good records of several studies with the bad ones among them. The arrivals of the good ones."""
    publisher = Publisher(bootstrap, timeout=10)
    sites = ["site-a"] * GOOD
    for number, site in enumerate(bad):
        sites.insert(GOOD // 3 * (number + 1), site)
    for number, site in enumerate(sites):
        event = received(arrival=f"{number:032x}", study_key=f"{number % 7:032x}", site=site)
        publisher.publish(record_of(Outgoing.of(event)))
    publisher.close()
    return {f"{number:032x}" for number, site in enumerate(sites) if site == "site-a"}


def _events(bootstrap: str, topic: str) -> list[object]:
    return [decode(record.topic, record.value, record.headers) for record in read_to_end(bootstrap, [topic])]


def _run(bootstrap: str, stage: Supervised, good: set[str], bad: Sequence[str]) -> list[IdentifiedDeadLetter]:
    """Until every record has come to its end."""

    def done() -> bool:
        stage.look()
        letters = _events(bootstrap, IdentifiedDeadLetter.topic)
        return len(_events(bootstrap, InstanceAnonymised.topic)) >= len(good) and len(letters) >= len(bad)

    until(done, "all is handled", seconds=240, every=1.0)
    assert stage.stop() == 0
    handled = Counter(getattr(event, "arrival") for event in _events(bootstrap, InstanceAnonymised.topic))  # noqa: B009
    assert handled == Counter(good)
    letters = _events(bootstrap, IdentifiedDeadLetter.topic)
    assert all(isinstance(letter, IdentifiedDeadLetter) for letter in letters)
    return letters  # type: ignore[return-value]


def _site(bootstrap: str, letter: IdentifiedDeadLetter) -> str:
    records = read_to_end(bootstrap, [InstanceReceived.topic])
    (record,) = (it for it in records if (it.partition, it.offset) == (letter.source_partition, letter.source_offset))
    return str(getattr(decode(record.topic, record.value, record.headers), "site"))  # noqa: B009


@pytest.mark.timeout(300)
def test_a_record_that_kills_and_one_that_hangs_end_as_dead_letters_and_all_others_are_handled_once(
    bootstrap: str, stage: Supervised
) -> None:
    bad = ["dies", "hangs"]
    letters = _run(bootstrap, stage, _put(bootstrap, bad), bad)
    found = {_site(bootstrap, letter): (letter.reason, letter.attempts) for letter in letters}
    assert found["dies"] == ("worker-died", 3)
    assert found["hangs"][0] == "worker-hung"
    assert set(stage.ends) == {-signal.SIGKILL, 70}
    assert '"hung"' in stage.log


@pytest.mark.chaos
@pytest.mark.timeout(300)
def test_a_record_that_keeps_the_interpreter_to_itself_ends_as_a_dead_letter(bootstrap: str, stage: Supervised) -> None:
    letters = _run(bootstrap, stage, _put(bootstrap, [SITES[2]]), [SITES[2]])
    assert [letter.reason for letter in letters] == ["worker-died"]
    assert set(stage.ends) == {1}
    assert "Timeout" in stage.log
