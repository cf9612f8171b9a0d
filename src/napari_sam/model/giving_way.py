"""Giving way: what is being encoded is given up for something that somebody waits for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

from torch import nn


class GaveWay(Exception):  # noqa: N818 - nothing is wrong
    """Encoding was given up; nothing of it is kept."""


@contextmanager
def giving_way(encoder: nn.Module, wanted: Callable[[], bool]) -> Iterator[None]:
    """Ask, before each layer of an encoder, whether to give up.

    The tile of a large model takes half a minute on a laptop, one of its layers a second.

    Parameters
    ----------
    encoder : Module
        Only calls in this thread are given up.
    wanted : callable
        Whether to.

    Raises
    ------
    GaveWay
        Inside, as soon as it is wanted.
    """
    here = get_ident()

    def ask(*_: Any) -> None:
        if get_ident() == here and wanted():
            raise GaveWay

    hooks = [layer.register_forward_pre_hook(ask) for layer in encoder.modules()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
