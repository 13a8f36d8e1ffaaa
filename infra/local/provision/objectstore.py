"""Buckets, one user per service, and bucket policies from `infra/objectstore/access.yaml`."""

from __future__ import annotations

import io
import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from minio.error import S3Error
from pydantic import BaseModel, ConfigDict

from infra.local.components import minimal_environment
from infra.local.layout import ROOT, Home
from infra.local.probes import store
from infra.local.state import Keys, ObjectStore

ACCESS_FILE = ROOT / "infra" / "objectstore" / "access.yaml"

KNOWN_WITHIN = 150.0
"""Seconds within which the server must know a changed secret: its cache keeps users for 120."""

Right = Literal["put", "get", "list", "delete", "uploads"]
Statement = dict[str, object]

OBJECT_ACTIONS: Mapping[Right, tuple[str, ...]] = {
    "put": ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    "get": ("s3:GetObject",),
    "delete": ("s3:DeleteObject",),
}

BUCKET_ACTIONS: Mapping[Right, str] = {
    "list": "s3:ListBucket",
    # To find those that somebody began and never finished.
    "uploads": "s3:ListBucketMultipartUploads",
}


class UserAccess(BaseModel):
    """One user: the bucket of its probe object, and its rights by bucket (the remaining keys)."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, tuple[Right, ...]]

    probe: str

    @property
    def rights(self) -> dict[str, tuple[Right, ...]]:
        return self.__pydantic_extra__


class Access(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    buckets: tuple[str, ...]
    users: dict[str, UserAccess]


def declared(file: Path = ACCESS_FILE) -> Access:
    """Who may do what."""
    return Access.model_validate(yaml.safe_load(file.read_text()))


def policy(bucket: str, access: Access) -> dict[str, object]:
    """A bucket's policy: what is not stated is denied."""
    statements: list[Statement] = []
    for user, entry in access.users.items():
        rights = entry.rights.get(bucket, ())
        actions = [action for right in rights for action in OBJECT_ACTIONS.get(right, ())]
        if actions:
            statements.append(_allow(user, actions, f"{bucket}/*"))
        actions = [BUCKET_ACTIONS[right] for right in rights if right in BUCKET_ACTIONS]
        if actions:
            statements.append(_allow(user, actions, bucket))
        if entry.probe == bucket:
            probe = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"]
            statements.append(_allow(user, probe, f"{bucket}/{probe_key(user)}"))
    return {"Version": "2012-10-17", "Statement": statements}


def probe_key(user: str) -> str:
    """The object that a user may put, get and delete to see that the store works."""
    return f".probe/{user}"


def _allow(user: str, actions: list[str], resource: str) -> Statement:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": [user]},
        "Action": actions,
        "Resource": [f"arn:aws:s3:::{resource}"],
    }


def provision(home: Home, server: ObjectStore, access: Access, versitygw: Path) -> None:
    """Make buckets and users where they are missing, set all policies, then prove each user's."""
    root = store(server.endpoint, server.root)
    administrator = Administrator(home, server, versitygw)
    made = _make_users(administrator)
    present = {bucket.name for bucket in root.list_buckets()}
    for bucket in access.buckets:
        if bucket not in present:
            root.make_bucket(bucket)
        root.set_bucket_policy(bucket, json.dumps(policy(bucket, access)))
    for user, entry in access.users.items():
        keys = server.users[user]
        try:
            prove(server.endpoint, keys, entry.probe)
        except S3Error:
            # Only a user whose secret is another one now is updated: after an update versitygw 1.8.0 may take a
            # wrong secret for the right one until its cache forgets (it keeps a string whose bytes are reused).
            if user in made:
                raise
            administrator.run("update-user", *_user(keys))
            _prove_soon(server.endpoint, keys, entry.probe)


def _prove_soon(endpoint: str, keys: Keys, bucket: str) -> None:
    deadline = time.monotonic() + KNOWN_WITHIN
    while True:
        try:
            return prove(endpoint, keys, bucket)
        except S3Error:
            if time.monotonic() > deadline:
                raise
            time.sleep(1.0)


def prove(endpoint: str, keys: Keys, bucket: str) -> None:
    """Put, read and delete the user's probe object; raises when the store or its policy says no."""
    client, key, body = store(endpoint, keys), probe_key(keys.access_key), b"probe"
    client.put_object(bucket, key, io.BytesIO(body), len(body))
    response = client.get_object(bucket, key)
    try:
        if response.read() != body:
            raise OSError(f"{bucket}/{key} does not read back as it was written")
    finally:
        response.close()
        response.release_conn()
    client.remove_object(bucket, key)


@dataclass(frozen=True)
class Administrator:
    """The server's own command, with the right to make users."""

    home: Home
    server: ObjectStore
    versitygw: Path

    def run(self, *command: str) -> str:
        """What the command printed. Raises OSError when it fails."""
        said = subprocess.run(
            [str(self.versitygw), "admin", *command],
            env={
                **minimal_environment(self.home),
                "ADMIN_ACCESS_KEY": self.server.root.access_key,
                "ADMIN_SECRET_KEY": self.server.root.secret_key,
                "ADMIN_ENDPOINT_URL": self.server.endpoint,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if said.returncode != 0:
            raise OSError(f"versitygw admin {command[0]}: {said.stderr or said.stdout}")
        return said.stdout


def _make_users(administrator: Administrator) -> set[str]:
    """Make the users that are missing; returns their names."""
    known = administrator.run("list-users").split()
    missing = [keys for keys in administrator.server.users.values() if keys.access_key not in known]
    for keys in missing:
        administrator.run("create-user", *_user(keys), "--role=user")
    return {keys.access_key for keys in missing}


def _user(keys: Keys) -> list[str]:
    return [f"--access={keys.access_key}", f"--secret={keys.secret_key}"]
