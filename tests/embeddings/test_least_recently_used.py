"""LeastRecentlyUsed: of too many entries, the one that was not used for longest goes."""

import pytest

from napari_sam.embeddings.least_recently_used import LeastRecentlyUsed


def full() -> LeastRecentlyUsed[str, int]:
    recent = LeastRecentlyUsed[str, int](2)
    recent.put("a", 1)
    assert not recent.is_full
    recent.put("b", 2)
    assert recent.is_full
    return recent


def test_the_first_goes_if_no_other_was_used_since() -> None:
    recent = full()
    recent.put("c", 3)
    assert list(recent.values()) == [2, 3]
    assert recent.peek("a") is None


def test_an_entry_in_use_stays() -> None:
    recent = full()
    recent.touch("a")
    recent.put("c", 3)
    assert list(recent.values()) == [1, 3]


def test_a_replaced_entry_is_in_use() -> None:
    recent = full()
    recent.put("a", 4)
    recent.put("c", 3)
    assert list(recent.values()) == [4, 3]


def test_looking_at_an_entry_does_not_use_it() -> None:
    recent = full()
    assert recent.peek("a") == 1
    recent.put("c", 3)
    assert recent.peek("a") is None


def test_an_absent_entry_cannot_be_used() -> None:
    with pytest.raises(KeyError):
        full().touch("c")
