"""What proves that a process works. Each probe returns when it does, raises when not, and is quick."""

from __future__ import annotations

import socket
import urllib.request
from functools import cache

import psycopg
import urllib3
from confluent_kafka.admin import AdminClient
from minio import Minio

from infra.local.state import Keys

SECONDS = 3


def answers(url: str) -> None:
    """A page answers 200 (else urllib raises)."""
    with urllib.request.urlopen(url, timeout=SECONDS) as response:  # noqa: S310 - our own loopback address
        response.read()


def kafka_works(bootstrap_servers: str) -> None:
    """An admin client lists topics. Asked only once the port answers: librdkafka logs each refusal."""
    host, port = bootstrap_servers.rsplit(":", 1)
    socket.create_connection((host, int(port)), timeout=SECONDS).close()
    admin(bootstrap_servers).list_topics(timeout=SECONDS)


@cache
def admin(bootstrap_servers: str) -> AdminClient:
    """One admin client per broker."""
    return AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 2})


def store_works(endpoint: str, keys: Keys) -> None:
    """A user can list buckets."""
    store(endpoint, keys).list_buckets()


def store(endpoint: str, keys: Keys) -> Minio:
    """A client that fails soon instead of retrying for long."""
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=SECONDS, read=30), retries=False)
    return Minio(
        endpoint=endpoint.removeprefix("http://"),
        access_key=keys.access_key,
        secret_key=keys.secret_key,
        region="us-east-1",
        secure=False,
        http_client=pool,
    )


def database_works(url: str) -> None:
    """A query is answered."""
    with psycopg.connect(url, connect_timeout=SECONDS) as connection:
        connection.execute("SELECT 1")
