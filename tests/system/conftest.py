"""One stack for all system tests. They see it from the outside only."""

from tests.support.session import canaries, escaped, pipeline, stack

__all__ = ["canaries", "escaped", "pipeline", "stack"]
