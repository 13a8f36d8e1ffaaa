"""Each service is restarted after the other, as for an upgrade, while two sites send: nothing lost or doubled."""

import pytest

from tests.support.flow import STAGES, Flow, Sending
from tests.support.pipeline import Pipeline
from tests.support.stack import SERVICES
from tests.support.waiting import until

SENDING = Sending({"site-roll-a": "ROLL_A", "site-roll-b": "ROLL_B"}, collection=820, images=160, studies=4)
BURST = SENDING.images // (len(SERVICES) + 1)


@pytest.mark.chaos
@pytest.mark.timeout(900)
def test_every_service_is_restarted_under_load(pipeline: Pipeline) -> None:
    stack, flow = pipeline.stack, Flow(pipeline, SENDING)
    with flow.running():
        for service in SERVICES:
            start = flow.answered
            flow.allow(BURST)
            until(lambda: flow.is_busy(service, start), f"{service} has something to do", 20, every=0.002)  # noqa: B023
            pid = stack.terminate(service)
            until(lambda: stack.ready(service, not_pid=pid), f"{service} works again", 90)  # noqa: B023
        flow.allow(SENDING.images)
        flow.check_end()
    for stage in STAGES:
        assert stack.metric(stage, "isocentre_stage_worker_ends_total") == 0, f"{stage} is suspected to have died"
