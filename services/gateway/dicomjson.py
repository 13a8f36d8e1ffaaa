"""Puts rows together as data sets of the DICOM JSON Model (PS3.18 F)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from services.gateway.attributes import Attribute

DicomJson = dict[str, Any]
RETRIEVE_URL = "00081190"
STUDY_UID = "0020000D"
SERIES_UID = "0020000E"
INSTANCE_UID = "00080018"


def result(attributes: Sequence[Attribute], row: Sequence[object], base: str) -> DicomJson:
    """One result of a search: the values of `row`, an optional header behind them, and where to retrieve it.

    A required attribute without a value is answered empty; a conditional one is left out (PS3.18 10.6.3.3).
    """
    *values, header = row
    found = {
        attribute.tag: element(attribute.vr, value)
        for attribute, value in zip(attributes, values, strict=True)
        if value is not None or not attribute.conditional
    }
    merged = {**(header if isinstance(header, dict) else {}), **found}
    merged[RETRIEVE_URL] = {"vr": "UR", "Value": [retrieve_url(merged, base)]}
    return {tag: merged[tag] for tag in sorted(merged)}


def element(vr: str, value: object) -> DicomJson:
    """An attribute of DICOM JSON (PS3.18 F.2.2): `Value` is left out when there is none."""
    values = value if isinstance(value, list) else [value]
    converted = [_value(vr, item) for item in values if item is not None]
    return {"vr": vr, "Value": converted} if converted else {"vr": vr}


def retrieve_url(dataset: Mapping[str, DicomJson], base: str) -> str:
    """Where the study, series or instance that `dataset` describes is retrieved; `base` has no slash at its end."""
    url = f"{base}/studies/{_uid(dataset, STUDY_UID)}"
    if SERIES_UID in dataset:
        url += f"/series/{_uid(dataset, SERIES_UID)}"
        if INSTANCE_UID in dataset:
            url += f"/instances/{_uid(dataset, INSTANCE_UID)}"
    return url


def _uid(dataset: Mapping[str, DicomJson], tag: str) -> str:
    return quote(str(dataset[tag]["Value"][0]), safe="")


def _value(vr: str, value: object) -> object:
    if isinstance(value, date):
        # strftime writes the year 795 with three digits.
        return f"{value.year:04d}{value.month:02d}{value.day:02d}"
    return {"Alphabetic": value} if vr == "PN" else value
