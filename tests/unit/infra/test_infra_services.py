"""What each service is told, and above all what it is not."""

from pathlib import Path

import pytest

from infra.local import plan as planning
from infra.local import services
from infra.local.layout import Home
from infra.local.provision.objectstore import declared
from infra.local.services import BY_NAME, SERVICES, environment, parse_settings, process_environment, spec
from infra.local.state import Stack
from shared.settings import StoreSettings
from shared.storage import TreeStore, open_bucket

CLEAN_SIDE = ("validator", "indexer", "thumbnailer", "tracker", "gateway")


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return planning.plan(Home(tmp_path), declared())


def told(stack: Stack, name: str) -> dict[str, str]:
    return environment(BY_NAME[name], stack, {})


def test_all_eight_are_there() -> None:
    assert set(BY_NAME) == {*CLEAN_SIDE, "receiver", "anonymiser", "bookkeeper"}


@pytest.mark.parametrize("name", CLEAN_SIDE)
def test_the_clean_side_holds_no_identified_credentials(stack: Stack, name: str) -> None:
    values = " ".join(process_environment(BY_NAME[name], stack, {}).values())
    keys = stack.object_store
    others = [user.secret_key for access, user in keys.users.items() if access != name]
    foreign = [keys.root.secret_key, *others, stack.project_key_file.read_text(), str(stack.project_key_file)]
    assert not [secret for secret in foreign if secret in values]
    assert "ISOCENTRE_PROJECT_KEY_FILE" not in told(stack, name)


def test_those_that_write_objects_are_told_the_files_and_no_credentials(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "is_volatile", lambda folder: False)
    tree = str(stack.object_store.tree)
    by_files = {name for name in BY_NAME if told(stack, name).get("ISOCENTRE_STORE_TREE") == tree}
    assert by_files == {"receiver", "anonymiser", "bookkeeper"}
    for name in by_files:
        assert not [setting for setting in told(stack, name) if setting.startswith("ISOCENTRE_S3")]
    assert "ISOCENTRE_ACCEPT_VOLATILE_STORE" not in told(stack, "receiver")


def test_the_thumbnailer_is_shown_the_bucket_that_it_writes_and_no_other(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pictures are on the disk when it says that they are, as what the identified side writes."""
    for bucket in ("identified", "clean", "derived"):
        (stack.object_store.tree / bucket).mkdir(parents=True)
    spec(BY_NAME["thumbnailer"], stack, {}).prepare()
    settings = told(stack, "thumbnailer")
    shown = Path(settings["ISOCENTRE_STORE_TREE"])
    assert [bucket.name for bucket in shown.iterdir()] == ["derived"]
    assert not [
        value for name in CLEAN_SIDE for value in told(stack, name).values() if value == str(stack.object_store.tree)
    ]
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    clean, derived = (open_bucket(StoreSettings(), bucket) for bucket in ("clean", "derived"))
    assert (isinstance(clean, TreeStore), isinstance(derived, TreeStore)) == (False, True)
    derived.put("a/b.jpg", b"picture", "image/jpeg")
    assert (stack.object_store.tree / "derived" / "a" / "b.jpg").read_bytes() == b"picture"


def test_a_home_in_memory_is_accepted(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "is_volatile", lambda folder: folder == stack.home)
    assert told(stack, "receiver")["ISOCENTRE_ACCEPT_VOLATILE_STORE"] == "true"


def test_by_s3_all_go_through_the_server_and_the_receiver_accepts_that_it_never_syncs(tmp_path: Path) -> None:
    stack = planning.plan(Home(tmp_path), declared(), "s3")
    for name in set(BY_NAME) - {"tracker"}:
        assert told(stack, name)["ISOCENTRE_S3_ACCESS_KEY"] == name
        assert "ISOCENTRE_STORE_TREE" not in told(stack, name)
    assert told(stack, "receiver")["ISOCENTRE_ACCEPT_VOLATILE_STORE"] == "true"


def test_who_needs_no_store_has_none(stack: Stack) -> None:
    assert not [
        setting for setting in told(stack, "tracker") if setting.startswith(("ISOCENTRE_S3", "ISOCENTRE_STORE"))
    ]


def test_each_reaches_the_database_of_its_zone_as_itself(stack: Stack) -> None:
    urls = {name: told(stack, name).get("ISOCENTRE_DATABASE_URL") for name in BY_NAME}
    reached = {name: (url.split("/")[2].split(":")[0], url.rpartition("/")[2]) for name, url in urls.items() if url}
    assert reached == {
        "indexer": ("indexer", "isocentre"),
        "gateway": ("gateway", "isocentre"),
        "bookkeeper": ("bookkeeper", "identified"),
    }


def test_only_the_bookkeeper_sees_the_index_as_who_may_read_it_and_the_accounts(stack: Stack) -> None:
    auditing = {"ISOCENTRE_INDEX_URL", "ISOCENTRE_ACCOUNTS_DIR"}
    assert {name for name in BY_NAME if auditing & told(stack, name).keys()} == {"bookkeeper"}
    books = told(stack, "bookkeeper")
    assert books["ISOCENTRE_INDEX_URL"] == stack.database.url("auditor", "isocentre")
    assert Path(books["ISOCENTRE_ACCOUNTS_DIR"]).parent == Path(told(stack, "receiver")["ISOCENTRE_STATE_DIR"])


def test_the_receiver_gets_its_sites_port_and_folder(stack: Stack) -> None:
    receiver = told(stack, "receiver")
    assert Path(receiver["ISOCENTRE_SITES_FILE"]).read_text().count("code:") == 2
    assert int(receiver["ISOCENTRE_DICOM_PORT"]) == stack.services["receiver"].dicom_port
    assert Path(receiver["ISOCENTRE_STATE_DIR"]).is_relative_to(stack.home / "data")


def test_no_two_services_share_a_port(stack: Stack) -> None:
    assert len(set(stack.ports.values())) == len(stack.ports)
    assert len({told(stack, service.name)["ISOCENTRE_HEALTH_PORT"] for service in SERVICES}) == len(SERVICES)


def test_the_callers_environment_stays_outside(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "callers")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    seen = process_environment(BY_NAME["validator"], stack, {})
    assert "AWS_SECRET_ACCESS_KEY" not in seen
    assert seen["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"


def test_settings_of_the_caller_win(stack: Stack) -> None:
    settings = parse_settings(["receiver.ISOCENTRE_INSTANCE=7", "tracker.ISOCENTRE_QUIET=a=b"])
    assert settings["tracker"] == {"ISOCENTRE_QUIET": "a=b"}
    assert environment(BY_NAME["receiver"], stack, settings["receiver"])["ISOCENTRE_INSTANCE"] == "7"


@pytest.mark.parametrize("pair", ["receiver", "receiver.X", "stranger.X=1", ".X=1", "receiver.=1"])
def test_settings_that_nobody_would_read_are_refused(pair: str) -> None:
    with pytest.raises(ValueError, match=r"SERVICE\.NAME=VALUE"):
        parse_settings([pair])


def test_a_second_plan_of_the_same_home_is_the_same(stack: Stack) -> None:
    again = planning.plan(Home(stack.home), declared())
    assert again.object_store.users == stack.object_store.users
    assert again.database.passwords == stack.database.passwords
