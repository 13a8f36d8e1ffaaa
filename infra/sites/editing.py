"""Changes of the sites file by command: comments and order stay, and nothing is written that could not be used."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from infra.keys import files
from shared.misconfigured import Misconfigured
from shared.sites import Sites
from shared.sites.declared import read_text, validated

_FIRST_ITEM = re.compile(r"^( *)- ", re.MULTILINE)

Entries = list[Any]
"""Of the file, as ruamel.yaml's mappings."""


def change(file: Path, edit: Callable[[Entries], None]) -> None:
    """Edit the file's entries. It is replaced at once, or not at all. Raises Misconfigured."""
    target = file.resolve()
    if not target.exists():
        raise Misconfigured(f"there is no {file}; begin with a copy of infra/local/sites.yaml")
    files.change(target, lambda text: _edited(text, edit, file), read=read_text)


def new_entry(code: str, fields: Mapping[str, Any]) -> Callable[[Entries], None]:
    """Add a site. Fields without a value are left out."""

    def edit(entries: Entries) -> None:
        if any(entry.get("code") == code for entry in entries):
            raise Misconfigured(f"site {code} is there already; further senders of its own are added with an editor")
        entry = CommentedMap({"code": _plain(code)})
        entry.update({name: _plain(value) for name, value in fields.items() if value not in (None, [], {})})
        entries.append(entry)

    return edit


def on_site(code: str, act: Callable[[CommentedMap], None], *, every: bool = False) -> Callable[[Entries], None]:
    """Act on the entry of a site, or on `every` one where it has several."""

    def edit(entries: Entries) -> None:
        found = [entry for entry in entries if entry.get("code") == code]
        if not found:
            raise Misconfigured(f"there is no site {code}")
        if len(found) > 1 and not every:
            raise Misconfigured(f"site {code} has several entries: change the right one with an editor")
        for entry in found:
            act(entry)

    return edit


def put(name: str, value: Any) -> Callable[[CommentedMap], None]:
    """Say it, whatever was said before."""
    return lambda entry: _set(entry, name, _plain(value))


def add_to(name: str, values: Iterable[str]) -> Callable[[CommentedMap], None]:
    """More values for a list, which may not be there yet."""

    def act(entry: CommentedMap) -> None:
        known = _set(entry, name, entry.get(name, []))
        known.extend(_plain(value) for value in values if value not in known)

    return act


def put_user(user: str, hashed: str | None) -> Callable[[CommentedMap], None]:
    """A user of the site, with a hash of his passcode, or known by his name alone."""

    def act(entry: CommentedMap) -> None:
        _set(entry, "users", entry.get("users", CommentedMap()))[_plain(user)] = hashed

    return act


def _set(entry: CommentedMap, name: str, value: Any) -> Any:
    """What is new goes behind the code: behind the last field there may be a comment on the next site."""
    if name in entry:
        entry[name] = value
    else:
        entry.insert(1, name, value)
    return value


def _edited(text: str, edit: Callable[[Entries], None], file: Path) -> str:
    validated(Sites, text, file)
    editor = _editor(text)
    try:
        document = editor.load(text)
    except YAMLError:
        raise Misconfigured(f"{file} is YAML that only an editor can change") from None
    edit(document["sites"])
    written = io.StringIO()
    editor.dump(document, written)
    validated(Sites, written.getvalue(), file)
    return written.getvalue()


def _editor(text: str) -> YAML:
    """Writes lists as far in as `text` does."""
    first = _FIRST_ITEM.search(text)
    offset = len(first[1]) if first else 2
    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 4096
    editor.indent(mapping=2, sequence=offset + 2, offset=offset)
    return editor


def _plain(value: Any) -> Any:
    """Text in quotes where YAML 1.1, in which the services read, would take it for something else: NO, 0123."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, str):
        return value
    try:
        means_itself = yaml.safe_load(value) == value
    except yaml.YAMLError:
        means_itself = False
    return value if means_itself else DoubleQuotedScalarString(value)
