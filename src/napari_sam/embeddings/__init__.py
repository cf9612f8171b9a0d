"""What the encoder saw, kept: no tile is encoded twice."""

from .budget import byte_budget
from .cache import EmbeddingCache, as_stored
from .digest import digest_pixels
from .folder import default_root
from .inventory import CacheEntry, cache_info, clear_cache
from .spec import CacheSpec

__all__ = [
    "CacheEntry",
    "CacheSpec",
    "EmbeddingCache",
    "as_stored",
    "byte_budget",
    "cache_info",
    "clear_cache",
    "default_root",
    "digest_pixels",
]
