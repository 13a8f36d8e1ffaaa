"""`kill -9` of every service in the middle of a run: nothing lost, nothing doubled."""

import threading

import httpx
import pytest

from tests.support.flow import Flow, Sending
from tests.support.pipeline import Pipeline
from tests.support.stack import SERVICES, Stack
from tests.support.waiting import until

SENDING = Sending({"site-kill-a": "KILL_A", "site-kill-b": "KILL_B"}, collection=800, images=100, studies=4)
BURST = SENDING.images // (len(SERVICES) + 1)
"""Images of each site between two kills; the last burst comes after the last kill."""


class Visitor(threading.Thread):
    """Keeps the gateway busy."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(daemon=True)
        self._url = stack.gateway
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            try:
                httpx.get(f"{self._url}/studies?limit=50", timeout=5)
            except httpx.HTTPError:
                self._over.wait(0.2)

    def stop(self) -> None:
        self._over.set()


@pytest.mark.timeout(240)
def test_every_service_is_killed_once(pipeline: Pipeline) -> None:
    visitor, flow = Visitor(pipeline.stack), Flow(pipeline, SENDING)
    visitor.start()
    with flow.running():
        for service in SERVICES:
            start = flow.answered
            flow.allow(BURST)
            kill_while_busy(flow, service, start)
            assert flow.answered < flow.total, f"the run was over before {service} was killed"
            until(lambda: flow.waiting, "the burst has been taken", 60)
        flow.allow(SENDING.images)
        visitor.stop()
        flow.check_end()
    assert flow.failures >= 1, "no sender has noticed the receiver's death"


def kill_while_busy(flow: Flow, service: str, start: int) -> None:
    """Kill it as soon as it is busy, and wait until the supervisor has it working again."""
    stack = flow.pipeline.stack
    until(lambda: flow.is_busy(service, start), f"{service} has something to do", 20, every=0.002)
    restarts = stack.process(service)["restarts"]
    pid = stack.kill(service)
    until(lambda: stack.ready(service, not_pid=pid), f"{service} works again", 60)
    assert stack.process(service)["restarts"] == restarts + 1
