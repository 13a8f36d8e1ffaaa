"""A rotation never mixes: one epoch holds every arrival of a patient under one key, whoever works when."""

from shared.dicom.identity import Pseudonyms
from shared.dicom.keys import KeyRing
from shared.kafka import Output
from tests.support.memory_log import MemoryBroker, MemoryLog

TOPIC = "identified.instance.received"
PATIENTS = ["4711", "4712", "4711", "4713", "4711", "4712"]


class Worker:
    """An anonymiser that was started with a ring: what it says of each arrival is the key and the patient's code."""

    def __init__(self, broker: MemoryBroker, ring: KeyRing) -> None:
        self.log = MemoryLog(broker, ring.group("anonymiser"), [TOPIC])
        self.pseudonyms = Pseudonyms.of(ring)
        self.made: list[tuple[str, str]] = []

    def work(self, limit: int = 100) -> None:
        batch = self.log.poll(limit, 0)
        for record in batch:
            patient = (record.value or b"").decode()
            self.made.append((self.pseudonyms.key_id, self.pseudonyms.patient_code("s1", "", patient, "").code))
        if batch:
            self.log.commit(batch, [])


def arrive(broker: MemoryBroker, patients: list[str]) -> None:
    for patient in patients:
        broker.produce(Output(TOPIC, "key", patient.encode()))


def codes(ring: KeyRing, patients: list[str]) -> list[tuple[str, str]]:
    ids = Pseudonyms.of(ring)
    return [(ids.key_id, ids.patient_code("s1", "", patient, "").code) for patient in patients]


def test_a_new_epoch_begins_with_the_first_arrival():
    broker, first = MemoryBroker(), KeyRing.new("demo")
    arrive(broker, PATIENTS)
    Worker(broker, first).work()
    second = first.rotated()
    worker = Worker(broker, second)
    arrive(broker, ["4711"])
    worker.work()
    assert worker.made == codes(second, [*PATIENTS, "4711"])


def test_a_worker_with_the_old_key_takes_nothing_from_the_new_epoch():
    broker, first = MemoryBroker(), KeyRing.new("demo")
    arrive(broker, PATIENTS)
    old = Worker(broker, first)
    old.work(limit=2)
    second = first.rotated()
    new = Worker(broker, second)
    for _ in PATIENTS:
        new.work(limit=1)
        old.work(limit=1)
    assert new.made == codes(second, PATIENTS)
    assert old.made == codes(first, PATIENTS)


def test_a_restart_in_the_same_epoch_begins_where_it_ended():
    broker, ring = MemoryBroker(), KeyRing.new("demo").rotated()
    arrive(broker, PATIENTS)
    first, again = Worker(broker, ring), KeyRing.parse(ring.dumps())
    first.work(limit=4)
    second = Worker(broker, again)
    second.work()
    assert first.made + second.made == codes(ring, PATIENTS)
