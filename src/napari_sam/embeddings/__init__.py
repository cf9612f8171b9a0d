"""Embeddings: outputs of the image encoder, kept in memory and on disk."""

from .budget import byte_budget
from .cache import EmbeddingCache, as_stored
from .digest import digest_pixels
from .folder import default_root
from .inventory import CacheEntry, cache_info, clear_cache, prune_cache
from .spec import CacheSpec
from .verify import VerifyStep, verify_cache

__all__ = [
    "CacheEntry",
    "CacheSpec",
    "EmbeddingCache",
    "VerifyStep",
    "as_stored",
    "byte_budget",
    "cache_info",
    "clear_cache",
    "default_root",
    "digest_pixels",
    "prune_cache",
    "verify_cache",
]
