"""Bucket policies as they follow from access.yaml."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.local.provision.objectstore import declared, policy


def allowed(bucket: str) -> set[tuple[str, str, str]]:
    statements = policy(bucket, declared())["Statement"]
    assert isinstance(statements, list)
    return {
        (entry["Principal"]["AWS"][0], action, entry["Resource"][0].removeprefix("arn:aws:s3:::"))
        for entry in statements
        for action in entry["Action"]
    }


def users_of(bucket: str) -> set[str]:
    return {user for user, _, _ in allowed(bucket)}


def test_nobody_of_the_clean_side_touches_the_identified_bucket() -> None:
    assert users_of("identified") == {"receiver", "anonymiser", "operator", "eraser", "bookkeeper"}


def test_who_holds_the_books_against_the_stores_reads_all_and_alters_nothing() -> None:
    for bucket in declared().buckets:
        rights = {(action, what) for user, action, what in allowed(bucket) if user == "bookkeeper"}
        beyond = {(action, what) for action, what in rights if what != f"{bucket}/.probe/bookkeeper"}
        assert beyond == {("s3:ListBucket", bucket), ("s3:GetObject", f"{bucket}/*")}


def test_operators_see_that_bytes_are_there_and_delete_them_but_read_none() -> None:
    rights = {(action, what) for user, action, what in allowed("identified") if user == "operator"}
    beyond = {(action, what) for action, what in rights if what != "identified/.probe/operator"}
    assert beyond == {("s3:ListBucket", "identified"), ("s3:DeleteObject", "identified/*")}
    assert "operator" not in users_of("clean") | users_of("derived")


def test_who_erases_deletes_everywhere_and_reads_originals_only() -> None:
    rights = {
        (action, what) for bucket in declared().buckets for user, action, what in allowed(bucket) if user == "eraser"
    }
    beyond = {(action, what) for action, what in rights if ".probe" not in what and action != "s3:ListBucket"}
    deletes = {("s3:DeleteObject", f"{bucket}/*") for bucket in declared().buckets}
    assert beyond == deletes | {("s3:GetObject", "identified/*")}


def test_only_the_anonymiser_writes_clean_objects() -> None:
    assert {user for user, action, what in allowed("clean") if action == "s3:PutObject" and what == "clean/*"} == {
        "anonymiser"
    }


def test_no_service_deletes_more_than_its_probe() -> None:
    for bucket in declared().buckets:
        deletions = {(user, what) for user, action, what in allowed(bucket) if action == "s3:DeleteObject"}
        deletions -= {("operator", "identified/*"), ("eraser", f"{bucket}/*")}
        assert all(what == f"{bucket}/.probe/{user}" for user, what in deletions)


def test_every_user_has_a_probe_in_a_bucket_that_it_uses() -> None:
    access = declared()
    assert "tracker" not in access.users
    for user, entry in access.users.items():
        assert entry.probe in entry.rights, user


def test_an_unknown_right_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "access.yaml"
    file.write_text("buckets: [clean]\nusers: {validator: {probe: clean, clean: [read]}}\n")
    with pytest.raises(ValidationError):
        declared(file)
