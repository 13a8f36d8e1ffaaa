"""What the soak takes for growth."""

import os
from itertools import count
from pathlib import Path

import pytest

from tests.soak.watch import Sample, complaints, descriptors, growth, memory_of

MIB = 2**20


def samples(*memory: float, pid: int = 1, descriptors: int = 30) -> list[Sample]:
    return [Sample(float(at), pid, int(value), descriptors, 10) for at, value in zip(count(), memory, strict=False)]


def test_growth_is_that_of_the_line() -> None:
    assert growth([(0, 5.0), (1, 7.0), (2, 9.0), (3, 11.0)]) == pytest.approx(6)
    assert growth([(0, 5.0), (1, 9.0), (2, 5.0)]) == pytest.approx(0)
    assert growth([(0, 5.0), (1, 9.0)]) == 0


FLAT = [100 * MIB + (at % 5) * 20 * MIB for at in range(100)]


def test_flat_is_flat_however_it_trembles() -> None:
    assert complaints(samples(*FLAT), samples(1), samples(1)) == []


def test_what_happens_at_the_beginning_does_not_count() -> None:
    warming = [50 * MIB + at * 5 * MIB for at in range(20)] + FLAT[20:]
    assert complaints(samples(*warming), samples(1), samples(1)) == []


def test_a_leak_is_seen() -> None:
    leaking = [value + at * MIB / 2 for at, value in enumerate(FLAT)]
    (told,) = complaints(samples(*leaking), samples(1), samples(1))
    assert told.startswith("memory of process 1 grew by 4")
    assert memory_of(samples(*leaking))[0]["most"] == max(leaking)


def test_folders_are_no_descriptors_that_count(tmp_path: Path) -> None:
    before = descriptors(os.getpid())
    folder, file = os.open(tmp_path, os.O_RDONLY), os.open(tmp_path / "file", os.O_CREAT)
    assert descriptors(os.getpid()) == before + 1
    os.close(folder)
    os.close(file)


def test_descriptors_that_stay_and_processes_that_die_are_seen() -> None:
    assert complaints([], samples(1), samples(1, descriptors=40)) == ["process 1 keeps 10 descriptors"]
    assert complaints([], samples(1), samples(1, pid=2)) == ["a process has died"]
