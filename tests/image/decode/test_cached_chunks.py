"""CachedChunks: the values of an array, with few reads and bounded memory."""

from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.image.decode.cached_chunks import CachedChunks, with_cache
from tests.image.counting_store import CountingStore

PIXELS = np.arange(3 * 50 * 70).reshape(3, 50, 70)
CACHED = CachedChunks(PIXELS, (1, 16, 70))

indices = st.tuples(
    *(
        st.one_of(
            st.integers(-n, n - 1),
            st.slices(n).filter(lambda part: part.step is None or part.step > 0),
        )
        for n in PIXELS.shape
    )
)


@settings(deadline=None, max_examples=200)
@given(indices, st.integers(0, 3))
def test_indexing_is_numpys(index, left_out):
    index = index[: 3 - left_out]
    np.testing.assert_array_equal(CACHED[index], PIXELS[index])


@pytest.mark.parametrize("index", [..., (..., 3), (1, ...), (0, ..., slice(2, 5)), (), 2])
def test_an_ellipsis_stands_for_all_other_dimensions(index: Any):
    np.testing.assert_array_equal(CACHED[index], PIXELS[index])
    np.testing.assert_array_equal(np.asarray(CACHED), PIXELS)


def test_each_chunk_is_read_once_until_the_memory_is_full():
    store = CountingStore()
    data = np.arange(4 * 8 * 8, dtype=np.uint8).reshape(4, 8, 8)
    array = zarr.create_array(store, data=data, chunks=(1, 8, 8))
    cached = CachedChunks(array, (1, 8, 8), size=2 * 64)
    for plane in (0, 0, 1, 0, 2, 0, 1):  # 1 was used longest ago when 2 came
        np.testing.assert_array_equal(cached[plane, 2:5, 3:], data[plane, 2:5, 3:])
    assert store.chunks_read == ["c/0/0/0", "c/1/0/0", "c/2/0/0", "c/1/0/0"]


def test_a_chunk_above_the_bound_is_kept_until_the_next():
    store = CountingStore()
    array = zarr.create_array(store, data=np.ones((2, 8, 8), np.uint8), chunks=(1, 8, 8))
    cached = CachedChunks(array, (1, 8, 8), size=10)
    assert [int(cached[plane, 0, 0]) for plane in (0, 0, 1, 1)] == [1] * 4
    assert store.chunks_read == ["c/0/0/0", "c/1/0/0"]


def test_small_chunks_are_not_kept():
    array = zarr.create_array({}, shape=(4096, 4096), chunks=(1024, 1024), dtype=np.uint16)
    assert with_cache(array) is array
    large = zarr.create_array({}, shape=(4096, 4096), chunks=(4096, 4096), dtype=np.uint16)
    assert isinstance(with_cache(large), CachedChunks)
