"""docker-compose.yml says what the local stack says, keeps the zones apart, and follows the specification."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from infra.docker import secrets
from infra.local import kafka
from infra.local import plan as planning
from infra.local.components import POSTGRES_SETTINGS
from infra.local.layout import KAFKA_POM, ROOT, VERSITYGW_VERSION, Home
from infra.local.provision.objectstore import declared
from infra.local.services import BY_NAME, environment

SCHEMA = ROOT / "tests" / "support" / "compose_spec" / "compose-spec.json"
DOORS = ("receiver", "anonymiser")
IDENTIFIED = (*DOORS, "bookkeeper")
CLEAN = ("validator", "indexer", "thumbnailer", "tracker", "gateway")
ONCE = ("provision", "migrate", "migrate-identified")
PEOPLE = ("operator", "eraser")
COMPONENTS = ("kafka", "versitygw", "postgres", "traces")


@cache
def compose() -> dict[str, Any]:
    """The file with its defaults filled in."""
    text = (ROOT / "docker-compose.yml").read_text()
    content: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))
    return content


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"][name]
    return found


def violations(content: object) -> list[str]:
    return [error.message for error in Draft7Validator(json.loads(SCHEMA.read_text())).iter_errors(content)]


def test_it_follows_the_specification() -> None:
    assert violations(compose()) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"services": {"receiver": {"imagee": "x"}}},
        {"services": {"receiver": {"image": "x", "depends_on": {"kafka": {"condition": "healthy"}}}}},
        {"services": {"receiver": {"image": "x", "healthcheck": {"retries": [3]}}}},
    ],
)
def test_the_schema_sees_mistakes(broken: dict[str, Any]) -> None:
    assert violations(broken)


def test_all_services_and_components_are_there() -> None:
    assert set(compose()["services"]) == {*IDENTIFIED, *CLEAN, *ONCE, *PEOPLE, *COMPONENTS}
    assert set(BY_NAME) == {*IDENTIFIED, *CLEAN}


@pytest.mark.parametrize("name", [*IDENTIFIED, *CLEAN, *COMPONENTS])
def test_everything_that_stays_has_a_health_check(name: str) -> None:
    check = service(name)["healthcheck"]
    assert check["test"][0] == "CMD"
    assert not check.get("disable")


def test_what_is_waited_for_can_be_waited_for() -> None:
    for name, one in compose()["services"].items():
        for other, how in one.get("depends_on", {}).items():
            expected = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert how["condition"] == expected, (name, other)
    for name in (*IDENTIFIED, *CLEAN):
        assert {"kafka", "provision"} <= set(service(name)["depends_on"])


@pytest.mark.parametrize("name", [*IDENTIFIED, *CLEAN])
def test_each_service_runs_its_own_module_without_rights(name: str) -> None:
    one = service(name)
    assert one["command"] == ["python", "-m", f"services.{name}"]
    assert one["read_only"]
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", [*IDENTIFIED, *CLEAN])
def test_it_is_told_what_the_local_stack_tells(name: str, tmp_path: Path) -> None:
    stack = planning.plan(Home(tmp_path), declared(), "s3")
    local = set(environment(BY_NAME[name], stack, {}))
    secret = {"ISOCENTRE_S3_ACCESS_KEY", "ISOCENTRE_S3_SECRET_KEY", "ISOCENTRE_DATABASE_URL", "ISOCENTRE_INDEX_URL"}
    told = set(service(name)["environment"])
    # Traces leave by OTLP here, servers listen on the container's address, and secrets have the mode that they were
    # mounted with.
    beyond = {"OTEL_EXPORTER_OTLP_ENDPOINT", "ISOCENTRE_HEALTH_HOST", "ISOCENTRE_DICOM_HOST", "ISOCENTRE_HTTP_HOST"}
    beyond |= {"ISOCENTRE_ACCEPT_OPEN_FILES"}
    assert told - beyond == local - secret - {"ISOCENTRE_TRACE_STORE_URL"}


@pytest.mark.parametrize("name", [*DOORS, *PEOPLE])
def test_the_folder_of_the_sites_file_is_mounted_and_not_the_file(name: str) -> None:
    """Of a file mounted alone, the container would go on seeing the one that was replaced."""
    one = service(name)
    (mount,) = (volume for volume in one["volumes"] if isinstance(volume, dict))
    assert mount["target"] == str(Path(one["environment"]["ISOCENTRE_SITES_FILE"]).parent)
    assert (mount["type"], mount["read_only"], mount["bind"]) == ("bind", True, {"create_host_path": False})
    assert (ROOT / mount["source"]).resolve() == secrets.FOLDER / "sites"


@pytest.mark.parametrize("name", ["bookkeeper", *CLEAN, *ONCE])
def test_nobody_else_sees_it(name: str) -> None:
    assert all(isinstance(volume, str) for volume in service(name).get("volumes", []))


def test_nothing_that_is_followed_is_mounted_as_a_file() -> None:
    assert "configs" not in compose()
    assert not [name for name, one in compose()["services"].items() if "configs" in one]


def test_an_operator_starts_only_when_somebody_asks_and_without_any_key() -> None:
    one = service("operator")
    assert one["profiles"] == ["operator"]
    assert one["env_file"] == ["build/docker/env/operator.env"]
    assert not one.get("secrets")
    assert one["read_only"]
    assert one["cap_drop"] == ["ALL"]
    assert networks("operator") == {"identified"}


def networks(name: str) -> set[str]:
    return set(service(name)["networks"])


@pytest.mark.parametrize("clean", CLEAN)
def test_the_clean_side_cannot_reach_the_identified_one(clean: str) -> None:
    for identified in IDENTIFIED:
        assert not networks(clean) & networks(identified)


@pytest.mark.parametrize("name", [*CLEAN, "migrate"])
def test_the_clean_side_holds_no_identified_secret(name: str) -> None:
    one = service(name)
    assert not one.get("secrets")
    assert one.get("env_file", []) in ([], [f"build/docker/env/{name}.env"])
    assert "ISOCENTRE_PROJECT_KEY_FILE" not in one.get("environment", {})


def test_only_the_two_doors_are_published_and_only_on_loopback() -> None:
    published = {name: one["ports"] for name, one in compose()["services"].items() if "ports" in one}
    assert set(published) == {"receiver", "gateway"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    outside = {name for name, network in compose()["networks"].items() if not network.get("internal")}
    assert {name for name in compose()["services"] if networks(name) & outside} == {"receiver", "gateway"}


def test_images_are_pinned() -> None:
    for one in compose()["services"].values():
        tag = one["image"].rpartition(":")[2]
        assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?", tag), one["image"]


def test_versions_are_those_of_the_local_stack() -> None:
    pom = ElementTree.parse(KAFKA_POM).getroot()
    assert service("kafka")["image"] == f"apache/kafka:{pom.findtext('{http://maven.apache.org/POM/4.0.0}version')}"
    assert service("versitygw")["image"] == f"versity/versitygw:{VERSITYGW_VERSION}"
    assert f"ARG VERSITYGW_IMAGE=versity/versitygw:{VERSITYGW_VERSION}\n" in (
        ROOT / "infra" / "docker" / "Dockerfile"
    ).read_text(encoding="utf-8")


def test_kafka_is_set_up_as_in_the_local_stack() -> None:
    text = kafka.server_properties(Path("/var/lib/kafka/data"), kafka.Listeners(9092, 9093))
    wanted = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    told = service("kafka")["environment"]
    given = {key.removeprefix("KAFKA_").replace("_", ".").lower(): value for key, value in told.items()}
    addresses = {"listeners", "advertised.listeners", "controller.quorum.bootstrap.servers"}
    assert {key: given.get(key) for key in wanted if key not in addresses} == {
        key: value for key, value in wanted.items() if key not in addresses
    }
    assert given.keys() - wanted.keys() == {"controller.quorum.voters", "heap.opts"}


def test_postgres_logs_no_values_here_either() -> None:
    lines = [line for line in POSTGRES_SETTINGS.splitlines() if line and not line.startswith("#")]
    wanted = {key: value.strip("'") for key, _, value in (line.partition(" = ") for line in lines)}
    given = dict(word.removeprefix("-c").split("=", 1) for word in service("postgres")["command"][1:])
    places = {"listen_addresses", "unix_socket_directories", "dynamic_shared_memory_type"}
    assert given == {key: value for key, value in wanted.items() if key not in places}
