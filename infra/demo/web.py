"""What the demo and commands of `isocentre` ask of our servers, over HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from infra.demo.waterfall import Span, spans_of

SECONDS = 10.0
MOST_STUDIES = 1000


class Unknown(Exception):
    """The server answered: there is no such thing."""


class Away(Exception):
    """The server does not answer, or not as it should. The text names it and says how."""


@dataclass(frozen=True, slots=True)
class Study:
    """A line of the study list."""

    date: str
    patient: str
    modalities: str
    series: int
    instances: int
    description: str
    uid: str


def trace(trace_store_url: str, trace_id: str) -> list[Span]:
    """The spans of a trace. Raises Unknown or Away."""
    answer = get("trace store", f"{trace_store_url.rstrip('/')}/api/v2/trace/{quote(trace_id, safe='')}")
    spans = spans_of(answer)
    if not spans:
        raise Unknown
    return spans


def trace_ids(gateway_url: str, named: str) -> list[str]:
    """The traces of what an id of ours names, the newest arrival first. Raises Unknown or Away."""
    answer = get("gateway", f"{gateway_url.rstrip('/')}/api/instances/{quote(named, safe='')}")
    found = [trace_id for journey in answer["journeys"] for trace_id in journey["trace_ids"]]
    if not found:
        raise Unknown
    return list(dict.fromkeys(found))


def studies(gateway_url: str) -> list[Study]:
    """The study list, by QIDO-RS (PS3.18 10.6). Raises Unknown or Away."""
    answer = get("gateway", f"{gateway_url.rstrip('/')}/studies?limit={MOST_STUDIES}&includefield=all")
    return [_study(item) for item in answer]


def _study(item: dict[str, Any]) -> Study:
    return Study(
        date=_values(item, "00080020"),
        patient=_values(item, "00100020"),
        modalities=_values(item, "00080061"),
        series=int(_values(item, "00201206") or 0),
        instances=int(_values(item, "00201208") or 0),
        description=_values(item, "00081030"),
        uid=_values(item, "0020000D"),
    )


def _values(item: dict[str, Any], tag: str) -> str:
    """The values of an attribute in DICOM JSON (PS3.18 F.2), as text."""
    values = item.get(tag, {}).get("Value", [])
    return " ".join(str(value.get("Alphabetic", "") if isinstance(value, dict) else value) for value in values)


def get(server: str, url: str) -> Any:
    """What the server says at that address, as JSON. Raises Unknown or Away."""
    request = Request(url, headers={"Accept": "application/json, application/dicom+json"})  # noqa: S310
    try:
        with urlopen(request, timeout=SECONDS) as response:  # noqa: S310 - our own addresses, from stack.json
            return json.load(response)
    except HTTPError as refused:
        if refused.code in (400, 404):  # 400: what it takes for no id at all
            raise Unknown from None
        raise Away(f"the {server} answers {refused.code}") from None
    except (URLError, TimeoutError, OSError, ValueError):
        raise Away(f"the {server} does not answer at {url.split('?')[0]}") from None
