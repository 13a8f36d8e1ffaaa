"""Finds links in Markdown that lead nowhere in the repository."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt  # comes with rich
from markdown_it.token import Token

FOLDERS = ("infra", "schemas", "services", "shared", "tests")
_ID = re.compile(r"""\b(?:id|name)=["']([^"']+)["']""")
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


def pages(root: Path) -> list[Path]:
    """The Markdown files of the repository."""
    return sorted([*root.glob("*.md"), *(page for folder in FOLDERS for page in (root / folder).rglob("*.md"))])


def broken(root: Path) -> list[str]:
    """Links to a file or heading that is not there, as 'page:line target'. An address elsewhere is not looked at."""
    return [
        f"{page.relative_to(root)}:{line} {target}"
        for page in pages(root)
        for line, target in _links(_tokens(page))
        if not _leads(root, page, target)
    ]


def _tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def _links(tokens: list[Token]) -> Iterator[tuple[int, str]]:
    line = 0
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        for child in token.children or ():
            target = child.attrGet("href" if child.type == "link_open" else "src")
            if target is not None:
                yield line, str(target)


def _leads(root: Path, page: Path, target: str) -> bool:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return True
    there = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not there.exists() or not there.is_relative_to(root.resolve()):
        return False
    return not parts.fragment or (there.suffix == ".md" and unquote(parts.fragment) in _anchors(_tokens(there)))


def _anchors(tokens: list[Token]) -> set[str]:
    """What GitHub calls the headings, and the names that HTML gives."""
    found: set[str] = set()
    for before, token in zip([None, *tokens], tokens, strict=False):
        for child in (token, *(token.children or ())):
            if child.type in ("html_inline", "html_block"):
                found.update(_ID.findall(child.content))
        if before is not None and before.type == "heading_open":
            found.add(_numbered(_anchor(token), found))
    return found


def _anchor(heading: Token) -> str:
    shown = "".join(child.content for child in heading.children or () if child.type in ("text", "code_inline"))
    return _NOT_IN_ANCHORS.sub("", shown.strip().lower()).replace(" ", "-")


def _numbered(anchor: str, taken: set[str]) -> str:
    number, free = 0, anchor
    while free in taken:
        number += 1
        free = f"{anchor}-{number}"
    return free
