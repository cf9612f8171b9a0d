"""Arrangement: what is known of the dimensions stays known, and what is not is asked for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.errors import ImageError
from napari_sam.image.arranged_array import ArrangedArray, arranged
from napari_sam.image.arrangement import arrange
from napari_sam.image.axis_names import axis_letter, tifffile_letters


def axes_of(letters: str, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    arrangement = arrange("a.tif", tifffile_letters(letters), shape)
    return arrangement.axes, arranged(np.zeros(shape, np.uint8), arrangement).shape


@pytest.mark.parametrize(
    ("letters", "shape", "axes", "result"),
    [
        ("YX", (8, 9), "YX", (8, 9)),
        ("QYX", (3, 8, 9), "ZYX", (3, 8, 9)),
        ("IYX", (3, 8, 9), "ZYX", (3, 8, 9)),
        ("QQYX", (2, 3, 8, 9), "TZYX", (2, 3, 8, 9)),
        ("TQYX", (2, 3, 8, 9), "TZYX", (2, 3, 8, 9)),
        ("QCYX", (3, 2, 8, 9), "ZCYX", (3, 2, 8, 9)),
        ("TZCYX", (2, 3, 4, 8, 9), "TZCYX", (2, 3, 4, 8, 9)),
        ("HCZYX", (1, 2, 3, 8, 9), "CZYX", (2, 3, 8, 9)),
        ("ZQYX", (3, 1, 8, 9), "ZYX", (3, 8, 9)),
        ("RTCYX", (1, 2, 3, 8, 9), "TCYX", (2, 3, 8, 9)),
        ("EYX", (5, 8, 9), "CYX", (5, 8, 9)),
        ("YXS", (8, 9, 3), "YXC", (8, 9, 3)),
        ("SYX", (3, 8, 9), "YXC", (8, 9, 3)),
        ("SYX", (5, 8, 9), "CYX", (5, 8, 9)),
        ("ZSYX", (2, 3, 8, 9), "ZYXC", (2, 8, 9, 3)),
        ("CYXS", (1, 8, 9, 3), "YXC", (8, 9, 3)),
        ("CYXS", (2, 8, 9, 3), "CYX", (6, 8, 9)),
        ("YXCS", (8, 9, 2, 3), "CYX", (6, 8, 9)),
        ("CSYX", (2, 1, 8, 9), "CYX", (2, 8, 9)),
        ("XYZ", (9, 8, 3), "ZYX", (3, 8, 9)),
        ("YCX", (8, 2, 9), "CYX", (2, 8, 9)),
        ("TYXC", (4, 8, 9, 2), "TYXC", (4, 8, 9, 2)),
    ],
)
def test_known_dimensions_stay_what_they_are(letters, shape, axes, result):
    assert axes_of(letters, shape) == (axes, result)


@pytest.mark.parametrize(
    ("letters", "shape", "answer"),
    [
        ("RCYX", (3, 2, 8, 9), "TCYX"),
        ("ZQYX", (3, 2, 8, 9), "ZTYX"),
        ("HCZYX", (2, 2, 3, 8, 9), "TCZYX"),
        ("TTYX", (2, 3, 8, 9), "CZYX"),
    ],
)
def test_what_is_not_known_is_asked_for(letters, shape, answer):
    with pytest.raises(ImageError, match=rf"--axes .* such as {answer}$") as caught:
        axes_of(letters, shape)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("a.tif has the dimensions ")


@pytest.mark.parametrize(
    ("name", "kind", "letter"),
    [
        ("t", None, "T"),
        ("Time", None, "T"),
        ("channel", None, "C"),
        ("depth", None, "Z"),
        ("rgb", None, "S"),
        ("lambda", "channel", "C"),
        ("moment", "time", "T"),
        ("dim_0", None, ""),
        ("", "space", ""),
        (None, None, ""),
        ("angle", "space", "angle"),
        ("p", None, "p"),
    ],
)
def test_names_of_axes(name, kind, letter):
    assert axis_letter(name, kind) == letter


def is_forward(part: slice) -> bool:
    return part.step is None or part.step > 0


@given(st.data())
def test_a_view_reads_what_numpy_would(data):
    shape = data.draw(st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple))
    array = np.arange(math.prod(shape)).reshape(shape)
    order = data.draw(st.permutations(range(len(shape))))
    dimensions = [(d,) for d in order]
    expected = array.transpose(order)
    if data.draw(st.booleans()):  # one more, of length 1
        at = data.draw(st.integers(0, len(dimensions)))
        dimensions.insert(at, ())
        expected = np.expand_dims(expected, at)
    if data.draw(st.booleans()):  # two joined
        dimensions = [*dimensions[:-2], (order[-2], order[-1])] if dimensions[-2:] == [
            (order[-2],), (order[-1],)
        ] else dimensions  # fmt: skip
        if len(dimensions[-1]) == 2:
            expected = expected.reshape(*expected.shape[:-2], -1)
    view = ArrangedArray(array, tuple(dimensions))
    assert view.shape == expected.shape
    index = tuple(
        data.draw(st.one_of(st.integers(-n, n - 1), st.slices(n).filter(is_forward)))
        for n in view.shape[: data.draw(st.integers(0, view.ndim))]
    )
    np.testing.assert_array_equal(view[index], expected[index])
    np.testing.assert_array_equal(np.asarray(view), expected)
    if max(map(len, dimensions)) == 1:
        values = np.arange(expected[index].size).reshape(expected[index].shape) - 100
        written = expected.copy()
        written[index] = values
        view[index] = values
        np.testing.assert_array_equal(view[()], written)


@pytest.mark.parametrize(
    ("letters", "answer"),
    [("TCZX", "TCYX"), ("XXYX", "TCYX"), ("ZZZ", "TYX"), ("TCYS", "TCYX"), ("RX", "YX")],
)
def test_the_example_of_axes_can_be_an_image(letters, answer):
    with pytest.raises(ImageError, match=rf" such as {answer}$"):
        arrange("a.tif", tuple(letters), (3, 4, 5, 6)[: len(letters)])
