"""What an operator writes as YAML: the kinds of values, and how what is wrong is told without them."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from shared.misconfigured import Misconfigured

CODE = "^[a-z0-9][a-z0-9-]{0,31}$"
_HEX_256 = "([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}"


def _plain(digest: str) -> str:
    return digest.replace(":", "").lower()


def _written(network: object) -> str:
    if isinstance(network, IPv4Network | IPv6Network | str):
        return str(network)
    raise ValueError("a network is written as text")  # a number would be an address, too


Code = Annotated[str, StringConstraints(pattern=CODE)]
AeTitle = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16, pattern=r"^[\x20-\x5b\x5d-\x7e]+$")
]
"""PS3.5 Table 6.2-1: at most 16 characters without a backslash; spaces around it do not count."""
Uid = Annotated[str, StringConstraints(max_length=64, pattern=r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+$")]
"""PS3.5 Section 9.1."""
Digest = Annotated[str, StringConstraints(pattern=f"^{_HEX_256}$"), AfterValidator(_plain)]
"""SHA-256 in hexadecimal digits, with colons (as openssl prints it) or without; without, in small letters, inside."""

Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_written)]


class Declared(BaseModel):
    """Something that an operator wrote. What is wrong is told without what he wrote."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


_Model = TypeVar("_Model", bound=Declared)


def read_text(path: Path) -> str:
    """What a file holds. Raises Misconfigured when it cannot be read as text."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failed:
        raise Misconfigured(f"{path} cannot be read: {type(failed).__name__}") from None


def validated(model: type[_Model], text: str, path: Path) -> _Model:
    """What YAML text says. Raises Misconfigured, which names `path`, when it does not say what it must."""
    try:
        content: Any = yaml.safe_load(text)
    except yaml.YAMLError as failed:
        mark = getattr(failed, "problem_mark", None)
        raise Misconfigured(f"{path} is no YAML{f', line {mark.line + 1}' if mark else ''}") from None
    try:
        return model.model_validate(content)
    except ValidationError as refused:
        raise Misconfigured(f"{path}: {'; '.join(_told(refused, set(_names(model))))}") from None


def _told(refused: ValidationError, names: set[str]) -> Iterator[str]:
    for error in refused.errors(include_url=False, include_input=False):
        # A part that we do not know was written by the operator, and may be a value in the wrong place.
        place = (str(part) if isinstance(part, int) or part in names else "…" for part in error["loc"])
        yield f"{'.'.join(place) or 'all of it'}: {_said(error)}"


def _said(error: ErrorDetails) -> str:
    if error["type"] != "union_tag_invalid":
        return error["msg"]
    # What pydantic says of a tag that is none has that tag in it.
    return "{discriminator} should be one of {expected_tags}".format_map(error["ctx"])


def _names(model: type[BaseModel]) -> Iterator[str]:
    """The names of all fields, and of those of the models in them."""
    for name, field in model.model_fields.items():
        yield name
        if field.alias:
            yield field.alias
        for inner in _models(field.annotation):
            yield from _names(inner)


def _models(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
