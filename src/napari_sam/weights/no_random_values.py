"""NoRandomValues: a context in which layers are built without drawing their random weights."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import init
from torch.overrides import TorchFunctionMode

_DRAW_IN_PLACE = {init.normal_, init.uniform_, Tensor.normal_, Tensor.uniform_}
_DRAW_NEW = {torch.randn}


class NoRandomValues(TorchFunctionMode):
    """Context in which torch's initialisers draw no random values; shapes are as without.

    For models whose weights are read from a file afterwards. On the meta device, torch imports its
    compiler (``torch._dynamo``) for a random value, which takes a second.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch, unless it draws random values."""
        named = kwargs or {}
        if func in _DRAW_IN_PLACE:
            return args[0] if args else named["tensor"]
        if func in _DRAW_NEW:
            func = torch.empty
        return func(*args, **named)
