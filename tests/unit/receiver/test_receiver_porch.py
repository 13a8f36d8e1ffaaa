"""Who is connected and has not asked yet."""

from services.receiver.upper.porch import Porch


def test_the_oldest_of_an_address_makes_room() -> None:
    porch = Porch[str](10, 2)
    assert porch.enter("other", "b") is None
    assert [porch.enter(caller, "a") for caller in ("first", "second", "third")] == [None, None, "first"]
    assert porch.enter("fourth", "a") == "second"


def test_who_enters_twice_is_counted_once_and_gets_no_younger() -> None:
    porch = Porch[str](10, 2)
    assert [porch.enter(caller, "a") for caller in ("first", "second", "first")] == [None, None, None]
    assert porch.enter("third", "a") == "first"
    porch.leave("second")
    assert porch.enter("fourth", "a") is None


def test_the_oldest_of_all_makes_room() -> None:
    porch = Porch[str](2, 2)
    assert [porch.enter(caller, caller) for caller in ("a", "b", "c")] == [None, None, "a"]


def test_who_has_asked_is_not_counted() -> None:
    porch = Porch[str](2, 1)
    porch.enter("first", "a")
    porch.leave("first")
    porch.leave("first")
    assert porch.enter("second", "a") is None
    assert porch.enter("third", "b") is None
