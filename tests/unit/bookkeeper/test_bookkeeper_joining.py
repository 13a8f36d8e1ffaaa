"""Two sorted streams, side by side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bookkeeper.comparing.joining import OutOfOrder, joined

KEYS = st.sets(st.text(st.characters(codec="ascii"), min_size=1, max_size=3) | st.text(min_size=1, max_size=2))


@given(KEYS, KEYS)
def test_every_key_comes_once_with_what_both_have_of_it(left: set[str], right: set[str]) -> None:
    found = list(joined([(key, f"l{key}") for key in sorted(left)], [(key, f"r{key}") for key in sorted(right)]))
    assert [key for key, _, _ in found] == sorted(left | right)
    assert {key for key, one, _ in found if one is not None} == left
    assert {key for key, _, other in found if other is not None} == right
    assert all(one in (None, f"l{key}") and other in (None, f"r{key}") for key, one, other in found)


@pytest.mark.parametrize("keys", [["b", "a"], ["a", "a"]])
def test_keys_that_do_not_ascend_are_refused(keys: list[str]) -> None:
    stream = [(key, key) for key in keys]
    for pair in ((stream, []), ([], stream)):
        with pytest.raises(OutOfOrder):
            list(joined(*pair))
