"""What every set-up step stands on: its folders, its children's environment, its stamp."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.bound import bound
from infra.local.layout import ROOT, Cache


class SetupError(Exception):
    """Set-up cannot go on; the text tells the reader what to do."""


@dataclass
class Work:
    """One run of the set-up: where it writes, and which children it must end."""

    cache: Cache
    logs: Path = ROOT / "build" / "setup"
    venv: Path = ROOT / ".venv"
    _children: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False

    def run(
        self,
        step: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        outlives: bool = False,
    ) -> None:
        """Run a command with its output in the step's log; raise with the log's end if it fails.

        It ends when we do, unless it `outlives` us because half of its work would do harm.
        """
        words = [str(part) for part in command]
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{step.replace(' ', '-')}.log"
        with log.open("ab") as output:
            output.write(f"$ {' '.join(words)}\n".encode())
            output.flush()
            with self._guard:
                if self._stopped:
                    raise SetupError("interrupted")
                child = subprocess.Popen(
                    words if outlives else bound(words),
                    env={**self.environment(), **(env or {})},
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                )
                self._children.add(child)
        code = child.wait()
        with self._guard:
            self._children.discard(child)
        if code != 0:
            raise SetupError(f"{Path(words[0]).name} ended with {code}; {log}:\n{tail(log)}")

    def environment(self) -> dict[str, str]:
        """The caller's environment (proxies, certificates), with every cache moved into ours.

        Go also keeps telemetry in the user's configuration folder, whatever its own settings say, so that folder is
        another one here; pip is told of the user's. pip also asks rustc for its version, which may make a home.
        """
        go = self.cache.folder / "go"
        home = Path.home()
        settings = os.environ.get("XDG_CONFIG_HOME") or str(home / ".config")
        temporary = self.cache.temporary
        temporary.mkdir(parents=True, exist_ok=True)
        java = f"-XX:-UsePerfData -Djava.io.tmpdir={temporary}"
        pip = os.environ.get("PIP_CONFIG_FILE") or f"{settings}/pip/pip.conf"
        return {
            **os.environ,
            **({"PIP_CONFIG_FILE": pip} if Path(pip).exists() else {}),
            "RUSTUP_HOME": os.environ.get("RUSTUP_HOME") or str(self.cache.folder / "rustup"),
            "TMPDIR": str(temporary),
            "PIP_CACHE_DIR": str(self.cache.folder / "pip"),
            "GOPATH": str(go / "path"),
            "GOMODCACHE": str(go / "mod"),
            "GOCACHE": str(go / "build"),
            "GOENV": os.environ.get("GOENV") or f"{settings}/go/env",
            "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip(),
            "XDG_CONFIG_HOME": str(go / "config"),
            "MAVEN_OPTS": f"{os.environ.get('MAVEN_OPTS', '')} {java}".strip(),
        }

    def stop(self) -> None:
        """End all children, and start no more."""
        with self._guard:
            self._stopped = True
            for child in self._children:
                child.send_signal(signal.SIGTERM)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def stamped(folder: Path, key: str) -> bool:
    """Whether this folder was finished for these inputs."""
    stamp = folder / ".stamp"
    return stamp.is_file() and stamp.read_text() == key


def set_stamp(folder: Path, key: str) -> None:
    """Written last, and at once: an interrupted step has no stamp."""
    draft = folder / ".stamp.new"
    draft.write_text(key)
    draft.replace(folder / ".stamp")


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which takes the target's name only when it is complete."""
    draft = target.with_name(target.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    yield draft
    shutil.rmtree(target, ignore_errors=True)
    draft.replace(target)


@contextmanager
def lock(file: Path, waiting: str) -> Iterator[None]:
    """Hold a file's lock; say so when another set-up holds it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        for attempt in itertools.count():
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt % 10 == 0:
                    print(waiting, file=sys.stderr, flush=True)
                time.sleep(0.5)
        yield
