"""What the gateway answers when a part of the node is away or broken, and what stands around every answer."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY

from infra.local.ports import free_ports
from infra.local.state import Database as Address
from services.gateway.counters import SiteCounters
from services.gateway.database import Database
from services.gateway.parts import Parts
from shared import storage
from tests.support import postgres
from tests.support.gateway import client
from tests.support.memory_store import MemoryStore
from tests.support.seed_index import study_uid, uid

pytestmark = pytest.mark.stack

HEAD, CT, FIRST = study_uid(0), uid("series", "00", 0), uid("instance", "00", 0, 1)
INSTANCE = f"/studies/{HEAD}/series/{CT}/instances/{FIRST}"
FROM_INDEX = ("/studies", "/series", "/instances", f"{INSTANCE}/metadata", "/api/sites", f"/api/instances/{FIRST}")
FROM_STORE = (f"/studies/{HEAD}", INSTANCE, f"{INSTANCE}/thumbnail")


@pytest.fixture
def no_database(gateway_parts: Parts) -> TestClient:
    (port,) = free_ports(1)
    away = Database(f"postgresql://gateway:secret-word@127.0.0.1:{port}/none")
    return client(replace(gateway_parts, database=away, counters=SiteCounters()))


@pytest.fixture
def no_store(gateway_parts: Parts) -> TestClient:
    (port,) = free_ports(1)
    clean, derived = (
        storage.connect(f"http://127.0.0.1:{port}", "gateway", "secret-word", bucket) for bucket in ("clean", "derived")
    )
    return client(replace(gateway_parts, clean=clean, derived=derived))


def check_away(peer: TestClient, url: str) -> None:
    answer = peer.get(url)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 503
    page = peer.get(url, headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.status_code == 503
    for text in (answer.text, page.text):
        assert not any(word in text for word in ("Traceback", "psycopg", "urllib3", "secret-word", "127.0.0.1", FIRST))


@pytest.mark.parametrize("url", [*FROM_INDEX, *FROM_STORE])
def test_the_database_is_away(no_database: TestClient, url: str) -> None:
    check_away(no_database, url)


@pytest.mark.parametrize("url", FROM_STORE)
def test_the_store_is_away(no_store: TestClient, url: str) -> None:
    check_away(no_store, url)


def test_what_the_index_alone_can_tell_is_told_without_the_store(no_store: TestClient) -> None:
    assert [no_store.get(url).status_code for url in ("/", *FROM_INDEX)] == [200] * 7


def test_a_page_says_so_too(no_database: TestClient) -> None:
    answer = no_database.get("/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert int(answer.headers["retry-after"]) > 0
    assert "may succeed later" in answer.text


def test_it_comes_back_by_itself(gateway_address: Address, gateway: TestClient) -> None:
    assert gateway.get("/studies").status_code == 200
    end = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s AND usename = 'gateway'"
        " AND pid <> pg_backend_pid()"
    )
    assert postgres.ask(gateway_address, end, gateway_address.name, role="postgres")[0][0] >= 1
    assert gateway.get("/studies").status_code == 200


def test_the_role_cannot_write(gateway_parts: Parts) -> None:
    with pytest.raises(Exception, match=r"cannot insert multiple|permission denied|read-only"):
        gateway_parts.database.fetch("SET default_transaction_read_only = off; DELETE FROM journey")


@pytest.mark.parametrize("url", [INSTANCE, f"/studies/{HEAD}", f"{INSTANCE}/thumbnail"])
def test_an_object_that_the_index_knows_and_the_store_does_not_is_gone(gateway_parts: Parts, url: str) -> None:
    empty = client(replace(gateway_parts, clean=MemoryStore("clean"), derived=MemoryStore("derived")))
    assert empty.get(url).status_code == 410


@pytest.fixture
def broken(gateway_parts: Parts) -> TestClient:
    class Broken(SiteCounters):
        def all(self) -> tuple[()]:
            raise ValueError("a secret in the text of an exception")

    return client(replace(gateway_parts, counters=Broken()))


def test_a_defect_of_ours_tells_nothing_but_that(broken: TestClient) -> None:
    answer = broken.get("/api/sites")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("url", ["/", "/studies", f"{INSTANCE}/thumbnail", "/static/console.css", "/nothing", INSTANCE])
def test_every_answer_has_the_security_headers(gateway: TestClient, url: str) -> None:
    headers = gateway.get(url).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"]
    assert "server" not in headers


def test_no_other_methods_and_no_documentation_pages(gateway: TestClient) -> None:
    refused = gateway.post("/studies")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
    assert [gateway.get(url).status_code for url in ("/docs", "/redoc", "/openapi.json", "/static/../app.py")] == [
        404
    ] * 4


def test_requests_are_counted_by_template_and_never_by_uid(gateway: TestClient) -> None:
    def count(route: str, status: str) -> float:
        labels = {"route": route, "status": status}
        return REGISTRY.get_sample_value("isocentre_http_requests_total", labels) or 0.0

    asked = {
        f"/studies/{HEAD}": ("/studies/{study}", "200"),
        "/studies/1.2.3/metadata": ("/studies/{study}/metadata", "404"),
        f"/instance/{FIRST}": ("/instance/{uid}", "200"),
        f"/api/instances/{FIRST}": ("/api/instances/{uid}", "200"),
        "/static/console.js": ("/static", "200"),
        "/nothing/at/all": ("unmatched", "404"),
    }
    for url, labels in asked.items():
        before = count(*labels)
        gateway.get(url)
        assert count(*labels) == before + 1, url
    routes = {
        sample.labels["route"] for metric in REGISTRY.collect() for sample in metric.samples if "route" in sample.labels
    }
    assert not any("2.25." in route for route in routes)
