"""Creates topics, buckets, users, policies and roles in the containers' stack: `python -m infra.docker.provision`.

It does with Compose's addresses what the local supervisor does with its own, and can be repeated.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.docker.secrets import DATABASE_ROLES
from infra.local.layout import Home
from infra.local.provision import database, objectstore, topics
from infra.local.state import Database, Keys, ObjectStore


class ProvisionSettings(BaseSettings):
    """Where the components are, and where their secrets lie."""

    model_config = SettingsConfigDict(env_prefix="ISOCENTRE_", frozen=True, extra="ignore")

    kafka_bootstrap_servers: str = Field(description="Brokers to start from, host:port, comma separated.")
    s3_endpoint: str = Field(description="Base URL of the S3 server.")
    database_host: str = Field(description="Host of PostgreSQL.")
    database_port: int = Field(default=5432, description="Its port.")
    database_name: str = Field(default="isocentre", description="The database to make.")
    secrets_dir: Path = Field(default=Path("/run/secrets"), description="One file per secret: s3-USER, database-ROLE.")
    versitygw: Path = Field(default=Path("/usr/local/bin/versitygw"), description="The store's admin command.")
    temporary: Path = Field(default=Path("/tmp"), description="Home and temporary folder of that command.")  # noqa: S108 - the container's own


def provision(settings: ProvisionSettings) -> None:
    """All of it. Raises when something cannot be made, or does not work once it is."""
    access = objectstore.declared()
    store = ObjectStore(
        endpoint=settings.s3_endpoint,
        root=_keys(settings, "root"),
        users={user: _keys(settings, user) for user in access.users},
        tree=settings.temporary,  # the server's folder is not ours to see
    )
    passwords = {role: _secret(settings, f"database-{role}") for role in DATABASE_ROLES}
    where = {"host": settings.database_host, "port": settings.database_port, "name": settings.database_name}
    topics.provision(settings.kafka_bootstrap_servers, topics.declared())
    objectstore.provision(Home(settings.temporary), store, access, settings.versitygw)
    database.provision(Database.model_validate({**where, "passwords": passwords}))


def _keys(settings: ProvisionSettings, user: str) -> Keys:
    return Keys(access_key=user, secret_key=_secret(settings, f"s3-{user}"))


def _secret(settings: ProvisionSettings, name: str) -> str:
    return (settings.secrets_dir / name).read_text().strip()


def main() -> int:
    """Provision the stack that the environment names. The exit code is 0; anything else raises."""
    provision(ProvisionSettings())
    print("topics, buckets, users, policies and roles are there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
