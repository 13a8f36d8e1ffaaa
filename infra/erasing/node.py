"""Where the node is of which somebody is erased, and by what he is found: the key ring and the sites file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from infra.erasing.acting import Topics
from infra.erasing.searching import Stores
from infra.erasing.topics import KafkaTopics
from infra.operating.node import NoNode, attached
from shared.settings import StoreSettings
from shared.storage import connect, open_bucket

USER = "eraser"
BUCKETS = ("identified", "clean", "derived")


@dataclass(frozen=True)
class Node:
    """One node, to whoever erases. The files are those of a stack, where it is one."""

    topics: Topics
    stores: Stores
    key_file: Path | None = None
    sites_file: Path | None = None


def of_stack(home: Path, log: Path | None = None) -> Node:
    """The node that the stack in `home` is; `log` gets the audit too. Raises NoNode."""
    stack = attached(home)
    keys = stack.object_store.users.get(USER)
    if keys is None:
        raise NoNode(f"the stack was started before there was a user {USER}: stop it and start it again")
    endpoint = stack.object_store.endpoint
    stores = {name: connect(endpoint, keys.access_key, keys.secret_key, name) for name in BUCKETS}
    return Node(KafkaTopics(stack.kafka_bootstrap_servers, log), stores, stack.project_key_file, stack.sites_file)


def of_settings(bootstrap: str, log: Path | None = None) -> Node:
    """The node at these brokers, with the store that the environment names. Raises Misconfigured."""
    settings = StoreSettings()
    return Node(KafkaTopics(bootstrap, log), {name: open_bucket(settings, name) for name in BUCKETS})
