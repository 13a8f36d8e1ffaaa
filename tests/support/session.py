"""Fixtures of the whole stack, started once when the first test asks for it. Black box: imports nothing of ours."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from tests.support import secure
from tests.support.canaries import Canaries
from tests.support.pipeline import Pipeline
from tests.support.stack import ROOT, Stack, running
from tests.support.stow import token_of

BUILD = ROOT / "build" / "test"
KEPT_LOGS = BUILD / "system-logs"
"""The logs of the last run that failed."""

QUIET = "tracker.ISOCENTRE_QUIET_SECONDS=3"
RECONCILED = ["bookkeeper.ISOCENTRE_RECONCILE_SECONDS=20", "bookkeeper.ISOCENTRE_WALK_SECONDS=60"]
PERSON = "anonymiser.ISOCENTRE_BRAKE_POLICY=person"
"""No probe lets a braked site go on while a test looks."""
_OWN = "anonymiser.ISOCENTRE_PROFILES_DIR={}"


@pytest.fixture(scope="session")
def canaries() -> Canaries:
    """The values that must not be found; others in every session."""
    return Canaries(secrets.token_hex(4))


@pytest.fixture(scope="session")
def escaped() -> Canaries:
    """Values that this session lets out on purpose, to see that they are found."""
    return Canaries(secrets.token_hex(4))


def sites_file(canaries: Canaries, escaped: Canaries) -> str:
    """Who may send. The site `leaking` is what must never be: its code is made of its AE title."""
    sites = {
        "site-a": ["SITE_A"],
        "site-b": ["SITE_B"],
        "site-kill-a": ["KILL_A"],
        "site-kill-b": ["KILL_B"],
        "site-roll-a": ["ROLL_A"],
        "site-roll-b": ["ROLL_B"],
        "site-decided": ["DECIDED"],
        "site-dead": ["DEAD"],
        "site-erased": ["ERASED"],
        "site-upper": ["UPPER"],
        "site-books": ["BOOKS"],
        "site-flood": ["FLOOD"],
        "site-brake": ["BRAKE"],
        "site-canary": [canaries.calling],
        escaped.calling.lower(): [escaped.calling],
    }
    listed = [
        {
            "code": code,
            "project": "system",
            "calling_ae_titles": titles,
            "called_ae_titles": [canaries.called] if code == "site-canary" else ["ISOCENTRE"],
            "tokens": [sha256(token_of(code).encode()).hexdigest()],
            "bulk_called_ae_titles": ["ISOCENTRE_BULK"],
            # Every attribute of the table is a canary, so none may be retained by an option.
            "profile": "research" if code.startswith("site-") and code != "site-canary" else "basic",
        }
        for code, titles in sites.items()
    ]
    next(site for site in listed if site["code"] == "site-flood")["live"] = {"burst": 4, "per_second": 0.01}
    return yaml.safe_dump({"sites": listed})


@contextmanager
def started(
    request: pytest.FixtureRequest, canaries: Canaries, escaped: Canaries, store: str = "tree"
) -> Iterator[Stack]:
    """A whole stack in a folder of its own, which goes with it; the logs stay when a test fails."""
    home = BUILD / f"system-{os.getpid()}-{secrets.token_hex(2)}"
    home.mkdir(parents=True, exist_ok=True)
    (home / "profiles").mkdir()
    (home / "sites.yaml").write_text(sites_file(canaries, escaped))
    before = request.session.testsfailed
    try:
        own = [PERSON, _OWN.format(home / "profiles")]
        with running(home, [QUIET, *RECONCILED, *own, *secure.settings(home)], store) as stack:
            yield stack
    finally:
        if request.session.testsfailed > before:
            _keep_logs(home)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, canaries: Canaries, escaped: Canaries) -> Iterator[Stack]:
    with started(request, canaries, escaped) as whole:
        yield whole


@pytest.fixture(scope="session")
def pipeline(stack: Stack) -> Pipeline:
    return Pipeline(stack)


def _keep_logs(home: Path) -> None:
    shutil.rmtree(KEPT_LOGS, ignore_errors=True)
    shutil.copytree(home / "logs", KEPT_LOGS, dirs_exist_ok=True)
