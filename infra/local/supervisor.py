"""Runs one stack in the foreground until SIGTERM or SIGINT: `python -m infra.local.supervisor --home DIR`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from infra.local import services, state
from infra.local.bound import bound
from infra.local.components import COMPONENTS, Makings, component
from infra.local.install.parts import postgres_binaries
from infra.local.install.work import tail
from infra.local.layout import DEFAULT_HOME, ROOT, Cache, Home, default_cache
from infra.local.ownership import sole_owner
from infra.local.plan import home_of, plan
from infra.local.process import Spec, StartFailed, Supervised
from infra.local.provision import database, objectstore, topics
from infra.local.state import StackCondition, StoreWay

log = logging.getLogger("supervisor")

# Started in this order, stopped in the reverse one: the door opens last and shuts first.
DOOR = "receiver"
MIGRATING = ("indexer", "bookkeeper")
"""They own a database each, whose schema is brought up before any service starts."""
TELL_AGAIN_SECONDS = 5.0
"""After which the file of a stack is written again that could not be."""


class Supervisor:
    """One stack: its processes in tiers, and the file that tells about them."""

    def __init__(self, makings: Makings, names: Sequence[str], settings: Mapping[str, Mapping[str, str]]) -> None:
        self._makings = makings
        self._settings = settings
        self._stack = makings.stack
        self._condition: StackCondition = "starting"
        self._error: str | None = None
        self._told_later: asyncio.TimerHandle | None = None
        chosen = [name for name in (*COMPONENTS, *services.BY_NAME) if name in names]
        self._processes = {name: Supervised(self._spec(name), makings.home.log(name), self._tell) for name in chosen}

    async def run(self) -> int:
        """Start everything, stay until told to stop, stop everything. The exit code: 0, or 1 when a start failed."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        starting = asyncio.create_task(self._start())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                self._become("ready")
                await stopping
        except StartFailed as error:
            self._error = str(error)
            log.error("%s", error)
        except Exception as error:
            self._error = f"{type(error).__name__}: {error}"
            log.exception("the stack did not start")
        finally:
            starting.cancel()
            stopping.cancel()
            await asyncio.gather(starting, stopping, return_exceptions=True)
            await self._stop_all()
        return 1 if self._error else 0

    async def _start(self) -> None:
        self._become("starting")
        # Spans are wanted from the first image on, but nothing is provisioned in the trace store.
        traces = asyncio.create_task(self._start_tier(["zipkin"]))
        try:
            await self._start_tier(["kafka", "versitygw", "postgres"])
            await asyncio.gather(*(asyncio.to_thread(step) for step in self._provisioning()))
            await asyncio.gather(*(self._migrate(name) for name in MIGRATING if name in self._processes))
            await traces
        finally:
            traces.cancel()
        await self._start_tier([name for name in services.BY_NAME if name != DOOR])
        await self._start_tier([DOOR])

    async def _start_tier(self, names: Sequence[str]) -> None:
        await asyncio.gather(*(self._processes[name].start() for name in names if name in self._processes))

    async def _stop_all(self) -> None:
        self._become("stopping")
        for tier in ([DOOR], [n for n in services.BY_NAME if n != DOOR], *([n] for n in reversed(COMPONENTS))):
            stopping = (self._processes[name].stop() for name in tier if name in self._processes)
            for failed in await asyncio.gather(*stopping, return_exceptions=True):
                if failed is not None:
                    log.error("not stopped in order: %r", failed)
        self._become("failed" if self._error else "stopped")

    def _provisioning(self) -> list[partial[None]]:
        stack = self._stack
        steps = {
            "kafka": partial(topics.provision, stack.kafka_bootstrap_servers, topics.declared()),
            "versitygw": partial(
                objectstore.provision,
                self._makings.home,
                stack.object_store,
                objectstore.declared(),
                self._makings.cache.versitygw,
            ),
            "postgres": partial(database.provision, stack.database),
        }
        return [step for name, step in steps.items() if name in self._processes]

    async def _migrate(self, name: str) -> None:
        """Bring its schema up before anybody looks at it."""
        told = services.process_environment(services.BY_NAME[name], self._stack, self._settings.get(name, {}))
        log_file = self._makings.home.log(f"{name}-migrate")
        with log_file.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *bound([sys.executable, "-m", f"services.{name}", "migrate"]),
                env=told,
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.kill()
            raise
        if code != 0:
            raise StartFailed(f"the {name}'s migration ended with {code}; {log_file}:\n{tail(log_file)}")

    def _spec(self, name: str) -> Spec:
        if name in COMPONENTS:
            return component(name, self._makings)
        return services.spec(services.BY_NAME[name], self._stack, self._settings.get(name, {}))

    def _become(self, condition: StackCondition) -> None:
        self._condition = condition
        log.info("stack: %s", condition)
        self._tell()

    def _tell(self) -> None:
        """Write the file; where the disk has no room for it, later: a full disk is when processes die, and they are to
        be kept running all the same."""
        if self._told_later is not None:
            self._told_later.cancel()
            self._told_later = None
        try:
            self._write()
        except OSError as error:
            log.error("%s is not up to date: %s", self._makings.home.state_file.name, error.strerror)
            self._told_later = asyncio.get_running_loop().call_later(TELL_AGAIN_SECONDS, self._tell)

    def _write(self) -> None:
        now = {
            "state": self._condition,
            "error": self._error,
            "processes": tuple(process.status for process in self._processes.values()),
        }
        state.write(self._makings.home.state_file, self._stack.model_copy(update=now))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a stack. The exit code: 0, 1 when it did not start, 2 when the home is in use."""
    options = _parser().parse_args(arguments)
    home = home_of(options.home)
    names = options.only.split(",") if options.only else [*COMPONENTS, *services.BY_NAME]
    if options.without_services:
        names = [name for name in names if name in COMPONENTS]
    try:
        with sole_owner(home):
            _log_to(home, quiet=options.quiet)
            makings = _makings(home, options.store, flushes=options.broker_flushes)
            return asyncio.run(Supervisor(makings, names, services.parse_settings(options.set)).run())
    except BlockingIOError:
        print(f"a supervisor already runs the stack in {home.folder}", file=sys.stderr)
        return 2


def _makings(home: Home, way: StoreWay, *, flushes: bool) -> Makings:
    binaries = postgres_binaries(ROOT / ".venv")
    if binaries is None:
        raise SystemExit("PostgreSQL is missing from .venv: run `make setup`")
    planned = plan(home, objectstore.declared(), way)
    return Makings(Cache(default_cache()), home, planned, binaries, broker_flushes=flushes)


def _log_to(home: Home, *, quiet: bool) -> None:
    handlers: list[logging.Handler] = [logging.FileHandler(home.log("supervisor"))]
    if not quiet:
        handlers.append(logging.StreamHandler())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=handlers)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="supervisor", description=__doc__)
    parser.add_argument("--home", type=Path, default=DEFAULT_HOME, help="where everything of the stack lies")
    parser.add_argument("--without-services", action="store_true", help="only Kafka, store, database, trace store")
    parser.add_argument("--only", metavar="NAMES", help="a comma-separated choice of processes")
    parser.add_argument("--store", choices=("tree", "s3"), default="tree", help="how the services write objects")
    parser.add_argument("--set", action="append", default=[], metavar="SERVICE.NAME=VALUE", help="one more setting")
    parser.add_argument(
        "--no-broker-flush",
        dest="broker_flushes",
        action="store_false",
        help="let Kafka acknowledge what it has not flushed: a power cut takes it (infra/adr/0016)",
    )
    parser.add_argument("--quiet", action="store_true", help="log to the home's file only")
    return parser


if __name__ == "__main__":
    sys.exit(main())
