"""Arrays of an npz file: exact, or refused with one line before they take memory."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_sam.errors import LabelError
from napari_sam.npz import read_npz


def saved(**arrays: np.ndarray) -> io.BytesIO:
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=True, **arrays)
    file.seek(0)
    return file


def with_header(dtype: str, shape: str) -> io.BytesIO:
    """An array of 100 zeros that says something else of itself."""
    fields = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        head = b"\x93NUMPY\1\0" + len(fields).to_bytes(2, "little") + fields
        archive.writestr("a.npy", head + bytes(100))
    file.seek(0)
    return file


@given(
    hnp.arrays(
        hnp.integer_dtypes() | hnp.floating_dtypes() | st.just(np.bool_),
        hnp.array_shapes(min_dims=0),
    )
)
def test_numbers_come_back(array: np.ndarray) -> None:
    read = read_npz(saved(a=array, b=array), ["a"], "f.npz", LabelError)
    assert read.keys() == {"a"}
    assert (read["a"].shape, read["a"].dtype) == (array.shape, array.dtype)
    assert read["a"].tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (io.BytesIO(), "not a zip file"),
        (saved(b=np.zeros(3)), "a.npy"),
        (saved(a=np.array([{}, []], object)), "a holds no numbers"),
        (saved(a=np.array(["x"])), "a holds no numbers"),
        (with_header("<f8", "(4000000000, 4000000000)"), "a is cut off"),
        (with_header("|u1", "(-1,)"), "a holds no numbers"),
        (with_header("|u1", "(101,)"), "expected 101 bytes got 100"),
        (with_header("x", "(3,)"), "f.npz"),
    ],
)
def test_what_is_no_array_of_numbers_is_one_line(file: io.BytesIO, words: str) -> None:
    with pytest.raises(LabelError, match=r"f\.npz has no arrays a that can be read: ") as error:
        read_npz(file, ["a"], "f.npz", LabelError)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
