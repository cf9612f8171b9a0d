"""Layers <-> values, without Qt: napari.layers and ViewerModel only."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Shapes

from napari_sam.errors import ImageError
from napari_sam.masks.mask import Mask
from napari_sam.plugin.image.image_source import (
    ImageSource,
    axis_letters,
    image_layers,
    read_image_layer,
)
from napari_sam.plugin.layers.labels_layer import make_labels
from napari_sam.plugin.layers.placement import translate_of
from napari_sam.plugin.layers.preview_layer import make_preview, preview_data
from napari_sam.plugin.layers.prompt_layers import make_points, make_shapes
from napari_sam.plugin.layers.read_prompts import FoundPrompts, read_prompts
from napari_sam.plugin.worker.number_objects import number_objects
from napari_sam.plugin.workspace import Workspace
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt

PLACED = {
    "scale": (2.0, 0.5, 0.25),
    "translate": (10.0, -3.0, 7.0),
    "rotate": 30,
    "units": ("um", "um", "um"),
    "axis_labels": ("z", "y", "x"),
}


def source_of(layer: Image, world: tuple[float, ...] | None = None) -> ImageSource:
    return read_image_layer(layer, world or (0.0,) * layer.ndim, auto_contrast=False)


def mask_at(plane: tuple[int, ...], y0: int, x0: int, pixels: list[list[int]]) -> Mask:
    array = np.array(pixels, bool)
    return Mask(plane, (y0, x0, y0 + array.shape[0], x0 + array.shape[1]), array, 0.9, 3.0)


@pytest.mark.parametrize(
    ("ndim", "names", "letters"),
    [
        (2, ("-2", "-1"), "YX"),
        (3, ("-3", "-2", "-1"), "ZYX"),
        (3, ("Channel", "y", "x"), "CYX"),
        (3, ("time", "Y", "X"), "TYX"),
        (4, ("a", "b", "c", "d"), "TZYX"),
        (4, ("c", "z", "y", "x"), "CZYX"),
        (5, (), "TCZYX"),
        (3, ("z", "x", "y"), "ZYX"),
    ],
)
def test_axes_are_read_from_names_or_guessed(
    ndim: int, names: tuple[str, ...], letters: str
) -> None:
    assert axis_letters(ndim, names) == letters


def test_seven_dimensions_are_refused_in_one_line() -> None:
    with pytest.raises(ImageError, match="7 dimensions") as caught:
        axis_letters(7, ())
    assert "\n" not in str(caught.value)


def test_the_model_sees_the_contrast_limits_of_the_layer() -> None:
    layer = Image(np.zeros((8, 9), np.uint16), contrast_limits=(100, 900))
    assert source_of(layer).contrast == (100.0, 900.0)
    assert read_image_layer(layer, (0, 0), auto_contrast=True).contrast == "auto"


@pytest.mark.parametrize(("dtype", "high"), [(np.uint8, 255.0), (np.float32, 1.0)])
def test_colours_are_seen_over_the_whole_range_of_their_type(dtype: type, high: float) -> None:
    source = source_of(Image(np.zeros((8, 9, 3), dtype), rgb=True))
    assert (source.axes, source.contrast) == ("YXC", (0.0, high))
    assert source.plane_size == (8, 9)


def test_multiscale_gives_the_full_resolution() -> None:
    levels = [np.zeros((64, 64), np.uint8), np.zeros((32, 32), np.uint8)]
    assert source_of(Image(levels, multiscale=True)).data is levels[0]


def test_the_shown_channel_is_the_one_of_the_slider() -> None:
    layer = Image(
        np.zeros((4, 3, 8, 9), np.uint8),
        axis_labels=("t", "c", "y", "x"),
        scale=(1, 2, 1, 1),
        units=("s", "pixel", "um", "um"),
    )
    source = source_of(layer, (3.0, 4.0, 0.0, 0.0))
    assert source.channel == 2
    assert source.plane_shape == (4,)
    assert source.to_plane((3.2, 2.0, 5.0, 6.0)) == (3,)
    assert source.calibration.units == ("second", "micrometer", "micrometer")


def test_image_layers_come_topmost_first_and_labels_are_none() -> None:
    viewer = ViewerModel()
    first = viewer.add_image(np.zeros((4, 4)))
    viewer.add_labels(np.zeros((4, 4), int))
    second = viewer.add_image(np.zeros((4, 4)))
    assert image_layers(viewer.layers) == [second, first]


def test_our_layers_lie_where_the_image_lies() -> None:
    image = Image(np.zeros((5, 40, 60), np.uint8), **PLACED)
    source = source_of(image)
    corner = (3, 17, 41)
    for layer in (make_points(image), make_shapes(image, (40, 60)), make_labels(image, source)):
        np.testing.assert_allclose(layer.data_to_world(corner), image.data_to_world(corner))
        assert layer.units == image.units
        assert layer.axis_labels == image.axis_labels
    labels = make_labels(image, source)
    assert (labels.data.dtype, labels.data.shape) == (np.uint32, (5, 40, 60))


def test_the_preview_lies_where_its_mask_lies() -> None:
    image = Image(np.zeros((5, 40, 60), np.uint8), **PLACED)
    masks = [mask_at((2,), 10, 20, [[0, 0], [0, 1]]), mask_at((4,), 5, 30, [[1, 1]])]
    data, start = preview_data(source_of(image), {1: masks})
    assert (data.shape, start) == ((3, 7, 11), (2, 5, 21))
    assert sorted(map(tuple, np.argwhere(data))) == [(0, 6, 0), (2, 0, 9), (2, 0, 10)]
    preview = make_preview(image)
    preview.data, preview.translate = data, translate_of(image, start)
    np.testing.assert_allclose(preview.data_to_world((0, 6, 0)), image.data_to_world((2, 11, 21)))


def test_labels_are_shared_by_all_channels() -> None:
    image = Image(np.zeros((3, 20, 20), np.uint8), axis_labels=("c", "y", "x"))
    viewer = ViewerModel()
    viewer.add_layer(image)
    work = Workspace(viewer, image, source_of(image), lambda layer: None)
    work.writer.accept([mask_at((), 4, 5, [[1, 1], [0, 1]])])
    for channel in range(3):
        assert sorted(map(tuple, np.argwhere(work.labels.data[channel]))) == [
            (4, 5), (4, 6), (5, 6)
        ]  # fmt: skip


# --- prompts ---------------------------------------------------------------------------------


@pytest.fixture
def stack() -> Image:
    return Image(np.zeros((5, 40, 60), np.uint8), scale=(2, 0.5, 0.5))


def prompts_of(stack: Image, points: object = None, shapes: object = None) -> FoundPrompts:
    return read_prompts(source_of(stack), stack, points, shapes)


def test_clicks_become_points_on_their_planes(stack: Image) -> None:
    points = make_points(stack)
    points.add([[2, 10, 20], [4, 3, 3]])
    points.feature_defaults = {"label": "background", "object": 1}
    points.add([2, 11, 21])
    found = prompts_of(stack, points)
    assert list(found.objects[1]) == [(2,), (4,)]
    assert found.objects[1][(2,)].prompts == [
        PointPrompt((2, 10.0, 20.0), 1),
        PointPrompt((2, 11.0, 21.0), 0),
    ]
    assert found.objects[1][(4,)].positive


def test_clicks_are_drawn_in_their_colour_alone(stack: Image) -> None:
    points = make_points(stack)
    points.add([2, 10, 20])
    np.testing.assert_array_equal(points.border_color, points.face_color)
    assert [str(symbol) for symbol in points.symbol] == ["ring"]


def test_a_moved_points_layer_means_what_is_seen(stack: Image) -> None:
    points = make_points(stack)
    points.add([2, 10, 20])
    points.translate = (0, 1, 2)  # in the world, where a pixel is 0.5
    assert prompts_of(stack, points).objects[1][(2,)].prompts == [PointPrompt((2, 12.0, 24.0), 1)]


@pytest.mark.parametrize("place", [(2, -0.6, 5), (2, 5, 59.6), (5, 5, 5), (-1, 5, 5)])
def test_clicks_outside_are_named(stack: Image, place: tuple[float, ...]) -> None:
    points = make_points(stack)
    points.add([2, 10, 20])
    points.add(place)
    found = prompts_of(stack, points)
    assert found.bad_points == [1]
    assert "outside of the image" in found.problems[0]


def test_rectangles_are_boxes_cut_to_the_image(stack: Image) -> None:
    shapes = make_shapes(stack, (40, 60))
    shapes.add_rectangles(np.array([[3, -5, 4], [3, -5, 30], [3, 12, 30], [3, 12, 4]]))
    assert prompts_of(stack, shapes=shapes).objects[1][(3,)].prompts == [
        BoxPrompt((3, 0.0, 4.0), (3, 12.0, 30.0))
    ]


def test_polygons_are_boxes_and_masks(stack: Image) -> None:
    shapes = make_shapes(stack, (40, 60))
    shapes.add_polygons(np.array([[1, 10, 10], [1, 10, 20], [1, 20, 10]]))
    box, mask = prompts_of(stack, shapes=shapes).objects[1][(1,)].prompts
    assert box == BoxPrompt((1, 10.0, 10.0), (1, 20.0, 20.0))
    assert isinstance(mask, MaskPrompt)
    assert (mask.plane, mask.bbox) == ((1,), (10, 10, 21, 21))
    assert mask.pixels[2, 2]
    assert not mask.pixels[8, 8]


def test_ellipses_are_boxes_and_masks_of_their_area(stack: Image) -> None:
    shapes = make_shapes(stack, (40, 60))
    shapes.add_ellipses(np.array([[0, 5, 10], [0, 5, 40], [0, 25, 40], [0, 25, 10]]))
    _, mask = prompts_of(stack, shapes=shapes).objects[1][(0,)].prompts
    assert isinstance(mask, MaskPrompt)
    assert mask.pixels.sum() == pytest.approx(np.pi * 10 * 15, rel=0.03)


@pytest.mark.parametrize(
    ("corners", "kind", "reason"),
    [
        ([[0, 3, 3], [0, 3, 3], [0, 9, 3], [0, 9, 3]], "rectangle", "no area"),
        ([[0, 50, 3], [0, 50, 9], [0, 55, 9], [0, 55, 3]], "rectangle", "no area in the image"),
        ([[0, 3, 3], [2, 3, 9], [2, 9, 9], [0, 9, 3]], "polygon", "more than one slice"),
        ([[0, 3, 3], [1, 3, 9]], "line", "more than one slice"),
        ([[0, -3, 3], [0, -9, 3]], "path", "outside of the image"),
    ],
)
def test_shapes_that_say_nothing_are_named(
    stack: Image, corners: list[list[float]], kind: str, reason: str
) -> None:
    shapes = Shapes([np.array(corners, float)], shape_type=kind, scale=stack.scale)
    found = prompts_of(stack, shapes=shapes)
    assert found.bad_shapes == [0]
    assert reason in found.problems[0]
    assert not found.objects


# --- accepting -------------------------------------------------------------------------------


@pytest.fixture
def workspace(stack: Image) -> Workspace:
    viewer = ViewerModel()
    viewer.add_layer(stack)
    return Workspace(viewer, stack, source_of(stack), lambda layer: None)


def test_an_object_in_two_slices_is_one_label_and_one_undo_step(workspace: Workspace) -> None:
    masks = [mask_at((1,), 3, 4, [[1, 1]]), mask_at((2,), 3, 4, [[1, 0]])]
    assert workspace.writer.accept(masks) == (1, 3)
    assert np.count_nonzero(workspace.labels.data == 1) == 3
    workspace.undo()
    assert not workspace.labels.data.any()


def test_labels_of_others_stay_theirs(workspace: Workspace) -> None:
    workspace.labels.data[1, 3, 4] = 9
    assert workspace.writer.accept([mask_at((1,), 3, 4, [[1, 1]])]) == (10, 1)
    assert list(workspace.labels.data[1, 3, 4:6]) == [9, 10]


def test_a_label_painted_by_hand_is_not_used_again(workspace: Workspace) -> None:
    workspace.labels.data_setitem((np.array([0]), np.array([0]), np.array([0])), 57)
    label, _ = workspace.writer.accept([mask_at((1,), 3, 4, [[1]])])
    assert label == 58


def test_all_objects_of_a_slice_are_one_undo_step(workspace: Workspace) -> None:
    workspace.writer.accept([mask_at((2,), 5, 5, [[1, 1]])])
    masks = [mask_at((2,), 5, 5, [[1, 1]]), mask_at((2,), 8, 9, [[1]]), mask_at((2,), 1, 2, [[1]])]
    assert workspace.writer.accept_all(number_objects(masks)) == 2
    assert list(workspace.labels.data[2, [5, 5, 8, 1], [5, 6, 9, 2]]) == [1, 1, 2, 3]
    workspace.undo()
    assert set(np.unique(workspace.labels.data)) == {0, 1}


def test_deleted_labels_come_back_for_the_next_object(workspace: Workspace) -> None:
    workspace.viewer.layers.remove(workspace.labels)
    workspace.forget(workspace.labels)
    workspace.writer.accept([mask_at((0,), 3, 4, [[1]])])
    assert workspace.viewer.layers["SAM labels"].data[0, 3, 4] == 1


def test_layers_follow_an_image_that_is_moved(workspace: Workspace) -> None:
    workspace.image.scale = (1, 3, 3)
    workspace.image.translate = (5, 6, 7)
    for layer in (
        workspace.prompts.points,
        workspace.prompts.shapes,
        workspace.labels,
        workspace.preview.layer,
    ):
        np.testing.assert_allclose(
            layer.data_to_world((0, 0, 0)), workspace.image.data_to_world((0, 0, 0))
        )


def test_closing_leaves_what_has_content(workspace: Workspace) -> None:
    workspace.prompts.points.add([1, 2, 3])
    workspace.writer.accept([mask_at((0,), 3, 4, [[1]])])
    workspace.close()
    assert [layer.name for layer in workspace.viewer.layers] == [
        "Image",
        "SAM labels",
        "SAM points",
    ]
    assert (
        len(workspace.image.events.scale.callbacks)
        == len(Image(np.zeros((2, 2))).events.scale.callbacks) + _viewer_callbacks()
    )


def _viewer_callbacks() -> int:
    """How many callbacks napari itself puts on the scale of a layer in a viewer."""
    viewer = ViewerModel()
    layer = viewer.add_image(np.zeros((2, 2)))
    return len(layer.events.scale.callbacks) - len(Image(np.zeros((2, 2))).events.scale.callbacks)
