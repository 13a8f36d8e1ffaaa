"""What is left of a text when parts are taken out, as somebody would have typed it."""

import re
from collections.abc import Sequence

Kept = tuple[int, int, str]
"""Where a part that stays begins and ends, and what it says now."""

_WORDS = re.compile(r"[^\W_]+")
_PAIRS = {")": "(", "]": "[", "}": "{", ">": "<"}
_EDGE = " \t\r\n_-/,;:.|=&+^~\\*#'\"`@"
_LEADING = frozenset("([{<*>~+")
_STOP = re.compile(r"[;,.:](?=\s|$)")


def tidied(text: str, kept: Sequence[Kept]) -> str:
    """The kept parts of `text`, in order, with the separators between them: as they were where nothing was taken out,
    one of them otherwise, and brackets in pairs. '' when nothing but separators is left."""
    if not kept:
        return ""
    parts: list[str] = [_before(text[: kept[0][0]])]
    for number, (start, _, shown) in enumerate(kept):
        if number:
            parts.append(_between(text[kept[number - 1][1] : start]))
        parts.append(shown)
    parts.append(_behind(text[kept[-1][1] :]))
    return _balanced("".join(parts)).strip()


def _before(gap: str) -> str:
    if not _WORDS.search(gap):
        return gap
    tail = _WORDS.split(gap)[-1]
    return "".join(_open(tail))


def _behind(gap: str) -> str:
    if not _WORDS.search(gap):
        return gap
    head = _WORDS.split(gap)[0]
    return "".join(character for character in head.strip(_EDGE) if character in _PAIRS or character in "%°!?")


def _between(gap: str) -> str:
    """One separator out of those around what was taken out: a line end before a stop, a stop before a space."""
    if not _WORDS.search(gap):
        return gap
    separators = _WORDS.split(gap)
    joined = "".join(separators)
    closing, opening = _brackets(joined)
    if "\n" in joined or "\r" in joined:
        middle = "\r\n" if "\r\n" in joined else "\n" if "\n" in joined else "\r"
    elif stop := _STOP.search(joined):
        middle = " " if opening else f"{stop[0]} "
    elif " " in joined:
        middle = " "
    else:
        plain = (separator for separator in separators if separator)
        middle = next((separator for separator in plain if separator not in _PAIRS and separator not in "([{<"), " ")
        middle = "".join(character for character in middle if character not in "()[]{}<>") or " "
    return closing + middle + opening


def _brackets(separators: str) -> tuple[str, str]:
    """The brackets that close or open something outside `separators`."""
    closing, opening = "", ""
    for character in separators:
        if character in "([{":
            opening += character
        elif character in ")]}":
            if opening.endswith(_PAIRS[character]):
                opening = opening[:-1]
            else:
                closing += character
    return closing, opening


def _open(separators: str) -> str:
    return "".join(character for character in separators if character in _LEADING)


def _balanced(text: str) -> str:
    """`text` without brackets that have lost their other half or everything between."""
    if not any(character in text for character in "()[]{}"):
        return text
    lost: set[int] = set()
    opened: list[int] = []
    for position, character in enumerate(text):
        if character in "([{":
            opened.append(position)
        elif character in ")]}":
            if opened and text[opened[-1]] == _PAIRS[character]:
                first = opened.pop()
                if not text[first + 1 : position].strip(_EDGE):
                    lost.update(range(first, position + 1))
            else:
                lost.add(position)
    lost.update(opened)
    if not lost:
        return text
    return re.sub(r" {2,}", " ", "".join(" " if at in lost else character for at, character in enumerate(text)))
