"""TLS at a stack's receiver, set up as an operator would. Black box: imports nothing of ours."""

import socket
import subprocess
import sys
from pathlib import Path

from tests.support.stack import ROOT, Stack

_PORT = "tls-port"


def isocentre(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command; how it ended and what it said."""
    script = Path(sys.executable).with_name("isocentre")
    argv = [str(script), *map(str, arguments)]
    return subprocess.run(argv, check=False, capture_output=True, text=True, cwd=ROOT, timeout=120)


def settings(home: Path) -> list[str]:
    """Make an authority and the receiver's certificate in `home`/ca; the settings with which the stack uses them."""
    folder = home / "ca"
    for arguments in (("init",), ("issue", "receiver", "--host", "127.0.0.1")):
        done = isocentre("ca", *arguments, "--folder", folder)
        assert done.returncode == 0, done.stderr
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    (home / _PORT).write_text(str(port))
    told = {
        "PORT": port,
        "CERTIFICATE_FILE": folder / "receiver.pem",
        "KEY_FILE": folder / "receiver.key",
        "CA_FILE": folder / "ca.pem",
    }
    return [f"receiver.ISOCENTRE_TLS_{name}={value}" for name, value in told.items()]


def port_of(stack: Stack) -> int:
    """Where the receiver speaks TLS."""
    return int((stack.home / _PORT).read_text())
