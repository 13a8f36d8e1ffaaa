"""Where the books of a node and their witnesses are: a stack on this machine, or what the environment says."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import Field, SecretStr

from infra.local import stack as local
from infra.local.services import accounts_folder
from infra.local.state import Stack
from services.bookkeeper.reconciling.node import witnesses
from services.bookkeeper.reconciling.reconcile import Witnesses
from shared.dicom.identity import Pseudonyms
from shared.dicom.keys import KeyRing
from shared.dicom.raw_object import Arrived
from shared.private_file import read_private
from shared.settings import ProjectKeySettings, StoreSettings
from shared.storage import Store, TreeStore, connect, open_bucket

ROLE, USER = "auditor", "bookkeeper"
"""PostgreSQL's, and the store's."""


class NoNode(Exception):
    """There is no node. The text says what is missing."""


class NodeSettings(StoreSettings, ProjectKeySettings):
    """What the environment says of a node that is no stack here."""

    kafka_bootstrap_servers: str = Field(description="Brokers to start from, host:port, comma separated.")
    ledger_url: SecretStr = Field(description="The ledger's database, as a role that may read it.")
    index_url: SecretStr = Field(description="The index's database, as a role that may read it.")
    accounts_dir: Path | None = Field(default=None, description="The receiver's folder of accounts, where it is here.")


def of_stack(home: Path) -> tuple[Witnesses, Pseudonyms]:
    """The node that the stack in `home` is. Raises NoNode."""
    try:
        stack = local.attach(home)
    except local.NotUp as missing:
        raise NoNode(f"{missing}; start one with: isocentre stack up") from None
    pseudonyms = Pseudonyms.of(KeyRing.parse(read_private(stack.project_key_file)))
    database = stack.database
    return witnesses(
        ledger=database.url(ROLE, database.identified),
        index=database.url(ROLE),
        bootstrap=stack.kafka_bootstrap_servers,
        bucket=partial(_bucket, stack),
        accounts=accounts_folder(stack.home),
        arrival=partial(_arrival, pseudonyms),
    ), pseudonyms


def of_settings() -> tuple[Witnesses, Pseudonyms]:
    """The node that the environment names. Raises ValidationError or Misconfigured."""
    settings = NodeSettings()
    pseudonyms = Pseudonyms.of(settings.key_ring())
    return witnesses(
        ledger=settings.ledger_url.get_secret_value(),
        index=settings.index_url.get_secret_value(),
        bootstrap=settings.kafka_bootstrap_servers,
        bucket=partial(open_bucket, settings),
        accounts=settings.accounts_dir,
        arrival=partial(_arrival, pseudonyms),
    ), pseudonyms


def _arrival(pseudonyms: Pseudonyms, of: Arrived) -> str:
    return pseudonyms.arrival(of.site, of.digest)


def _bucket(stack: Stack, name: str) -> Store:
    """By its files where the services write them, which is faster than the server."""
    store = stack.object_store
    if store.way == "tree":
        return TreeStore(store.tree, name)
    keys = store.users[USER]
    return connect(store.endpoint, keys.access_key, keys.secret_key, name)
