"""A receiver does not start on a store that may forget, unless somebody has accepted that."""

import subprocess
import sys

from infra.local.layout import ROOT
from infra.local.services import BY_NAME, process_environment, state_folder
from infra.local.state import Stack


def test_by_s3_it_takes_an_explicit_setting(components: Stack) -> None:
    by_s3 = components.model_copy(update={"object_store": components.object_store.model_copy(update={"way": "s3"})})
    told = process_environment(BY_NAME["receiver"], by_s3, {"ISOCENTRE_ACCEPT_VOLATILE_STORE": "false"})
    state_folder(BY_NAME["receiver"], components.home).mkdir(mode=0o700, exist_ok=True)
    ended = subprocess.run(
        [sys.executable, "-m", "services.receiver"],
        env=told,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1
    assert "the store is not durable" in ended.stdout + ended.stderr
