"""The containers' one-shot provisioning does on real components what the supervisor does, and can be repeated."""

from pathlib import Path

import pytest

from infra.docker.provision import ProvisionSettings, provision
from infra.local.credentials import keep_private
from infra.local.layout import Cache, default_cache
from infra.local.state import Stack

pytestmark = pytest.mark.stack


@pytest.fixture
def settings(components: Stack, tmp_path: Path) -> ProvisionSettings:
    """The session's components, told of as Compose would tell."""
    store, database = components.object_store, components.database
    keys = {f"s3-{user}": key.secret_key for user, key in {"root": store.root, **store.users}.items()}
    roles = {f"database-{role}": password for role, password in database.passwords.items()}
    for name, secret in (keys | roles).items():
        keep_private(tmp_path / name, secret)
    return ProvisionSettings(
        kafka_bootstrap_servers=components.kafka_bootstrap_servers,
        s3_endpoint=store.endpoint,
        database_host=database.host,
        database_port=database.port,
        secrets_dir=tmp_path,
        versitygw=Cache(default_cache()).versitygw,
        temporary=tmp_path,
    )


def test_it_can_be_repeated(settings: ProvisionSettings) -> None:
    provision(settings)
    provision(settings)


def test_a_secret_that_does_not_fit_is_noticed(settings: ProvisionSettings) -> None:
    keep_private(settings.secrets_dir / "s3-root", "another")
    with pytest.raises(Exception, match=r"SignatureDoesNotMatch|AccessDenied|signature"):
        provision(settings)
