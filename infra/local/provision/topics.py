"""Creates the topics of `schemas/topics.yaml`, and brings their configuration to what it says."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Set
from pathlib import Path

import yaml
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # typed, but re-exported without `as`
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)
from pydantic import BaseModel

from infra.local.layout import ROOT
from infra.local.probes import admin

log = logging.getLogger("supervisor")

TOPICS_FILE = ROOT / "schemas" / "topics.yaml"
SECONDS = 30


class Topic(BaseModel):
    """The part of a topic's entry that the broker hears of; the rest is documentation."""

    partitions: int
    config: dict[str, str] = {}


def declared(file: Path = TOPICS_FILE) -> dict[str, Topic]:
    """All topics by name."""
    entries = yaml.safe_load(file.read_text())["topics"]
    return {name: Topic.model_validate(entry, strict=True) for name, entry in entries.items()}


def provision(bootstrap_servers: str, topics: Mapping[str, Topic]) -> None:
    """Create what is missing, alter what differs. Partitions are never added: keys would move."""
    client = admin(bootstrap_servers)
    present = client.list_topics(timeout=SECONDS).topics
    missing = {name: topic for name, topic in topics.items() if name not in present}
    _create(client, missing)
    for name in topics.keys() & present.keys():
        count = len(present[name].partitions)
        if count != topics[name].partitions:
            log.warning("%s has %d partitions, not %d as declared", name, count, topics[name].partitions)
    _alter(client, {name: topic for name, topic in topics.items() if name not in missing})


def _create(client: AdminClient, topics: Mapping[str, Topic]) -> None:
    if not topics:
        return
    new = [NewTopic(name, topic.partitions, 1, config=dict(topic.config)) for name, topic in topics.items()]
    for future in client.create_topics(new, operation_timeout=SECONDS).values():
        future.result(SECONDS)
    _wait_until_known(client, topics.keys())


def _wait_until_known(client: AdminClient, names: Set[str]) -> None:
    """The controller answers before the broker has heard; a service that asks the broker would miss a topic."""
    deadline = time.monotonic() + SECONDS
    while missing := names - client.list_topics(timeout=SECONDS).topics.keys():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the broker does not show {', '.join(sorted(missing))}")
        time.sleep(0.05)


def _alter(client: AdminClient, topics: Mapping[str, Topic]) -> None:
    if not topics:
        return
    described = client.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in topics])
    changes = []
    for resource, future in described.items():
        entries: dict[str, ConfigEntry] = future.result(SECONDS)
        differing = {
            key: value
            for key, value in topics[resource.name].config.items()
            if key not in entries or entries[key].value != value
        }
        if differing:
            log.info("%s: configuration altered: %s", resource.name, differing)
            changes.append(_change(resource.name, differing))
    if changes:
        for altered in client.incremental_alter_configs(changes).values():
            altered.result(SECONDS)


def _change(topic: str, values: Mapping[str, str]) -> ConfigResource:
    entries = [ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in values.items()]
    return ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
