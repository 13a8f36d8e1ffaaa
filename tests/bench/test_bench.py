"""The measuring itself, without anything to measure."""

import os
import sqlite3
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom.dimse_messages import C_STORE_RQ, C_STORE_RSP
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import decode
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ, P_DATA_TF
from pynetdicom.pdu_primitives import A_ASSOCIATE, MaximumLengthNotification
from pynetdicom.presentation import PresentationContext, build_context

from infra.local.state import Process
from tests.bench import cpu, footprint, instances, orthanc_driver, report, sender
from tests.bench.__main__ import order
from tests.bench.side import Round

PEER = sender.Peer(104, "CALLED", "CALLING")


def count_of(dataset: Dataset) -> int:
    nested = sum(count_of(item) for element in dataset if element.VR == "SQ" for item in element.value)
    return sum(1 for _ in dataset) + nested


def test_instances_are_distinct_and_the_same_again() -> None:
    made = list(instances.generate("a", 16))
    assert made == list(instances.generate("a", 16))
    assert len({one.sop for one, _ in made}) == len({data for _, data in made}) == 16
    assert [len({getattr(one, name) for one, _ in made}) for name in ("series", "study", "patient_id")] == [16, 8, 4]
    assert not {one.sop for one, _ in made} & {one.sop for one, _ in instances.generate("b", 16)}


def test_an_instance_is_a_ct_of_512_by_512_with_a_header_like_a_scanner_s() -> None:
    (one, data), *_ = instances.generate("a", 1)
    dataset = pydicom.dcmread(BytesIO(data), force=True)
    assert dataset.SOPInstanceUID == one.sop
    assert dataset.SOPClassUID == CTImageStorage
    assert len(dataset.PixelData) == 2 * dataset.Rows * dataset.Columns == 524_288
    assert 190 <= count_of(dataset) <= 230


def test_the_association_request_says_what_it_should() -> None:
    request = A_ASSOCIATE_RQ()
    request.decode(sender.associate_request(PEER))
    primitive = request.to_primitive()
    (context,) = primitive.presentation_context_definition_list
    assert (context.abstract_syntax, context.transfer_syntax) == (CTImageStorage, [ExplicitVRLittleEndian])
    assert (primitive.called_ae_title, primitive.calling_ae_title) == ("CALLED", "CALLING")
    assert primitive.maximum_length_received == sender.MOST


def accept(result: int, longest: int) -> bytes:
    """The body of an answer to our request, as pynetdicom would make it."""
    primitive = A_ASSOCIATE()
    primitive.application_context_name = sender.APPLICATION_CONTEXT
    primitive.called_ae_title, primitive.calling_ae_title = "CALLED", "CALLING"
    context: PresentationContext = build_context(CTImageStorage, ExplicitVRLittleEndian)
    context.context_id, context.result = 1, result
    primitive.presentation_context_definition_results_list = [context]
    most = MaximumLengthNotification()
    most.maximum_length_received = longest
    primitive.user_information = [most]
    primitive.result = 0
    answer = A_ASSOCIATE_AC()
    answer.from_primitive(primitive)
    return bytes(answer.encode())[6:]


@pytest.mark.parametrize(("offered", "used"), [(16_384, 16_384), (0, sender.MOST), (1 << 20, sender.MOST)])
def test_pdus_are_as_long_as_both_bear(offered: int, used: int) -> None:
    assert sender.longest_pdu(accept(0, offered)) == used


def test_a_refused_context_is_seen() -> None:
    with pytest.raises(sender.Refused):
        sender.longest_pdu(accept(3, 16_384))


def test_a_message_is_what_pynetdicom_reads() -> None:
    data_set = bytes(range(256)) * 40
    pieces = [*sender.fragments(1, sender.store_request(7, "1.2.3"), 4096), *sender.fragments(0, data_set, 4096)]
    message = C_STORE_RQ()
    complete = False
    for head, body in zip(pieces[::2], pieces[1::2], strict=True):
        pdu = P_DATA_TF()
        pdu.decode(bytes(head) + bytes(body))
        assert len(head) + len(body) <= 4096 + 6
        complete = message.decode_msg(pdu.to_primitive())
    assert complete
    primitive = message.message_to_primitive()
    assert isinstance(primitive, C_STORE)
    assert (primitive.MessageID, primitive.AffectedSOPInstanceUID) == (7, "1.2.3")
    assert primitive.DataSet is not None
    assert primitive.DataSet.getvalue() == data_set
    command = decode(BytesIO(sender.store_request(7, "1.2.3")), True, True)
    assert command.CommandGroupLength == len(sender.store_request(7, "1.2.3")) - 12


@pytest.mark.parametrize("message", [7, 0x0209])  # of which the second looks like the beginning of a status
def test_the_status_is_found_in_the_answer(message: int) -> None:
    primitive = C_STORE()
    primitive.MessageIDBeingRespondedTo, primitive.Status = message, 0xA700
    primitive.AffectedSOPClassUID, primitive.AffectedSOPInstanceUID = CTImageStorage, "1.2.3"
    message = C_STORE_RSP()
    message.primitive_to_message(primitive)
    (data,) = message.encode_msg(1, 16_384)
    pdu = P_DATA_TF()
    pdu.from_primitive(data)
    assert sender.status_of(bytes(pdu.encode())[6:]) == 0xA700


def test_a_series_goes_over_one_association() -> None:
    made = [one for one, _ in instances.generate("a", 32)]
    lanes = sender.lanes(made, 4)
    assert [len(lane) for lane in lanes] == [8, 8, 8, 8]
    assert sum(len({one.series for one in lane}) for lane in lanes) == 16


def test_orthanc_s_identifier_is_made_as_its_book_says() -> None:
    one = instances.Instance("x", "p", "1", "2", "3")
    assert orthanc_driver.identifier(one).count("-") == 4
    assert len(orthanc_driver.identifier(one)) == 44


def test_a_process_line_is_read_whatever_its_command_is_called() -> None:
    stat = cpu.parse("12 (a (b) c) S 7 1 1 0 -1 0 0 0 0 0 100 50 25 25 20 0 1 0 5 0 0")
    assert (stat.pid, stat.parent, stat.seconds * cpu.TICKS) == (12, 7, 200)


def test_children_count_with_their_parent() -> None:
    stats = {1: cpu.Stat(1, 0, 1.0), 2: cpu.Stat(2, 1, 0.5), 3: cpu.Stat(3, 2, 0.25), 4: cpu.Stat(4, 0, 9.0)}
    assert cpu.tree_seconds(1, stats) == 1.75
    assert cpu.measure({"me": os.getpid()})["me"] > 0


def measured(side: str, seconds: float, cost: float) -> Round:
    return Round(
        side, 100, seconds, 1.0, 5.0, 9.0, {"a": cost, "b": 1.0}, {"sender": 0.3}, {"a": 9.0, "b": 1.0}, 0.1, 0.5
    )


def test_the_ratio_is_between_neighbours() -> None:
    rounds = [measured("isocentre tree", 2.0, 9.0), measured("orthanc", 1.0, 4.0)]
    ratio = {"side": "isocentre tree", "instances_per_second": 0.5, "cpu_ms_per_instance": 2.0}
    assert report.ratios(rounds) == [ratio]
    assert report.ratios([*rounds, measured("isocentre s3", 4.0, 9.0)])[1]["instances_per_second"] == 0.25
    assert report.ratios(rounds[:1]) == []
    written = report.as_json(rounds, {"count": 100})
    assert written["rounds"][0]["cpu_ms_per_instance"] == {"total": 10.0, "a": 9.0, "b": 1.0}


def test_each_side_is_first_as_often_as_the_other() -> None:
    assert list(order(2, ("ours", "theirs"))) == ["ours", "theirs", "theirs", "ours"]


def test_a_size_is_that_of_files_and_what_grew_is_told_for_each(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for number in range(3):
        (tmp_path / "folder" / str(number)).write_bytes(bytes(5000))
    found = footprint.size_of([*tmp_path.rglob("*"), tmp_path / "gone"])
    assert found.held == 15_000
    assert found.taken >= 15_000
    assert found.grown(footprint.Size(5000, found.taken), 5) == footprint.Size(2000, 0)


def test_a_database_is_as_large_as_its_pages_though_they_lie_in_its_log(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE a (b BLOB)")
        before = footprint.pages_of(tmp_path / "a.sqlite")
        connection.execute("INSERT INTO a VALUES (zeroblob(100000))")
        assert footprint.pages_of(tmp_path / "a.sqlite").held - before.held > 90_000


def test_memory_is_that_of_a_process_with_its_children() -> None:
    held = bytearray(os.urandom(20_000_000))
    found = footprint.memory_of(os.getpid())
    assert found.processes >= 1
    assert len(held) < found.largest_private <= found.shared_fairly


def test_a_start_tells_when_each_process_worked_first() -> None:
    start = footprint.Start()
    start.changed(Process(name="kafka", state="starting", log=Path("log")))
    assert start.ready == {}
    start.changed(Process(name="kafka", state="ready", log=Path("log")))
    first = dict(start.ready)
    start.changed(Process(name="kafka", state="ready", log=Path("log")))
    assert start.ready == first
    assert 0 < first["kafka"] < 1


def test_a_footprint_is_told_as_markdown_and_as_json() -> None:
    first, again = footprint.Start(0, {"kafka": 5.0, "receiver": 12.5}, 12.6), footprint.Start(0, {"kafka": 6.5}, 21.0)
    found = footprint.Footprint(
        {"instances": 200},
        {"topics": footprint.Size(4321.4, 4400)},
        measured("isocentre tree", 10.0, 2.0),
        {"receiver": footprint.Memory(3, 240_000_000, 85_000_000)},
        first,
        again,
    )
    told = footprint.page(found)
    for row in (
        "| topics | 4,321 | 4,400 |",
        "| all | 3.00 | 10 |",
        "| receiver | 3 | 240 | 85 |",
        "| kafka | 5.0 | 6.5 |",
        "| receiver | 12.5 |  |",
        "| all | 12.6 | 21.0 |",
    ):
        assert row in told.splitlines()
    written = found.as_json()
    assert written["bytes_per_instance"]["topics"]["held"] == 4321.4
    assert written["seconds_to_start_after_kill"] == {"kafka": 6.5, "all": 21.0}
