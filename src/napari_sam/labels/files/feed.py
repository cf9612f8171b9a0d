"""Feed: run the consumer of an iterator, with control back after each item."""

from collections.abc import Callable, Generator, Iterable, Iterator
from queue import Full, Queue
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class _StoppedError(Exception):
    """Raised in the writer when the caller stopped before the last item."""


class _Item(Generic[T]):
    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value


def feed(write: Callable[[Iterator[T]], None], items: Iterable[T]) -> Generator[None, None, None]:
    """Let a writer consume items, and yield after each.

    A function that pulls from an iterator, such as tifffile's ``write``, returns only after the
    last item: no progress, no cancel. Here a second thread runs it and waits for the next item.
    `items` are produced in the thread of the caller.

    Parameters
    ----------
    write : callable
        Consumes an iterator of items.
    items : iterable
        The items.

    Yields
    ------
    None
        After each item is handed over. When the generator is closed early, or `items` fail,
        the writer gets an exception, and has ended when control returns.

    Raises
    ------
    Exception
        The error of `write`.
    """
    queue: Queue[_Item[T] | None] = Queue(maxsize=1)
    failures: list[BaseException] = []
    complete = False

    def pull() -> Iterator[T]:
        while (item := queue.get()) is not None:
            yield item.value
        if not complete:
            raise _StoppedError

    def run() -> None:
        try:
            write(pull())
        except BaseException as error:  # raised again in the thread of the caller
            failures.append(error)

    # A daemon, so that a program can exit although a generator was never finished.
    thread = Thread(target=run, name="napari-sam-writer", daemon=True)
    thread.start()
    try:
        for item in items:
            if not _offer(queue, _Item(item), thread):
                break
            yield
        else:
            complete = True
    finally:
        _offer(queue, None, thread)
        thread.join()
    if failures:
        raise failures[0]


def _offer(queue: "Queue[_Item[T] | None]", item: _Item[T] | None, thread: Thread) -> bool:
    """Put an item into the queue; False if the thread has ended, as on a full disk."""
    while thread.is_alive():
        try:
            queue.put(item, timeout=0.1)
        except Full:
            continue
        return True
    return False
