"""Exchange of embeddings with micro-sam: import into the cache, and export from the cache.

micro-sam stretches the contrast of each plane from the smallest to the largest value of the plane,
this program uses one pair of limits for the whole image. So a plane can be exchanged only if its
smallest and largest value are the limits. micro-sam also truncates grey levels where this program
rounds, so that the pixels that the two models get differ by at most one of 256 levels.
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
