"""Who is wanted is found by pseudonym or by the beginning of the original; told first, deleted afterwards, once."""

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO

import pytest
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from infra.erasing.acting import Erased, erase
from infra.erasing.asking import Wanted, read_wanted
from infra.erasing.heads import patient_of
from infra.erasing.receipt import as_json, as_text
from infra.erasing.searching import Matched, search
from infra.erasing.telling import Wish
from infra.erasing.whose import Whose
from infra.operating.desk import Overtaken
from shared.dicom.identity import Pseudonyms
from shared.dicom.keys import KeyRing
from shared.dicom.patients import Patients, Rules
from shared.events import (
    AuditRecorded,
    Event,
    InstanceAnonymised,
    InstanceErased,
    InstanceReceived,
    InstanceRetracted,
    InstanceThumbnailed,
)
from shared.misconfigured import Misconfigured
from shared.outcome import Transient
from tests.support.events import anonymised, arrival_of, committed, received
from tests.support.memory_store import MemoryStore

RING = KeyRing.new("demo").rotated()
SITES = ("site-a", "site-b", "site-c")
PATIENTS = Patients({"site-a": Rules("shared"), "site-b": Rules("shared"), "site-c": Rules("site-c")})
WISH = Wish("0011223344556677", "consent-withdrawn", "somebody")


class MemoryTopics:
    """All topics of a node. `follows`: whether the index does what it is told; `away`: after so many publications."""

    def __init__(self, *events: Event) -> None:
        self.events = list(events)
        self.follows = True
        self.away = False
        self.overtaken = False
        self.meanwhile: list[Event] = []

    def read(self, topics: Sequence[str]) -> Iterator[Event]:
        yield from [event for event in self.events if event.topic in topics]

    def tell(self, events: Iterable[Event]) -> None:
        self.events += events

    def publish(self, events: Sequence[Event]) -> None:
        if self.away:
            raise Transient("away")
        if self.overtaken:
            raise Overtaken
        self.events += [*events, *self.meanwhile]
        self.meanwhile = []

    def sit_down(self) -> "MemoryTopics":
        return self

    def index_follows(self, seconds: float) -> bool:
        return self.follows

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def original(patient_id: str, issuer: str = "") -> bytes:
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID, image.StudyInstanceUID = CTImageStorage, "1.2.3.4", "1.2.3"
    image.PatientID, image.PatientName = patient_id, "Somebody^Else"
    if issuer:
        image.IssuerOfPatientID = issuer
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = BytesIO()
    dcmwrite(buffer, image, enforce_file_format=True)
    return buffer.getvalue()


def arrived(number: int, site: str = "site-a", **changes: str) -> InstanceReceived:
    return received(**{**arrival_of(number, site), **changes})


def copied(of: InstanceReceived, patient_id: str, epoch: int = -1, prefix: str = "IC") -> InstanceAnonymised:
    """Its clean copy, under that key of the ring."""
    pseudonyms = Pseudonyms(RING.keys[epoch].secret, node=RING.node, prefix=prefix)
    person = PATIENTS.person(of.site, "", patient_id)
    return anonymised(
        site=of.site,
        arrival=of.arrival,
        patient_id=pseudonyms.code_of(person, "").code,
        study_instance_uid=pseudonyms.uid("1.2.3"),
        digest=of.digest[::-1],
        key=f"clean/{of.arrival}.dcm",
    )


def whose(*rows: Wanted) -> Whose:
    return Whose(rows, RING, PATIENTS, SITES)


def stores() -> dict[str, MemoryStore]:
    return {name: MemoryStore(name) for name in ("identified", "clean", "derived")}


@pytest.mark.parametrize(
    "text",
    [
        "site,patient_id\nsite-a,4711\n",
        "\ufeffpatient_id,site,issuer\n4711,site-a,\n",
        '{"site": "site-a", "patient_id": "4711"}\n\n',
    ],
)
def test_a_file_of_either_kind_says_whom(text: str) -> None:
    assert read_wanted(text) == (Wanted("site-a", "4711"),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "site,patient_id\n",
        "patient_id\n4711\n",
        "site,patient_id,name\nsite-a,4711,x\n",
        "site,patient_id,arrival\nsite-a,4711," + "a" * 32 + "\n",
        "site,issuer\nsite-a,4711\n",
        "study_instance_uid\n4711-x\n",
        "arrival\n4711\n",
        '{"site": "site-a", "patient_id": 4711}\n',
        "{4711\n",
    ],
)
def test_what_is_no_such_file_is_refused_without_a_quotation(text: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_wanted(text)
    assert "4711" not in str(refused.value)


def test_he_is_found_under_every_key_prefix_and_site_of_his_domain() -> None:
    his = [arrived(1), arrived(2, "site-b"), arrived(3)]
    others = [arrived(4), arrived(5, "site-c")]
    topics = MemoryTopics(
        *his, *others, copied(his[0], "4711"), copied(his[1], "4711", epoch=0), copied(his[2], "4711", prefix="EU")
    )
    topics.events += [copied(others[0], "4712"), copied(others[1], "4711")]
    found = search(topics, whose(Wanted("site-a", " 4711 ")), MemoryStore("identified"))
    assert found.arrivals == {event.arrival for event in his}
    assert found.read == 0


def test_originals_without_a_copy_are_looked_into_at_his_sites_only() -> None:
    his, other, garbage, elsewhere, gone = arrived(1), arrived(2), arrived(3), arrived(4, "site-c"), arrived(5)
    store = MemoryStore("identified")
    for event, content in ((his, original("4711")), (other, original("4712")), (garbage, b"nothing")):
        store.put(event.key, content)
    store.put(elsewhere.key, original("4711"))
    found = search(MemoryTopics(his, other, garbage, elsewhere, gone), whose(Wanted("site-a", "4711")), store)
    assert found == Matched({his.arrival}, read=3, unread=[garbage.arrival])
    unlooked = search(MemoryTopics(his, other), whose(Wanted("site-a", "4711")), store, look=False)
    assert unlooked == Matched()


def test_a_study_is_found_by_its_original_uid_with_or_without_a_copy() -> None:
    key = Pseudonyms(RING.active.secret, node=RING.node).partition_key("1.2.3")
    held, clean, other = arrived(1, study_key=key), arrived(2), arrived(3)
    topics = MemoryTopics(held, clean, other, copied(clean, "anybody"))
    found = search(topics, whose(Wanted(study_instance_uid="1.2.3")), MemoryStore("identified"))
    assert found.arrivals == {held.arrival, clean.arrival}


def test_the_beginning_of_an_original_tells_whose_it_is() -> None:
    assert patient_of(original("4711", "H")) == ("H", "4711")
    assert patient_of(original("")) == ("", "")
    assert patient_of(b"") is None


class Bench:
    """One that has a clean copy and a picture, one that is held, one of somebody else."""

    def __init__(self) -> None:
        self.clean, self.held, self.other = arrived(1), arrived(2), arrived(3)
        copies = [copied(self.clean, "4711"), copied(self.other, "4712")]
        self.stores = stores()
        self.topics = MemoryTopics(self.clean, self.held, self.other, *copies)
        for copy in copies:
            picture = f"p/{copy.arrival}.jpg"
            self.stores["clean"].put(copy.key, b"clean")
            self.stores["derived"].put(picture, b"picture")
            self.topics.events.append(InstanceThumbnailed(**copy.reference(), renderer="1", picture=picture))
        for event in (self.clean, self.held, self.other):
            self.stores["identified"].put(event.key, b"original")
        self.copy = copies[0]

    def erase(self) -> Erased:
        return erase(self.topics, self.stores, WISH, [self.clean.arrival, self.held.arrival], 1.0)

    def left(self) -> int:
        return sum(len(store.objects) for store in self.stores.values())


def test_both_zones_are_told_and_everything_is_deleted_and_nothing_of_others() -> None:
    bench = Bench()
    done = bench.erase()
    assert done.is_complete
    assert dict(done.deleted) == {"identified": 2, "clean": 1, "derived": 1}
    assert bench.left() == 3
    assert {event.arrival for event in bench.topics.of(InstanceErased)} == {bench.clean.arrival, bench.held.arrival}  # type: ignore[attr-defined]
    told = {(event.arrival, event.digest, event.key) for event in bench.topics.of(InstanceRetracted)}  # type: ignore[attr-defined]
    assert told == {(bench.clean.arrival, bench.copy.digest, bench.copy.key), (bench.held.arrival, None, None)}
    assert len(bench.topics.of(AuditRecorded)) == 3


def test_the_same_again_says_and_deletes_nothing() -> None:
    bench = Bench()
    bench.erase()
    said = len(bench.topics.events)
    assert bench.erase().nothing
    assert len(bench.topics.events) == said


def test_nothing_is_deleted_before_it_is_told() -> None:
    bench = Bench()
    bench.topics.away = True
    assert bench.erase().away
    bench.topics.away, bench.topics.overtaken = False, True
    assert bench.erase().overtaken
    assert bench.left() == 7


def test_what_a_store_that_is_away_leaves_is_deleted_the_next_time() -> None:
    bench = Bench()
    bench.stores["clean"].away = True
    done = bench.erase()
    assert done.away
    assert not done.is_complete
    bench.stores["clean"].away = False
    assert bench.erase().is_complete
    assert bench.left() == 3
    assert len(bench.topics.of(InstanceErased)) == 2


def test_what_a_worker_makes_meanwhile_is_taken_back_too() -> None:
    bench = Bench()
    late = copied(bench.held, "4711")
    bench.stores["clean"].put(late.key, b"late")
    bench.topics.meanwhile = [late]
    done = bench.erase()
    assert done.late == 1
    assert bench.left() == 3
    assert late.digest in {event.digest for event in bench.topics.of(InstanceRetracted)}  # type: ignore[attr-defined]


def test_what_another_arrival_became_too_stays() -> None:
    bench = Bench()
    twin = copied(arrived(9), "4711").model_copy(update={"key": bench.copy.key, "digest": bench.copy.digest})
    bench.topics.events.append(twin)
    done = bench.erase()
    assert bench.copy.key in done.kept
    assert bench.copy.key in bench.stores["clean"].objects


def test_the_receipt_tells_what_is_not_complete_and_which_promises_are_broken() -> None:
    bench = Bench()
    bench.topics.events.append(committed(1, "site-a", "2099-01-01T00:00:00Z"))
    bench.topics.follows = False
    done = bench.erase()
    at = committed(1, "site-a", "2030-01-01T00:00:00Z").until
    matched = Matched({bench.clean.arrival}, 3, ["b" * 32])
    told = as_json(done, WISH, {"patients": 1}, matched, at, {"identified.instance.received": "for ever; because"})
    assert not told["complete"]
    assert [one["arrival"] for one in told["promises_broken"]] == [bench.clean.arrival]
    assert told["remains"][0]["until"] == "for ever"
    text = as_text(told)
    assert "NOT COMPLETE" in text
    assert "1 originals do not say whose they are" in text
    assert "4711" not in text + str(told)
