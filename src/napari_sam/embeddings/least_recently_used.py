"""LeastRecentlyUsed: a mapping of limited size, for embeddings in memory."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class LeastRecentlyUsed(Generic[Key, Value]):
    """A mapping of limited size: a new entry discards the least recently used.

    Reading a value is safe beside another thread that adds entries; adding is not, the caller
    takes a lock.

    Parameters
    ----------
    size : int
        Number of entries at most.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._entries: OrderedDict[Key, Value] = OrderedDict()

    @property
    def is_full(self) -> bool:
        """Whether a new key would discard an entry."""
        return len(self._entries) >= self.size

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def peek(self, key: Key) -> Value | None:
        """The value of a key without counting as a use; None if it is absent."""
        return self._entries.get(key)

    def touch(self, key: Key) -> None:
        """Count a key as used now.

        Raises
        ------
        KeyError
            If the key is absent.
        """
        self._entries.move_to_end(key)

    def put(self, key: Key, value: Value) -> None:
        """Add or replace an entry, which counts as used now."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self.size:
            self._entries.popitem(last=False)

    def values(self) -> Iterator[Value]:
        """All values, the least recently used first."""
        return iter(self._entries.values())
