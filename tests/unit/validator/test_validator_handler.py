"""The handler: event in, verdict out."""

from datetime import UTC, datetime
from typing import Any

from services.validator.handler import Validate
from shared.events import Event, Finding, InstanceAnonymised, InstanceRejected, InstanceValidated
from shared.outcome import Done, Reason, Reject
from shared.runner import Incoming
from shared.storage.headers import place_header
from tests.unit.validator.headers import CT, NATIVE, header, native


class Objects:
    """A bucket in memory."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def put(self, key: str, data: bytes, content_type: str = "") -> None:
        self.held[key] = data

    def get(self, key: str) -> bytes:
        return self.held[key]


def anonymised(**fields: Any) -> InstanceAnonymised:
    return InstanceAnonymised(
        site="site-a", project="p", arrival="a1", profile="r1", patient_id="iso-1",
        study_instance_uid="2.25.1", series_instance_uid="2.25.2", sop_instance_uid="2.25.3",
        sop_class_uid=CT, transfer_syntax_uid=NATIVE, key="r1/2.25.1/2.25.2/2.25.3.dcm", digest="0" * 64, size=9,
        **{"bulk": native(40), **fields},
    )  # fmt: skip


def incoming(event: Event) -> Incoming:
    return Incoming(event, event.topic, 0, 0, datetime(2026, 1, 1, tzinfo=UTC))


def test_validated_carries_everything_on() -> None:
    event = anonymised(header=header(t00100030=None))
    outcome = Validate(clean=Objects(), erased=lambda arrival: False)(incoming(event))
    assert isinstance(outcome, Done)
    (out,) = outcome.events
    assert isinstance(out.event, InstanceValidated)
    assert out.event.reference() == event.reference()
    assert (out.event.header, out.event.bulk) == (event.header, event.bulk)
    assert [finding.tag for finding in out.event.findings] == ["00100030"]
    assert out.key == event.study_instance_uid


def test_rejected_names_stage_and_reason_and_no_value() -> None:
    event = anonymised(header=header(t00080060="MR-CANARY"))
    outcome = Validate(clean=Objects(), erased=lambda arrival: False)(incoming(event))
    assert isinstance(outcome, Reject)
    assert outcome.reason is Reason.MODALITY_MISMATCH
    (out,) = outcome.events
    assert isinstance(out.event, InstanceRejected)
    assert (out.event.stage, out.event.reason) == ("validator", "modality-mismatch")
    assert "CANARY" not in out.event.model_dump_json()


def test_a_large_header_is_read_from_its_object_and_carried_on_as_such() -> None:
    clean = Objects()
    large = header(t00200052={"vr": "UI", "Value": ["2.25.1"] * 40_000})
    event = anonymised(**place_header(large, "r1/x.dcm", clean))
    assert event.header is None
    outcome = Validate(clean=clean, erased=lambda arrival: False)(incoming(event))
    assert isinstance(outcome, Done)
    (out,) = outcome.events
    assert isinstance(out.event, InstanceValidated)
    assert (out.event.header, out.event.header_key, out.event.header_digest) == (
        None,
        event.header_key,
        event.header_digest,
    )


def test_the_same_event_gives_the_same_id() -> None:
    handle = Validate(clean=Objects(), erased=lambda arrival: False)
    ids: set[str] = set()
    for _ in range(2):
        outcome = handle(incoming(anonymised(header=header())))
        assert isinstance(outcome, Done)
        ids.update(out.id for out in outcome.events)
    assert len(ids) == 1


def test_an_event_without_header_is_rejected_not_a_crash() -> None:
    outcome = Validate(clean=Objects(), erased=lambda arrival: False)(incoming(anonymised()))
    assert isinstance(outcome, Reject)
    assert outcome.reason is Reason.MISSING_TYPE_1


def test_what_the_anonymiser_found_is_carried_on() -> None:
    earlier = (Finding(code="inexpressible", tag="00101010"),)
    for made, own in ((header(t00100030=None), "missing-type-2"), (header(t00080060="MR"), "modality-mismatch")):
        outcome = Validate(clean=Objects(), erased=lambda arrival: False)(
            incoming(anonymised(header=made, findings=earlier))
        )
        assert isinstance(outcome, Done | Reject)
        (out,) = outcome.events
        assert isinstance(out.event, InstanceValidated | InstanceRejected)
        assert [finding.code for finding in out.event.findings] == [own, "inexpressible"]
