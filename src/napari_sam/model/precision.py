"""Precision of an image encoder; without torch, for programs that only list the cache."""

from enum import StrEnum


class Precision(StrEnum):
    """Number format of the weights in the image encoder's products and convolutions."""

    FP32 = "fp32"
    BF16 = "bf16"
