"""What the page for researchers tells them to type works as it stands there, but for the addresses."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from tests.support.dicom import SUCCESS, send_all
from tests.support.generated import ct
from tests.support.pipeline import Pipeline
from tests.support.stack import ROOT

COLLECTION = 640
PAGE = ROOT / "services" / "gateway" / "READING.md"
GATEWAY, BROKER = "http://127.0.0.1:8000", "127.0.0.1:9092"


def snippet(number: int, shown: str, ours: str) -> str:
    """A Python block of the page, with our address where it shows one."""
    block = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[number]
    assert shown in block
    return str(block).replace(shown, ours)


@contextmanager
def running(code: str) -> Iterator[IO[str]]:
    """What the code prints, for as long as the block lasts."""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.kill()


@pytest.fixture(scope="module")
def study(pipeline: Pipeline) -> str:
    """One that has come all the way, by our name."""
    image = ct(COLLECTION, 0)
    assert send_all(pipeline.stack.dicom_port, [image]) == [SUCCESS]
    return str(pipeline.arrived(image.sop_instance_uid)["study_instance_uid"])


@pytest.mark.usefixtures("study")
def test_the_first_query_finds_instances(pipeline: Pipeline) -> None:
    with running(snippet(0, GATEWAY, pipeline.stack.gateway)) as printed:
        assert re.fullmatch(r"2\.25\.\d+ \S+ \S+ 2\.25\.\d+\n", printed.readline())


@pytest.mark.timeout(60)
def test_the_first_consumer_hears_of_a_study_that_is_complete(pipeline: Pipeline, study: str) -> None:
    with running(snippet(1, BROKER, pipeline.stack.kafka)) as printed:
        line = next(line for line in printed if study in line)
    assert re.fullmatch(rf"[0-9a-f-]{{36}} {re.escape(study)} 1 \['CT'\]\n", line)
