"""Set-up of a fresh checkout: `python3 -m infra.local.setup [--with test] [--with bench]`."""

from __future__ import annotations

import argparse
import shutil
import sys
from functools import partial
from pathlib import Path

if not __package__:  # run by path: the folder of this file must not stand for the whole package
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from infra.local.install import archive, checkout, parts, tools
from infra.local.install.plan import Step, run
from infra.local.install.work import SetupError, Work, lock
from infra.local.layout import Cache, default_cache


def steps(work: Work, groups: list[str]) -> list[Step]:
    """All of the set-up. Maven's repository bears one writer at a time, hence zipkin after kafka."""
    return [
        Step("python", partial(parts.venv_done, work), parts.make_venv),
        Step("checkout", partial(checkout.linked, work), checkout.link, after=("python",)),
        Step("postgres", partial(parts.postgres_done, work), parts.check_postgres, after=("python",)),
        Step("kafka", partial(parts.kafka_done, work), parts.make_kafka),
        Step("kafka archive", partial(archive.archive_done, work), archive.make_archive, after=("kafka",)),
        Step("zipkin", partial(parts.zipkin_done, work), parts.make_zipkin, after=("kafka",)),
        Step("versitygw", partial(parts.versitygw_done, work), parts.make_versitygw),
        *_package_step(groups),
    ]


def _package_step(groups: list[str]) -> list[Step]:
    wanted = sorted({package for group in groups for package in tools.PACKAGE_GROUPS[group]})
    missing = [package for package in wanted if not tools.installed(package)]
    return [Step("debian packages", lambda: False, tools.install(missing))] if missing else []


def main(arguments: list[str] | None = None) -> int:
    """Do what is not done yet. The exit code: 0, 1 with a line that says why, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="setup", description=__doc__)
    parser.add_argument("--with", dest="groups", action="append", default=[], choices=sorted(tools.PACKAGE_GROUPS))
    groups: list[str] = parser.parse_args(arguments).groups
    work = Work(Cache(default_cache()))
    try:
        tools.check_python()
        if all(step.done() for step in steps(work, groups)):
            return 0
        _set_up(work, groups)
    except SetupError as error:
        print(f"setup  {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup  interrupted; the next run goes on from here", file=sys.stderr)
        return 130
    return 0


def _set_up(work: Work, groups: list[str]) -> None:
    with lock(work.cache.folder / "setup.lock", "setup  another set-up holds the cache; waiting for it"):
        shutil.rmtree(work.cache.temporary, ignore_errors=True)  # what an interrupted set-up left
        packages = tools.missing_packages(work)
        if packages:
            run(work, [Step("debian packages", lambda: False, tools.install(packages))])
        todo = [step for step in steps(work, groups) if not step.done()]
        if todo:
            run(work, todo)


if __name__ == "__main__":
    sys.exit(main())
