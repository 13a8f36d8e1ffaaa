"""What the benchmark of receiving makes of its numbers, without anything to measure."""

from pathlib import Path

import pytest

from shared.dicom import part10
from tests.bench import instances, sender
from tests.bench.memory import free_bytes
from tests.bench.receive import stow_sender
from tests.bench.receive.__main__ import Run, turns
from tests.bench.receive.door import Door
from tests.bench.receive.goals import Goal, beside_orthanc, goals, own_cpu, stock_sender
from tests.bench.receive.measured import ORTHANC, S3, STORESCP, TREE, Measured, Stock, Way, of, ratio
from tests.bench.receive.page import noise, page
from tests.bench.side import Incomplete, Round


def measured(
    receiver: str, per_second: float, *, turn: int = 0, at_once: int = 4, cpu: float = 0.5, way: Way = "C-STORE"
) -> Measured:
    seconds = 100 / per_second
    cost = {"receiver": cpu, "kafka": 0.25} if receiver in (TREE, S3) else {"receiver": cpu}
    return Measured(turn, way, at_once, Round(receiver, 100, seconds, seconds, 5.0, 9.0, cost, {}, {}, 0.1, 0.5))


def test_the_ratio_is_the_median_of_those_within_turns() -> None:
    ours = [measured(TREE, 200, turn=0), measured(TREE, 900, turn=1), measured(TREE, 300, turn=2)]
    theirs = [measured(ORTHANC, 100, turn=0), measured(ORTHANC, 100, turn=2), measured(ORTHANC, 100, turn=1)]
    assert ratio(ours, theirs) == 3
    assert ratio(ours, theirs[:1]) == 2
    assert ratio(ours, []) is None


def test_receiver_way_and_number_tell_measurements_apart() -> None:
    wanted = [measured(TREE, 1, turn=0), measured(TREE, 1, turn=1)]
    others = [measured(S3, 1), measured(TREE, 1, at_once=16), measured(TREE, 1, way="STOW-RS")]
    assert of([wanted[1], *others, wanted[0]], TREE, "C-STORE", 4) == wanted


@pytest.mark.parametrize(("worst", "reached"), [(0.6, True), (0.61, False)])
def test_own_cpu_counts_where_it_is_most(worst: float, reached: bool) -> None:
    found = own_cpu([measured(TREE, 1, cpu=0.2), measured(TREE, 1, at_once=64, cpu=worst)], TREE)
    assert (found.reached, found.found) == (reached, f"4: 0.20 ms, 64: {worst:.2f} ms")


@pytest.mark.parametrize(
    ("receiver", "ours", "reached"), [(TREE, 200, True), (TREE, 199, False), (S3, 100, True), (S3, 99, False)]
)
def test_every_number_of_associations_counts(receiver: str, ours: float, reached: bool) -> None:
    all_of_them = [
        measured(receiver, 1000, at_once=1),
        measured(ORTHANC, 100, at_once=1),
        measured(receiver, ours),
        measured(ORTHANC, 100),
    ]
    assert beside_orthanc(all_of_them, receiver, "C-STORE").reached is reached


@pytest.mark.parametrize(("ours", "reached"), [(70, True), (69, False)])
def test_a_stock_sender_is_held_against_the_best_that_dcmtk_does(ours: float, reached: bool) -> None:
    stock = [Stock(0, TREE, False, ours), Stock(0, TREE, True, 500), Stock(0, STORESCP, True, 100)]
    assert stock_sender([*stock, Stock(0, STORESCP, False, 20)], TREE).reached is reached


def test_what_was_not_measured_is_neither_reached_nor_missed() -> None:
    verdicts = [goal.verdict for goal in goals([measured(TREE, 1)], [])]
    assert sorted(verdicts) == ["not measured"] * 7 + ["reached"]


def test_the_page_shows_rows_goals_and_what_was_left_out() -> None:
    rows = [measured(TREE, 210), measured(ORTHANC, 100), measured(TREE, 50, way="STOW-RS")]
    told = page(rows, [Stock(0, TREE, False, 70.4)], [Goal("fast", False, "slow")], {"cores": 2}, ["storescp: away"])
    assert f"| {TREE} | 4 | 210 | 2.10 | 5.0 / 9.0 | 0.50 | - | 0.25 | - | 0.10 |" in told
    assert f"| {TREE} | 4 | 50 | - |" in told
    assert f"| {TREE} | no | 70 |" in told
    assert "| fast | **missed** | slow |" in told
    assert "**Left out:** storescp: away" in told


def test_other_work_on_the_machine_is_told() -> None:
    loud = Measured(0, "C-STORE", 1, Round(TREE, 1, 1.0, 1.0, 1.0, 1.0, {}, {}, {}, 0.9, 7.0))
    assert "quiet" in noise([measured(TREE, 1)])
    assert "noisy: 1 of 2 measurements" in noise([measured(TREE, 1), loud])


def test_a_receiver_that_holds_less_than_it_took_is_found_out(tmp_path: Path) -> None:
    made = instances.make(tmp_path, "a", 2)
    door = Door("one", 1, "A", "B", {}, held=lambda: 3)
    door.expect(tmp_path, made)
    with pytest.raises(Incomplete, match="was sent 2 instances and has 3"):
        door.verify(made)


def test_first_and_last_change_places() -> None:
    assert [list(order) for _, order in turns(2, ("a", "b", "c"))] == [["a", "b", "c"], ["c", "b", "a"]]


def test_there_is_a_series_for_each_association_and_no_batch_is_sent_twice() -> None:
    batch = [one for one, _ in instances.generate("a", 64, 64)]
    assert [len(lane) for lane in sender.lanes(batch, 64)] == [1] * 64
    assert set(Run(10, [1, 64]).batches()) >= {"dicom-1", "dicom-64", "stow-1", "stow-64", "dicom-warm", "stow-warm"}


def test_a_stow_request_holds_the_file_and_says_how_long_it_is() -> None:
    made = stow_sender.request("http://127.0.0.1:80/studies", "secret", "1.2.3", b"data set")
    head, _, body = made.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /studies HTTP/1.1\r\nHost: 127.0.0.1:80\r\n")
    assert b"Authorization: Bearer secret\r\n" in head
    assert f"Content-Length: {len(body)}".encode() in head
    file = part10.front(sender.EXPLICIT_VR_LITTLE_ENDIAN, sender.CT_IMAGE_STORAGE, "1.2.3") + b"data set"
    assert body == stow_sender.HEAD + file + stow_sender.TAIL


def test_an_answer_to_a_stow_request_is_read() -> None:
    assert stow_sender.told(b"HTTP/1.1 200 OK\r\nContent-Type: x\r\nContent-Length: 17\r\n") == (200, 17)
    with pytest.raises(sender.Refused):
        stow_sender.told(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n")


def test_free_memory_is_found() -> None:
    assert free_bytes("MemTotal:       24684000 kB\nMemFree:         1000 kB\nMemAvailable: 2000 kB\n") == 1_024_000
    assert free_bytes("") == 0
