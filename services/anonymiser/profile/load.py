"""Profiles from YAML: the shipped ones and those of a site, each resolved against its base."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from services.anonymiser.profile.fitting import refusals
from services.anonymiser.profile.model import Profile

T = TypeVar("T", list[Any], dict[str, Any])

SHIPPED = Path(__file__).parent / "shipped"
_ADDED = ("attributes", "rules")
_MERGED = ("dates", "pixels", "patient")
_DEEPEST = 8


class BadProfile(ValueError):
    """A profile that cannot be used; the message says where and why."""


@cache
def shipped() -> Mapping[str, str]:
    """Name to YAML text of the profiles that come with the software."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(SHIPPED.glob("*.yaml"))}


def texts(folder: Path | None = None) -> dict[str, str]:
    """All profiles by name: the shipped ones, and those of `folder` (whose names must be others)."""
    found = dict(shipped())
    for path in sorted(folder.glob("*.yaml")) if folder else ():
        if path.stem in shipped():
            raise BadProfile(f"{path.name}: a shipped profile has this name already")
        found[path.stem] = text_of(path)
    return found


def text_of(path: Path) -> str:
    """The text of a file. Raises BadProfile."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as failed:
        raise BadProfile(f"{path.name} cannot be read: {failed.strerror}") from None
    except UnicodeDecodeError:
        raise BadProfile(f"{path.name} is no UTF-8 text") from None


def load(name: str, available: Mapping[str, str] | None = None) -> Profile:
    """The profile `name`, resolved. Raises BadProfile."""
    content = _resolved(name, shipped() if available is None else available, ())
    try:
        profile = Profile.model_validate(content)
    except ValidationError as error:
        raise BadProfile(f"profile {name}:\n{_told(error)}") from None
    if refused := "\n".join(f"  {line}" for line in refusals(profile)):
        raise BadProfile(f"profile {name}:\n{refused}")
    return profile


def _resolved(name: str, available: Mapping[str, str], above: tuple[str, ...]) -> dict[str, Any]:
    if name in above or len(above) > _DEEPEST:
        raise BadProfile(f"profile {name}: it is its own base")
    if name not in available:
        raise BadProfile(f"there is no profile {name!r}; there are {', '.join(sorted(available))}")
    own = _parsed(name, available[name])
    if own.get("base") is None:
        return own
    base = _resolved(str(own["base"]), available, (*above, name))
    merged = {**base, **own}
    for key in _ADDED:
        merged[key] = [*_part(name, base, key, list), *_part(name, own, key, list)]
    for key in _MERGED:
        merged[key] = {**_part(name, base, key, dict), **_part(name, own, key, dict)}
    return merged


def _part(name: str, content: Mapping[str, Any], key: str, kind: type[T]) -> T:
    """What a profile says under `key`; nothing when it is left empty."""
    found = content.get(key)
    if found is None:
        return kind()
    if not isinstance(found, kind):
        raise BadProfile(f"profile {name}:\n  {key}: a {'list' if kind is list else 'mapping'} is expected")
    return found


def _parsed(name: str, text: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date that is none
        raise BadProfile(f"profile {name}: not YAML: {error}") from None
    if not isinstance(content, dict):
        raise BadProfile(f"profile {name}: a mapping is expected")
    if content.get("name") != name:
        raise BadProfile(f"profile {name}: the file and `name` must agree")
    return content


def _told(error: ValidationError) -> str:
    lines = (f"  {'.'.join(map(str, part['loc'])) or '(all)'}: {part['msg']}" for part in error.errors())
    return "\n".join(lines)
