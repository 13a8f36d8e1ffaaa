"""`isocentre reconcile` on a whole stack: nothing differs, until something is taken away, added or altered."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.dicom import SUCCESS, send_all
from tests.support.generated import ct
from tests.support.pipeline import Pipeline
from tests.support.stack import ROOT, Stack
from tests.support.waiting import until

COLLECTION, IMAGES, SITE, TITLE = 980, 4, "site-books", "BOOKS"
STRANGER = "strange/2.25.1/2.25.2/2.25.3.0123456789ab.dcm"

Broken = tuple[str, Callable[[], object], str]
"""What differs then, what takes it back, and what is named."""


def reconcile(stack: Stack, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit status, and what it says."""
    command = [sys.executable, "-c", "from infra.cli import main; main()", "reconcile", "--json"]
    where = ["--home", str(stack.home)]
    said = subprocess.run(
        [*command, *where, *options], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert said.returncode in (0, 1), said.stderr
    return said.returncode, json.loads(said.stdout)


def of_site(stack: Stack, *options: str) -> tuple[int, list[tuple[str, str]]]:
    """Exit status, and kinds and what they name."""
    status, told = reconcile(stack, "--site", SITE, *options)
    assert told["balanced"] is True
    found = told["differences"]
    return status, [(one["kind"], one["key"] or one["association"]) for one in found]


@pytest.fixture(scope="module")
def arrived(pipeline: Pipeline) -> dict[str, Any]:
    """The anonymiser's event of one of some instances that came all the way, with the key of its original."""
    images = [ct(COLLECTION, number) for number in range(IMAGES)]
    assert send_all(pipeline.stack.dicom_port, images, calling=TITLE) == [SUCCESS] * IMAGES
    events = [pipeline.arrived(image.sop_instance_uid) for image in images]
    (original,) = pipeline.received(images[0].sop_instance_uid)
    return events[0] | {"raw_key": original["key"], "association": original["association"]}


def test_nothing_differs(pipeline: Pipeline, arrived: dict[str, Any]) -> None:
    status, told = reconcile(pipeline.stack, "--site", SITE)
    assert (status, told["differences"]) == (0, [])
    counts = told["sites"][SITE]
    assert (counts["received"], counts["clean"], counts["balanced"]) == (IMAGES, IMAGES, True)
    status, told = reconcile(pipeline.stack, "--association", arrived["association"])
    assert (status, told["sites"][SITE]["received"]) == (0, IMAGES)


def test_it_comes_round_by_itself_and_says_so_without_any_name(pipeline: Pipeline, arrived: dict[str, Any]) -> None:
    def told() -> list[dict[str, Any]]:
        events = pipeline.topics.events("identified.books.reconciled", depth="walk")
        return [event for event in events if SITE in [books["site"] for books in event["sites"]]]

    event = until(told, "the bookkeeper reconciles with the listings of the store", 180)[-1]
    (books,) = [books for books in event["sites"] if books["site"] == SITE]
    assert (books["received"], books["clean"]) == (IMAGES, IMAGES)
    assert SITE not in [different["site"] for different in event["differences"]]
    assert not [name for name in (arrived["arrival"], arrived["raw_key"], arrived["key"]) if name in str(event)]


def object_gone(bucket: str, field: str, kind: str) -> Callable[[Pipeline, dict[str, Any]], Broken]:
    def gone(pipeline: Pipeline, arrived: dict[str, Any]) -> Broken:
        stack, key = pipeline.stack, arrived[field]
        content = stack.read(bucket, key)
        stack.objects().remove_object(bucket, key)
        return kind, lambda: stack.objects().put_object(bucket, key, io.BytesIO(content), len(content)), key

    return gone


def test_a_flipped_byte_is_named_by_who_reads_all(pipeline: Pipeline, arrived: dict[str, Any]) -> None:
    stack, key = pipeline.stack, arrived["raw_key"]
    content = stack.read("identified", key)
    stack.put("identified", key, content[:-1] + bytes([content[-1] ^ 1]))
    try:
        assert of_site(stack) == (0, [])
        assert of_site(stack, "--deep") == (1, [("raw-rotten", key)])
    finally:
        stack.put("identified", key, content)
    assert of_site(stack, "--deep") == (0, [])


def row_gone(pipeline: Pipeline, arrived: dict[str, Any]) -> Broken:
    stack, uid = pipeline.stack, arrived["sop_instance_uid"]
    stack.execute("CREATE TABLE aside AS SELECT * FROM instance WHERE sop_instance_uid = %s", uid)
    stack.execute("DELETE FROM instance WHERE sop_instance_uid = %s", uid)

    def back() -> None:
        stack.execute("INSERT INTO instance SELECT * FROM aside")
        stack.execute("DROP TABLE aside")

    return "index-missing", back, arrived["key"]


def account_more(pipeline: Pipeline, arrived: dict[str, Any]) -> Broken:
    (file,) = (pipeline.stack.home / "data" / "receiver" / "accounts").glob("*.jsonl")
    before = file.read_text()
    account = {"association": "invented", "site": SITE, "stored": 1, "begun": "2026", "ended": None}
    file.write_text(before + json.dumps(account) + "\n")
    return "account-says-more", lambda: file.write_text(before), "invented"


@pytest.mark.parametrize(
    "do",
    [
        object_gone("identified", "raw_key", "raw-missing"),
        object_gone("clean", "key", "clean-missing"),
        row_gone,
        account_more,
    ],
)
def test_what_is_not_as_it_was_is_named(
    pipeline: Pipeline, arrived: dict[str, Any], do: Callable[[Pipeline, dict[str, Any]], Broken]
) -> None:
    kind, take_back, named = do(pipeline, arrived)
    try:
        assert of_site(pipeline.stack) == (1, [(kind, named)])
    finally:
        take_back()
    assert of_site(pipeline.stack) == (0, [])


def test_what_nobody_knows_is_named(pipeline: Pipeline, arrived: dict[str, Any]) -> None:
    stack = pipeline.stack
    stack.put("clean", STRANGER, b"who am I")
    try:
        _, told = reconcile(stack)
        assert STRANGER not in [one["key"] for one in told["differences"]], "it may be announced yet"
        status, told = reconcile(stack, "--grace", "0")
        assert status == 1
        assert ("clean-orphan", STRANGER) in [(one["kind"], one["key"]) for one in told["differences"]]
    finally:
        stack.objects().remove_object("clean", STRANGER)
