"""CastEncoder: products and convolutions of an image encoder in bfloat16."""

from copy import deepcopy
from typing import Self

import torch
from torch import Tensor, nn

_CAST = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


class CastEncoder:
    """Copy of an image encoder with weights in bfloat16, cast once and reused for every tile.

    Norms, softmax and the sum of all blocks (the residual stream) stay in float32: rounding the sum
    after each block would add half as much error again.
    """

    def __init__(self) -> None:
        self._copy: nn.Module | None = None
        self._cast_from: tuple[tuple[int, int], ...] = ()  # memory address and changes of each

    def of(self, encoder: nn.Module) -> nn.Module:
        """The copy of an encoder; cast again after the encoder has learned or moved."""
        weights = tuple((weight.data_ptr(), changes(weight)) for weight in encoder.parameters())
        if self._copy is None or weights != self._cast_from:
            self._copy, self._cast_from = _cast(encoder), weights
        return self._copy

    def __deepcopy__(self, memo: object) -> Self:
        """A copied model casts its own encoder."""
        return type(self)()


def changes(parameter: Tensor) -> int:
    """Number of changes of a parameter in place, as a lesson makes them; 0 where none can be."""
    return 0 if parameter.is_inference() else parameter._version


def _cast(encoder: nn.Module) -> nn.Module:
    """Copy an encoder with cast weights; what is not cast is shared with the original."""
    copies = {id(tensor): tensor for tensor in (*encoder.parameters(), *encoder.buffers())}
    for layer in encoder.modules():
        if isinstance(layer, _CAST):
            for weight in layer.parameters(recurse=False):
                cast = weight.detach().to(torch.bfloat16)
                copies[id(weight)] = nn.Parameter(cast, requires_grad=False)
    return deepcopy(encoder, copies)
