"""Where the node is whose quarantine is meant: a stack on this machine, or what options and environment say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from infra.operating.node import NoNode, attached
from infra.quarantine.acting import Topics
from infra.quarantine.ledger import Ledger
from shared.misconfigured import Misconfigured
from shared.settings import StoreSettings
from shared.storage import Store, connect, open_bucket

USER = "operator"
BUCKET = "identified"


@dataclass(frozen=True)
class Node:
    """One node, to an operator. Without `store`, bytes can neither be deleted nor seen to be there."""

    ledger: Topics
    store: Store | None
    sites_file: Path | None


def of_stack(home: Path, log: Path | None = None) -> Node:
    """The node that the stack in `home` is; `log` gets the audit too. Raises NoNode."""
    stack = attached(home)
    keys = stack.object_store.users.get(USER)
    if keys is None:
        raise NoNode(f"the stack was started before there was a user {USER}: stop it and start it again")
    store = connect(stack.object_store.endpoint, keys.access_key, keys.secret_key, BUCKET)
    return Node(Ledger(stack.kafka_bootstrap_servers, log), store, stack.sites_file)


def of_settings(bootstrap: str, log: Path | None = None) -> Node:
    """The node at these brokers, with the store that the environment names (`StoreSettings`), if it does."""
    store: Store | None
    try:
        store = open_bucket(StoreSettings(), BUCKET)
    except Misconfigured:
        store = None
    return Node(Ledger(bootstrap, log), store, None)
