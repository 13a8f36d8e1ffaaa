"""The four components that are not ours: command line, configuration, and what proves that each works."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import uuid
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from infra.local import kafka
from infra.local.bound import bound
from infra.local.credentials import keep_private
from infra.local.install.archive import archive_file
from infra.local.layout import Cache, Home
from infra.local.probes import answers, database_works, kafka_works, store_works
from infra.local.process import Spec
from infra.local.state import Stack

COMPONENTS = ("kafka", "versitygw", "postgres", "zipkin")
PORTS = ("kafka", "kafka-controller", "versitygw", "postgres", "zipkin")

POSTGRES_SETTINGS = """\
# No Unix socket: its path may be at most 107 characters long. No /dev/shm: everything lies in our folder.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
dynamic_shared_memory_type = mmap
password_encryption = 'scram-sha-256'
max_connections = 100
shared_buffers = 64MB
# What goes wrong is named, but neither a statement nor a value of it comes into the log.
log_error_verbosity = terse
log_min_error_statement = panic
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""


@dataclass(frozen=True)
class Makings:
    """What the components' command lines are made from."""

    cache: Cache
    home: Home
    stack: Stack
    postgres_binaries: Path
    broker_flushes: bool = True


def minimal_environment(home: Home) -> dict[str, str]:
    """What any process gets. Its home and its temporary files are the stack's: nothing is left elsewhere."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home.run),
        "TMPDIR": str(home.run),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }


def component(name: str, makings: Makings) -> Spec:
    """How to run one of COMPONENTS."""
    makers = {"kafka": _kafka, "versitygw": _versitygw, "postgres": _postgres, "zipkin": _zipkin}
    return makers[name](makings)


def _kafka(makings: Makings) -> Spec:
    ports = makings.stack.ports
    archive = archive_file(makings.cache)
    java = kafka.java_command(makings.cache, temporary=makings.home.run, archive=archive if archive.exists() else None)
    properties = makings.home.run / "kafka.properties"
    listeners = kafka.Listeners(ports["kafka"], ports["kafka-controller"])
    text = kafka.server_properties(makings.home.data / "kafka", listeners, flushes=makings.broker_flushes)
    return Spec(
        name="kafka",
        argv=(*java, "kafka.Kafka", str(properties)),
        env=minimal_environment(makings.home),
        prepare=partial(_prepare_kafka, makings.home, java, properties, text),
        ready=partial(kafka_works, makings.stack.kafka_bootstrap_servers),
        address=makings.stack.kafka_bootstrap_servers,
        grace_seconds=30,
    )


def _prepare_kafka(home: Home, java: list[str], properties: Path, text: str) -> None:
    properties.write_text(text)
    if (home.data / "kafka" / "meta.properties").exists():
        return
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = [*java, "kafka.tools.StorageTool", "format", "--standalone", "--ignore-formatted"]
    # The id stays attached to its option: it may begin with a dash.
    _run(home, [*tool, f"--cluster-id={cluster}", "-c", str(properties)])


def _versitygw(makings: Makings) -> Spec:
    store = makings.stack.object_store
    users = makings.home.data / "s3-users"

    def prepare() -> None:
        users.mkdir(mode=0o700, exist_ok=True)
        store.tree.mkdir(mode=0o700, exist_ok=True)

    return Spec(
        name="versitygw",
        argv=(
            str(makings.cache.versitygw),
            f"--port={urlsplit(store.endpoint).netloc}",
            f"--iam-dir={users}",
            "--quiet",
            "--keep-alive",
            "posix",
            "--data-integrity-etag",
            str(store.tree),
        ),
        env={
            **minimal_environment(makings.home),
            "ROOT_ACCESS_KEY": store.root.access_key,
            "ROOT_SECRET_KEY": store.root.secret_key,
        },
        prepare=prepare,
        ready=partial(store_works, store.endpoint, store.root),
        address=store.endpoint,
    )


def _postgres(makings: Makings) -> Spec:
    database = makings.stack.database
    data = makings.home.data / "postgres"
    as_root = os.geteuid() == 0  # PostgreSQL refuses to run as root, so it runs as somebody else who is root
    return Spec(
        name="postgres",
        argv=(str(makings.postgres_binaries / "postgres"), "-D", str(data), "-p", str(database.port)),
        env=minimal_environment(makings.home),
        prepare=partial(_prepare_postgres, makings, data, as_root),
        ready=partial(database_works, database.url("postgres", "postgres")),
        address=f"{database.host}:{database.port}",
        # SIGTERM would wait for every client; SIGINT ends their sessions first.
        stop_signal=signal.SIGINT,
        user_namespace=as_root,
    )


def _prepare_postgres(makings: Makings, data: Path, as_root: bool) -> None:
    if not data.exists():
        _make_cluster(makings, data, as_root)
    (data / "isocentre.conf").write_text(POSTGRES_SETTINGS)


def _make_cluster(makings: Makings, data: Path, as_root: bool) -> None:
    draft = data.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    password = makings.home.run / "initdb.password"
    keep_private(password, makings.stack.database.passwords["postgres"])
    initdb = [str(makings.postgres_binaries / "initdb"), "--auth=scram-sha-256", f"--pwfile={password}"]
    options = ["--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "-D", str(draft)]
    try:
        _run(makings.home, [*initdb, *options], user_namespace=as_root)
    finally:
        password.unlink()
    with (draft / "postgresql.conf").open("a") as settings:
        settings.write("include = 'isocentre.conf'\n")
    draft.replace(data)


def _zipkin(makings: Makings) -> Spec:
    url = makings.stack.trace_store_url
    port = makings.stack.ports["zipkin"]
    return Spec(
        name="zipkin",
        argv=(
            shutil.which("java") or "java",
            "-Xms64m",
            "-Xmx384m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:-UsePerfData",
            f"-Djava.io.tmpdir={makings.home.run}",
            "-Darmeria.ports[0].address=127.0.0.1",
            f"-Darmeria.ports[0].port={port}",
            "-Darmeria.ports[0].protocols[0]=http",
            "-jar",
            str(makings.cache.zipkin_jar()),
        ),
        env={**minimal_environment(makings.home), "STORAGE_TYPE": "mem", "SELF_TRACING_ENABLED": "false"},
        ready=partial(answers, f"{url}/health"),
        address=url,
        # It keeps nothing but memory, and takes seconds to end politely.
        stop_signal=signal.SIGKILL,
    )


def _run(home: Home, argv: list[str], *, user_namespace: bool = False) -> None:
    said = subprocess.run(
        bound(argv, user_namespace=user_namespace),
        env=minimal_environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode != 0:
        raise OSError(f"{Path(argv[0]).name} ended with {said.returncode}: {said.stderr or said.stdout}")
