"""With the secrets that the command makes, every container's environment satisfies its service's settings."""

import importlib
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from infra.docker import secrets
from infra.docker.provision import ProvisionSettings
from infra.local.layout import ROOT
from infra.local.provision.database import ROLES
from infra.local.provision.objectstore import declared
from infra.local.services import BY_NAME
from infra.quarantine.node import of_settings
from shared.misconfigured import Misconfigured
from shared.settings import DatabaseSettings
from shared.sites import read_sites

SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment's secrets, and an environment without any settings of ours."""
    import os

    for name in [name for name in os.environ if name.startswith(("ISOCENTRE_", "OTEL_"))]:
        monkeypatch.delenv(name)
    secrets.make(tmp_path)
    return tmp_path


def environment(made: Path, name: str) -> dict[str, str]:
    """What Compose would give to the container."""
    told: dict[str, str] = {}
    for file in SERVICES[name].get("env_file", []):
        lines = (made / "env" / Path(file).name).read_text().splitlines()
        told |= dict(line.split("=", 1) for line in lines)
    own: dict[str, str] = SERVICES[name].get("environment", {})
    return told | own


def settings_of(name: str) -> type[BaseSettings]:
    """The one settings class that the service's own module makes."""
    module = importlib.import_module(f"services.{name}.settings")
    kinds: list[Any] = [kind for kind in vars(module).values() if getattr(kind, "__module__", "") == module.__name__]
    return next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseSettings))


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_the_settings_are_satisfied(name: str, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in environment(made, name).items():
        monkeypatch.setenv(key, value)
    settings: Any = settings_of(name)()
    assert settings.kafka_bootstrap_servers == "kafka:9092"
    assert settings.health_host == "0.0.0.0"
    assert settings.otlp_endpoint == "http://traces:4318"
    assert settings.trace_store_url is None


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_each_listens_on_the_container_s_address(name: str) -> None:
    hosts = {field for field in settings_of(name).model_fields if field.endswith("_host")}
    told = SERVICES[name]["environment"]
    assert {f"ISOCENTRE_{field.upper()}" for field in hosts} <= told.keys()


def test_the_migration_and_the_provisioning_are_told_enough(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in (environment(made, "migrate") | environment(made, "provision")).items():
        monkeypatch.setenv(key, value)
    assert "indexer" in DatabaseSettings().database_url.get_secret_value()
    ProvisionSettings()
    needed = {file.name for file in (made / "secrets").iterdir()} - {"project-key"}
    assert set(SERVICES["provision"]["secrets"]) == needed


def test_an_operator_is_told_enough(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = environment(made, "operator")
    assert of_settings(told["ISOCENTRE_KAFKA_BOOTSTRAP_SERVERS"]).store is None
    for key, value in told.items():
        monkeypatch.setenv(key, value)
    store = of_settings(told["ISOCENTRE_KAFKA_BOOTSTRAP_SERVERS"]).store
    assert store is not None
    assert store.name == "identified"


@pytest.mark.parametrize("name", ["receiver", "anonymiser"])
def test_the_key_that_was_made_can_be_read_as_it_is_mounted(
    name: str, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in environment(made, name).items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("ISOCENTRE_PROJECT_KEY_FILE", str(made / "secrets" / "project-key"))
    settings: Any = settings_of(name)()
    assert len(settings.key_ring().keys) == 1
    monkeypatch.delenv("ISOCENTRE_ACCEPT_OPEN_FILES")
    with pytest.raises(Misconfigured, match="open to others"):
        settings_of(name)().key_ring()


def test_users_and_roles_are_the_declared_ones() -> None:
    assert set(secrets.STORE_USERS) == set(declared().users)
    assert set(secrets.DATABASE_ROLES) == {"postgres", *ROLES}


def test_nobody_is_told_another_s_secret(made: Path) -> None:
    files = {file.name: file.read_text() for file in (made / "secrets").iterdir()}
    own = {"indexer": {"s3-indexer", "database-indexer"}, "gateway": {"s3-gateway", "database-gateway"}}
    own["bookkeeper"] = {"s3-bookkeeper", "database-bookkeeper", "database-auditor"}
    for name in BY_NAME:
        values = " ".join(environment(made, name).values())
        assert {file for file, value in files.items() if value in values} <= own.get(name, {f"s3-{name}"})


def test_there_is_a_sites_file_that_containers_can_read(made: Path) -> None:
    file = made / "sites" / Path(environment(made, "receiver")["ISOCENTRE_SITES_FILE"]).name
    assert read_sites(file).sites
    assert (stat.S_IMODE(file.parent.stat().st_mode), stat.S_IMODE(file.stat().st_mode)) == (0o755, 0o644)


def test_a_sites_file_of_one_s_own_stays(made: Path) -> None:
    file = made / "sites" / "sites.yaml"
    file.write_text("sites: []")
    secrets.make(made)
    assert file.read_text() == "sites: []"


def test_a_second_run_keeps_what_there_is(made: Path) -> None:
    before = {file: file.read_text() for file in made.glob("*/*")}
    secrets.make(made)
    assert {file: file.read_text() for file in made.glob("*/*")} == before


def test_the_folders_are_closed_to_others(made: Path) -> None:
    folders = [made, made / "secrets", made / "env"]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    # Containers read the mounted files as another user than the one who made them.
    assert {stat.S_IMODE(file.stat().st_mode) for file in (made / "secrets").iterdir()} == {0o444}
    assert {stat.S_IMODE(file.stat().st_mode) for file in (made / "env").iterdir()} == {0o600}


def test_no_secret_can_be_committed_or_sent_to_the_engine() -> None:
    assert secrets.FOLDER.is_relative_to(ROOT / "build")
    assert "/build" in (ROOT / ".gitignore").read_text().split()
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert set(allowed) == {"LICENSE", "pyproject.toml", "infra", "schemas", "services", "shared"}
