"""Embeddings exchanged with micro-sam: what either has computed, the other need not.

micro-sam stretches the contrast of each plane from its own smallest to its own largest value, here
one pair of limits is for the whole image. So a plane can be exchanged where both are the same.
micro-sam also cuts off where this program rounds, so that the two see pixels that differ by at most
one of 256 grey levels.
"""

from .exchange import ImportStep, check_limits, export_planes, import_planes
from .folder import MicroSamFolder, is_replaceable
from .origin import Origin, model_type, origin_of
from .survey import PlaneSurvey, check_exchangeable, survey, whole_range

__all__ = [
    "ImportStep",
    "MicroSamFolder",
    "Origin",
    "PlaneSurvey",
    "check_exchangeable",
    "check_limits",
    "export_planes",
    "import_planes",
    "is_replaceable",
    "model_type",
    "origin_of",
    "survey",
    "whole_range",
]
