"""One thread: torch works on a single thread for a while."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

Item = TypeVar("Item")


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch work on one thread inside.

    On a processor with other work, each of several threads waits for the one that was interrupted,
    and a click waits for the part of a lesson under way.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def on_one_thread(items: Iterator[Item]) -> Generator[Item, None, None]:
    """Items of an iterator, each computed on one thread; the caller goes on with all threads."""
    while True:
        with one_thread():
            try:
                item = next(items)
            except StopIteration:
                return
        yield item
