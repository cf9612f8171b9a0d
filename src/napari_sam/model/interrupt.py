"""Interruption of an image encoder between two layers, in favour of more urgent work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

from torch import nn


class Interrupted(Exception):  # noqa: N818 - no error: the caller asked for it
    """The encoder stopped between two layers, without a result."""


@contextmanager
def interruptible(encoder: nn.Module, should_stop: Callable[[], bool]) -> Iterator[None]:
    """Call ``should_stop`` before each layer of an encoder, and stop the encoder on True.

    A large model takes half a minute for a tile on a laptop, and about a second for a layer: so
    long does a user wait whose click needs the encoder that is busy encoding ahead.

    Parameters
    ----------
    encoder : nn.Module
        Called inside the block. Calls of other threads are not interrupted.
    should_stop : callable
        Returns whether to stop.

    Raises
    ------
    Interrupted
        From the call of the encoder inside the block, once ``should_stop`` returns True.
    """
    thread = get_ident()

    def check(*_: Any) -> None:
        if get_ident() == thread and should_stop():
            raise Interrupted

    hooks = [layer.register_forward_pre_hook(check) for layer in encoder.modules()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
