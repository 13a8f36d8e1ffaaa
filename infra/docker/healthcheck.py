"""Whether the service in this container is ready: `python healthcheck.py`. Standard library only."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

SECONDS = 3


def main() -> int:
    """The exit code: 0 when /readyz answers 200, else 1."""
    port = os.environ["ISOCENTRE_HEALTH_PORT"]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=SECONDS) as answer:
            return 0 if answer.status == 200 else 1
    except (OSError, urllib.error.URLError):
        return 1


if __name__ == "__main__":
    sys.exit(main())
