"""The registers in schemas/ and the code say the same, and each gate is seen red."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from shared import metrics, schemas
from shared.events import Event, InstanceHeld, compat, generate, registry
from shared.metrics.registry import registrations
from shared.outcome import Reason
from tests.support import markdown

ROOT = schemas.ROOT.parent
SERVICES = sorted(path.name for path in (ROOT / "services").iterdir() if (path / "__main__.py").exists())
OUTSIDE = {"operators", "consumers"}


def _sources() -> Iterator[tuple[Path, str]]:
    for root in ("services", "shared"):
        for path in (ROOT / root).rglob("*.py"):
            yield path, path.read_text(encoding="utf-8")


# --- events


def test_what_is_committed_follows_from_the_models() -> None:
    assert generate.drift(schemas.ROOT) == []


def _written(root: Path) -> None:
    for path, text in generate.files().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def test_drift_is_seen(tmp_path: Path) -> None:
    _written(tmp_path)
    assert generate.drift(tmp_path) == []
    (tmp_path / "events" / "clean.instance.held.v1.schema.json").write_text("{}", encoding="utf-8")
    (tmp_path / "events" / "clean.instance.lost.v1.schema.json").write_text("{}", encoding="utf-8")
    (tmp_path / "asyncapi.yaml").unlink()
    assert len(generate.drift(tmp_path)) == 3


def test_a_released_event_that_changes_without_a_new_version_is_seen(tmp_path: Path) -> None:
    _written(tmp_path)
    released = generate.schema_of(InstanceHeld)
    released["properties"]["colour"] = {"type": "string"}
    (tmp_path / "released").mkdir()
    (tmp_path / "released" / "clean.instance.held.v1.schema.json").write_text(json.dumps(released), encoding="utf-8")
    (line,) = generate.drift(tmp_path)
    assert "colour was removed: deploy the consumers first" in line


def test_a_released_event_that_disappears_is_seen(tmp_path: Path) -> None:
    _written(tmp_path)
    (tmp_path / "released").mkdir()
    (tmp_path / "released" / "clean.instance.gone.v1.schema.json").write_text("{}", encoding="utf-8")
    assert generate.drift(tmp_path) == ["clean.instance.gone.v1.schema.json was released and has no model any more"]


OLD: dict[str, Any] = {
    "properties": {"a": {"type": "string"}, "b": {"type": "integer", "description": "old words"}},
    "required": ["a"],
    "$defs": {"Part": {"properties": {"x": {"type": "string"}}, "required": ["x"]}},
}


def _changed(**properties: Any) -> dict[str, Any]:
    return {**OLD, "properties": {**OLD["properties"], **properties}}


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (OLD, []),
        (_changed(c={"type": "string"}), []),
        (_changed(b={"type": "integer", "description": "new words"}), []),
        ({**OLD, "properties": {"a": {"type": "string"}}}, ["b was removed"]),
        (_changed(b={"type": "string"}), ["b changed its type"]),
        ({**OLD, "required": []}, ["a may now be absent"]),
        ({**_changed(c={"type": "string"}), "required": ["a", "c"]}, ["c is now required"]),
        ({**OLD, "$defs": {"Part": {"properties": {}, "required": []}}}, ["Part.x was removed"]),
    ],
)
def test_says_what_breaks_whom(new: dict[str, Any], words: list[str]) -> None:
    found = compat.breaches(OLD, new)
    assert len(found) == len(words)
    assert all(word in line for word, line in zip(words, found, strict=True))


def test_the_same_fact_has_the_same_id_and_another_one_another() -> None:
    from shared.events import Outgoing
    from tests.support.events import anonymised

    first = Outgoing.of(anonymised())
    assert Outgoing.of(anonymised(size=7)).id == first.id
    assert Outgoing.of(anonymised(arrival="c" * 32)).id != first.id
    assert Outgoing.of(anonymised(digest="f" * 64)).id != first.id


# --- topics


def test_every_model_has_its_topic_and_every_topic_its_model() -> None:
    registered = {name: entry["event"] for name, entry in schemas.topics().items() if "event" in entry}
    assert registered == {model.topic: model.__name__ for model in registry.models()}


@pytest.mark.parametrize("topic", sorted(schemas.topics()))
def test_a_topic_says_what_it_must(topic: str) -> None:
    entry = schemas.topics()[topic]
    assert entry["partitions"] >= 1
    assert entry["retention"]
    assert entry["config"]["cleanup.policy"] in ("delete", "compact")
    if entry["config"]["cleanup.policy"] == "delete":
        assert "retention.ms" in entry["config"]
    assert entry["producers"]
    assert entry["consumers"]
    assert set(entry["producers"]) <= {*SERVICES, "operators"}
    assert set(entry["consumers"]) <= {*SERVICES, *OUTSIDE}


@pytest.mark.parametrize("topic", [name for name in sorted(schemas.topics()) if name.startswith("identified.")])
def test_no_clean_service_touches_an_identified_topic(topic: str) -> None:
    entry = schemas.topics()[topic]
    assert {*entry["producers"], *entry["consumers"]} <= {"receiver", "anonymiser", "bookkeeper", "operators"}


@pytest.mark.parametrize("service", SERVICES)
def test_topics_and_services_agree_on_who_reads_and_writes(service: str) -> None:
    """READS and WRITES of a `__main__` name the topics; the register must say the same."""
    source = (ROOT / "services" / service / "__main__.py").read_text(encoding="utf-8")
    named = {model.topic for model in registry.models() if re.search(rf"\b{model.__name__}\b", source)}
    registered = {
        name
        for name, entry in schemas.topics().items()
        if service in entry["producers"] or service in entry["consumers"]
    }
    assert named - registered == set()


# --- metrics


def test_every_registered_metric_can_be_made_and_is_used() -> None:
    make = {"counter": metrics.counter, "gauge": metrics.gauge, "histogram": metrics.histogram}
    text = "\n".join(source for _, source in _sources())
    for name, entry in registrations().items():
        make[entry.kind](name)
        assert f'"{name}"' in text, f"{name} is registered and used nowhere"


def test_an_unregistered_metric_cannot_be_made() -> None:
    with pytest.raises(metrics.UnregisteredMetric):
        metrics.counter("isocentre_unheard_of_total")
    with pytest.raises(metrics.UnregisteredMetric):
        metrics.gauge("isocentre_stage_records_total")


def test_metrics_are_named_as_prometheus_asks() -> None:
    for name, entry in registrations().items():
        assert name.startswith("isocentre_")
        assert name.endswith("_total") == (entry.kind == "counter")
        assert not {"study", "series", "instance", "patient", "arrival"} & set(entry.labels)


def test_pages_tell_of_metrics_that_there_are() -> None:
    told = {
        name for page in markdown.pages(ROOT) for name in re.findall(r"\bisocentre_[a-z_]+[a-z]\b", page.read_text())
    }
    assert len(told) > 20
    assert told <= registrations().keys()


# --- reasons


def test_every_reason_is_registered_with_its_meaning() -> None:
    registered = schemas.load_yaml("reasons.yaml")["reasons"]
    assert set(registered) == {reason.value for reason in Reason}
    for entry in registered.values():
        assert entry["means"]
        assert set(entry["said_by"]) <= {*SERVICES, "runner"}


def test_every_reason_is_said_by_those_who_are_registered() -> None:
    registered = schemas.load_yaml("reasons.yaml")["reasons"]
    # Who is let in is decided in shared/sites, and told at the receiver's door.
    speaks_for = {"sites": "receiver"}
    for reason in Reason:
        users = {
            speaks_for.get(part := path.relative_to(ROOT).parts[1], part)
            for path, text in _sources()
            if re.search(rf"\bReason\.{reason.name}\b", text) and path.name != "outcome.py"
        } - {"gateway"}  # it only explains them
        assert users == set(registered[reason.value]["said_by"]), reason


# --- examples


def _examples() -> list[Path]:
    return sorted((schemas.ROOT / "examples").rglob("*.json"))


def test_every_version_of_every_event_has_an_example() -> None:
    kept = {(path.parent.parent.name, path.parent.name) for path in _examples()}
    assert kept == {(model.topic, f"v{model.version}") for model in registry.models()}


@pytest.mark.parametrize("path", _examples(), ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_examples_are_events_of_their_schema(path: Path) -> None:
    import jsonschema

    topic, version = path.parent.parent.name, int(path.parent.name[1:])
    (model,) = (model for model in registry.models() if (model.topic, model.version) == (topic, version))
    value = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(value, generate.schema_of(model), format_checker=jsonschema.FormatChecker())
    event = model.model_validate(value)
    assert json.loads(event.model_dump_json(exclude_none=True)) == value


@pytest.mark.parametrize("path", _examples(), ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_clean_examples_hold_nothing_that_identifies(path: Path) -> None:
    if not path.parent.parent.name.startswith("clean."):
        return
    value = json.loads(path.read_text(encoding="utf-8"))
    header = value.get("header") or {}
    for tag in ("00100010", "00100020"):
        for item in header.get(tag, {}).get("Value", []):
            assert (item.get("Alphabetic") if isinstance(item, dict) else item).startswith("IC-")
    for uid in re.findall(r"\b[0-9]+(?:\.[0-9]+){3,}\b", json.dumps(value)):
        assert uid.startswith(("2.25.", "1.2.840.10008.")), uid


class _Strange(Event):
    """An event that nobody registered."""

    topic: ClassVar[str] = "clean.instance.strange"


def test_an_unregistered_event_is_undecodable() -> None:
    from shared.events.envelope import UndecodableEvent, decode

    with pytest.raises(UndecodableEvent):
        decode(_Strange.topic, b"{}", [("ce_type", _Strange.type_name().encode())])
