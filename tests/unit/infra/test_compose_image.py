"""The image holds what the services need and nothing of the tests, and no service runs as root."""

import re
import tomllib

import pytest

from infra.local.layout import ROOT
from infra.local.services import BY_NAME

FOLDER = ROOT / "infra" / "docker"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
LOCK = (FOLDER / "requirements.lock").read_text()

Locked = dict[tuple[str, str], frozenset[str]]


def locked(text: str) -> Locked:
    """By package and version: its hashes."""
    entries = re.findall(r"^([\w.-]+)==([^\s;]+)[^\n]*\\\n((?:\s+--hash=\S+(?: \\)?\n)+)", text, re.M)
    return {(name, version): frozenset(re.findall(r"sha256:\w+", rest)) for name, version, rest in entries}


def names_in(lock: Locked) -> set[str]:
    return {name for name, _ in lock}


def names_of(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~! ]", requirement)[0] for requirement in requirements}


def beyond(small: Locked, large: Locked) -> list[str]:
    """Packages of `small` that `large` does not have in this version with these hashes."""
    return [package[0] for package, hashes in small.items() if large.get(package) != hashes]


def test_its_lock_is_part_of_the_checkout_s() -> None:
    small, large = locked(LOCK), locked((ROOT / "requirements.lock").read_text())
    assert len(small) == len(re.findall(r"^\S+==", LOCK, re.M)) > 50
    assert beyond(small, large) == []


def test_a_strange_package_would_be_seen() -> None:
    large = locked(LOCK)
    (name, version), hashes = next(iter(large.items()))
    assert beyond({(name, version): hashes - {next(iter(hashes))}}, large) == [name]
    assert beyond({(name, "0"): hashes}, large) == [name]
    assert beyond({("stranger", version): hashes}, large) == ["stranger"]


def test_its_lock_says_how_it_was_made_from_the_services_extras() -> None:
    command = LOCK.splitlines()[1]
    assert set(re.findall(r"--extra (\S+)", command)) == set(BY_NAME)
    assert {"--generate-hashes", "--no-emit-index-url", "requirements.lock"} <= set(command.split())


def test_no_test_tool_is_in_it() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    tools = names_of(extras["dev"])
    assert "pytest" in tools
    assert not tools & names_in(locked(LOCK))


@pytest.mark.parametrize("extra", sorted(BY_NAME))
def test_every_service_finds_what_it_asks_for(extra: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"][extra]]
    assert names_of(wanted) <= names_in(locked(LOCK))


def stage(name: str) -> str:
    found = re.search(rf"^FROM \S+ AS {name}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.M | re.S)
    assert found
    return found[1]


def test_it_runs_as_nobody_in_particular() -> None:
    assert re.findall(r"^USER (.+)$", stage("services"), re.M) == ["10001:10001"]
    assert "USER" not in stage("provision")  # it stays what it was


def test_it_installs_by_hash_and_copies_no_tests() -> None:
    assert "--require-hashes" in stage("build")
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.M)
    assert all((ROOT / path).exists() for path in copied)
    assert not [path for path in copied if path.split("/")[0] in {"tests", "build", "."}]


def test_services_carry_no_provisioning() -> None:
    assert "/app/infra" not in stage("services")
    assert "versitygw" not in stage("services")
