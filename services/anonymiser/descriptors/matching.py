"""Finds the forms of what an object knows in a text: by whole words, glued or apart, never within others."""

from bisect import bisect_left
from collections.abc import Iterator

from services.anonymiser.descriptors.folding import Token, small, tokens
from services.anonymiser.descriptors.forms import Forms

Span = tuple[int, int]

_WIDEST_GAP, _LONGEST_FORM = 3, 256
_SHORT_NUMBER = 4
_SHORTEST_STEM, _LONGEST_ENDING = 5, 4
_LONG_DIGITS = 6
_SIDES = frozenset({"l", "r"})
_LONGEST_PREFIX = 3


class Matcher:
    """The forms of one object, ready to be searched for. Time grows with the text, hardly with the forms."""

    __slots__ = ("_digits", "_forms", "_lengths", "_sorted", "_stems")

    def __init__(self, forms: Forms) -> None:
        self._forms = forms
        self._sorted = sorted(forms.strong | forms.glued | forms.weak)
        self._stems = frozenset(stem for stem in forms.stems if len(stem) >= _SHORTEST_STEM)
        self._digits = frozenset(forms.digits)
        self._lengths = sorted({len(digits) for digits in forms.digits})

    def find(self, text: str, *, inside: bool = True) -> list[Span]:
        """Where the forms stand in `text`, in order. `inside`: numbers within longer ones too."""
        runs = tokens(text)
        strong, weak = self._matches(text, runs, inside=inside)
        marked = self._widened(text, runs, strong, weak)
        spans = [self._edges(text, runs, first, last) for first, last in marked]
        if self._forms.ideographs and not text.isascii():
            spans += self._ideographs(text)
        return spans

    def _edges(self, text: str, runs: tuple[Token, ...], first: int, last: int) -> Span:
        """With the stop behind an initial, and the letters that a number is glued to (A12345)."""
        start, end = runs[first].start, runs[last].end
        if len(runs[last].key) == 1 and text[end : end + 1] == ".":
            end += 1
        before = runs[first - 1] if first else None
        if before and runs[first].key.isdigit() and before.end == start and len(before.key) <= _LONGEST_PREFIX:
            ours = len(before.key) > 1 and self._forms.vocabulary.plain(before.key)
            start = start if ours else before.start
        return start, end

    def _matches(self, text: str, runs: tuple[Token, ...], *, inside: bool) -> tuple[list[Span], list[Span]]:
        """Runs [first, last] that together are a strong form, and those that are a weak one."""
        strong: list[Span] = []
        weak: list[Span] = []
        here = 0
        while here < len(runs):
            last, last_weak = self._longest(text, runs, here)
            if last is None and (inside or not runs[here].key.isdigit()) and self._single(text, runs[here]):
                last = here
            if last is not None:
                strong.append((here, last))
                here = last
            elif last_weak is not None:
                weak.append((here, last_weak))
            here += 1
        return strong, weak

    def _longest(self, text: str, runs: tuple[Token, ...], first: int) -> tuple[int | None, int | None]:
        joined = runs[first].key.lstrip("0")
        if not joined or not self._begins(joined):
            return None, None
        forms, last, strong, weak = self._forms, first, None, None
        while True:
            if (joined in forms.strong and self._whole(text, runs, first, last, joined)) or (
                joined in forms.glued and text[runs[first].start : runs[last].end].isalnum()
            ):
                strong = last
            elif joined in forms.weak:
                weak = last
            last += 1
            if last >= len(runs) or runs[last].start - runs[last - 1].end > _WIDEST_GAP:
                return strong, weak
            joined += runs[last].key
            if len(joined) > _LONGEST_FORM or not self._begins(joined):
                return strong, weak

    def _begins(self, joined: str) -> bool:
        """Whether a form begins like that."""
        at = bisect_left(self._sorted, joined)
        return at < len(self._sorted) and self._sorted[at].startswith(joined)

    @staticmethod
    def _whole(text: str, runs: tuple[Token, ...], first: int, last: int, joined: str) -> bool:
        """A number of four digits that is glued to letters (b1000, TR2000) is a measure."""
        if len(joined) > _SHORT_NUMBER or not joined.isdigit():
            return True
        before, behind = text[runs[first].start - 1 : runs[first].start], text[runs[last].end : runs[last].end + 1]
        return not before.isalpha() and not behind.isalpha()

    def _single(self, text: str, run: Token) -> bool:
        """A number within a longer one; a name with an ending (Nowaka, Novákové), if that is no word of ours."""
        if run.key.isdigit():
            return len(run.key) >= _LONG_DIGITS and self._holds_digits(run.key)
        stemmed = any(run.key[: len(run.key) - ending] in self._stems for ending in range(_LONGEST_ENDING + 1))
        return stemmed and self._forms.vocabulary.kind(run.key) is None

    def _holds_digits(self, run: str) -> bool:
        return any(
            run[start : start + length] in self._digits
            for length in self._lengths
            for start in range(len(run) - length + 1)
        )

    def _widened(self, text: str, runs: tuple[Token, ...], strong: list[Span], weak: list[Span]) -> Iterator[Span]:
        """The strong matches with the initials and particles beside them; weak ones that nothing else explains."""
        taken = {at for first, last in strong for at in range(first, last + 1)}
        for first, last in strong:
            begin, end = first, last
            while begin - 1 not in taken and self._initial(text, runs, begin - 1, -1):
                begin -= 1
            while end + 1 not in taken and self._initial(text, runs, end + 1, 1):
                end += 1
            yield begin, end
        for first, last in weak:
            near = {first - 1, last + 1} & taken
            if taken.isdisjoint(range(first, last + 1)) and self._unexplained(text, runs, first, last, bool(near)):
                yield first, last

    def _initial(self, text: str, runs: tuple[Token, ...], at: int, step: int) -> bool:
        """Whether the run `at`, beside a name that ends at the run before it in the direction of `step`, is an initial
        or a particle of it, and not a letter that belongs to the word on its other side (L-Spine, CC L, T2)."""
        if not 0 <= at < len(runs):
            return False
        run, name, other = runs[at], runs[at - step], at + step
        gap = text[run.end : name.start] if step < 0 else text[name.end : run.start]
        if len(gap) > _WIDEST_GAP or "\n" in gap or run.key not in self._forms.initials | self._forms.particles:
            return False
        if text[run.start - 1 : run.start].isalnum() or text[run.end : run.end + 1].isalnum():
            return gap == "" and step > 0
        if not text[run.start].isupper() and not small(text) and run.key not in self._forms.particles:
            return False
        dotted = text[run.end : run.end + 1] == "."
        if dotted and text[run.end + 1 : run.end + 2].islower():
            return False  # V.a., p.a.
        if dotted or not 0 <= other < len(runs) or run.key in self._forms.particles:
            return True
        between = text[run.end : runs[other].start] if step > 0 else text[runs[other].end : run.start]
        return not (self._forms.vocabulary.plain(runs[other].key) and (run.key in _SIDES or between == "-"))

    def _unexplained(self, text: str, runs: tuple[Token, ...], first: int, last: int, near: bool) -> bool:
        """Whether initials or another weak form are no word of ours, and stand beside a name or are capitals."""
        written = text[runs[first].start : runs[last].end]
        if text[runs[first].start - 1 : runs[first].start].isalnum():
            return False
        joined = "".join(run.key for run in runs[first : last + 1])
        return (near or written.isupper()) and self._forms.vocabulary.kind(joined) is None

    def _ideographs(self, text: str) -> Iterator[Span]:
        for word in self._forms.ideographs:
            start = text.find(word)
            while start >= 0:
                yield start, start + len(word)
                start = text.find(word, start + len(word))
