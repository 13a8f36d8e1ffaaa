"""Whether one version of an event schema may replace another without a new version number."""

from collections.abc import Iterator
from typing import Any

OLD_READERS = "deploy the consumers first, under a new version"
OLD_EVENTS = "events that lie in the topic lack it: give it a default, or a new version"


def breaches(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What `new` breaks for readers of `old`, or for events written under `old`; says whom to deploy first."""
    found = list(_object("", old, new))
    for name, old_part in old.get("$defs", {}).items():
        new_part = new.get("$defs", {}).get(name)
        if new_part is not None:
            found += _object(f"{name}.", old_part, new_part)
    return found


def _object(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in before:
        if name not in after:
            yield f"{path}{name} was removed: {OLD_READERS}"
        elif _shape(before[name]) != _shape(after[name]):
            yield f"{path}{name} changed its type: {OLD_READERS}"
        elif name in required_before and name not in required_after:
            yield f"{path}{name} may now be absent: {OLD_READERS}"
    for name in after:
        if name in required_after and name not in required_before:
            yield f"{path}{name} is now required: {OLD_EVENTS}"


def _shape(schema: Any) -> Any:
    """A property's schema without the words that only explain it."""
    if isinstance(schema, dict):
        return {key: _shape(value) for key, value in schema.items() if key not in ("description", "title", "default")}
    if isinstance(schema, list):
        return [_shape(item) for item in schema]
    return schema
