"""A whole stack that can be harmed: on a disk of its own, with links that can be spoilt and clocks that can jump.

Black box: knows what an operator knows, the supervisor's options and `stack.json`, and imports nothing of ours.
"""

import os
import random
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import yaml

from tests.chaos.rounds.clock import Clock, compiled
from tests.chaos.rounds.deck import SERVICES
from tests.chaos.rounds.links import Links, Told, links
from tests.support.disk import disk
from tests.support.stack import ROOT, Stack, running
from tests.support.stow import token_of

SITES = {"site-chaos-a": "CHAOS_A", "site-chaos-b": "CHAOS_B", "site-chaos-c": "CHAOS_C"}
"""By code, the calling AE title."""
DISK_MIB = 12_288
_BY_S3 = ("validator", "indexer", "thumbnailer", "gateway")
"""They reach the store by its server whichever way the others take."""
_BY_DATABASE = ("indexer", "gateway")
SETTINGS = (
    "tracker.ISOCENTRE_QUIET_SECONDS=3",
    # What was stored and not announced is looked for within a round.
    "receiver.ISOCENTRE_SWEEP_SECONDS=5",
    "receiver.ISOCENTRE_SWEEP_GRACE_SECONDS=20",
    # A small disk: the receiver need not leave a GiB of it.
    "receiver.ISOCENTRE_RESERVE_MIB=64",
)


@dataclass(frozen=True)
class World:
    """What faults are done to."""

    stack: Stack
    links: Links
    clocks: dict[str, Clock]
    """Of all services, and of the broker."""


@contextmanager
def world(folder: Path, way: str = "tree", code: Path = ROOT, settings: Sequence[str] = ()) -> Iterator[World]:
    """It runs within this block. `way`: into the store, `tree` or `s3`. `code`: the checkout whose services run."""
    folder.mkdir(parents=True)
    with ExitStack() as kept:
        library = compiled(folder)
        clocks = {name: Clock(library, folder / f"clock-of-{name}") for name in ("services", "kafka")}
        place = kept.enter_context(disk("ext4", folder, DISK_MIB)).folder / "stack"
        place.mkdir()
        broker = random.SystemRandom().randrange(18_000, 20_000)  # below the ports of outgoing connections
        told = {name: Told(place / "stack.json", name) for name in ("versitygw", "postgres")}
        led = kept.enter_context(links({"kafka": broker, **told}))
        _write_sites(place)
        tools = _tools(folder, clocks["kafka"], broker, led.ports["kafka"])
        stack = kept.enter_context(
            running(
                place,
                [*SETTINGS, *_led(place, led, way), *_timed(clocks["services"]), *settings],
                way,
                code=code,
                environment={"PATH": f"{tools}:{os.environ['PATH']}"},
            )
        )
        yield World(stack, led, clocks)


def _write_sites(place: Path) -> None:
    listed = [
        {
            "code": code,
            "project": "chaos",
            "calling_ae_titles": [title],
            "called_ae_titles": ["ISOCENTRE"],
            "tokens": [sha256(token_of(code).encode()).hexdigest()],
        }
        for code, title in SITES.items()
    ]
    (place / "sites.yaml").write_text(yaml.safe_dump({"sites": listed}))


def _led(place: Path, led: Links, way: str) -> Iterator[str]:
    """What has the services connect to our links."""
    for service in SERVICES:
        yield f"{service}.ISOCENTRE_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:{led.ports['kafka']}"
    for service in (*_BY_S3, *(("receiver", "anonymiser") if way == "s3" else ())):
        yield f"{service}.ISOCENTRE_S3_ENDPOINT=http://127.0.0.1:{led.ports['versitygw']}"
    for service in _BY_DATABASE:
        password = _secret(place, f"database-{service}")
        url = f"postgresql://{service}:{password}@127.0.0.1:{led.ports['postgres']}/isocentre"
        yield f"{service}.ISOCENTRE_DATABASE_URL={url}"


def _secret(place: Path, name: str) -> str:
    """One that the stack finds, and takes instead of making it."""
    folder = place / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / name
    file.touch(mode=0o600)
    file.write_text(secrets.token_hex(20))
    return file.read_text()


def _timed(clock: Clock) -> Iterator[str]:
    for service in SERVICES:
        yield from (f"{service}.{name}={value}" for name, value in clock.environment.items())


def _tools(folder: Path, clock: Clock, port: int, advertised: int) -> Path:
    """A folder with a `java` that gives the broker our clock, and a listener whose clients are led by our link."""
    tools = folder / "tools"
    tools.mkdir()
    preloaded = " ".join(f"{name}={value}" for name, value in clock.environment.items())
    java = tools / "java"
    java.write_text(_JAVA.format(java=shutil.which("java"), preloaded=preloaded, port=port, advertised=advertised))
    java.chmod(0o755)
    return tools


_JAVA = """\
#!/bin/sh
case " $* " in
*" kafka.Kafka "*)
    for file; do :; done
    of() {{ sed -n "s/^$1=//p" "$file"; }}
    exec env {preloaded} {java} "$@" \\
        --override "listeners=$(of listeners),LINKED://127.0.0.1:{port}" \\
        --override "advertised.listeners=$(of advertised.listeners),LINKED://127.0.0.1:{advertised}" \\
        --override "listener.security.protocol.map=$(of listener.security.protocol.map),LINKED:PLAINTEXT"
    ;;
esac
exec {java} "$@"
"""
