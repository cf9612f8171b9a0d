"""What the model sees when several channels are shown: as on the screen, none of it loaded."""

from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr

from napari_sam import Session
from napari_sam.errors import ImageError
from napari_sam.image.channel_stack import ChannelStack
from napari_sam.image.intensity import IntensityMapping, contrast_mapping
from napari_sam.image.volume import Volume
from napari_sam.model.sam import Sam
from tests.plugin.bench import Bench, Open, picture

GREEN, MAGENTA, BLUE = (0.0, 1.0, 0.0), (1.0, 0.0, 1.0), (0.0, 0.0, 1.0)


# --- mixing ----------------------------------------------------------------------------------


def test_colours_are_added_as_light_is() -> None:
    mapping = IntensityMapping(((0.0, 10.0), (100.0, 300.0)), (GREEN, MAGENTA))
    pixels = np.array([[[10, 100], [0, 300], [5, 200], [10, 300]]], np.uint16)
    np.testing.assert_allclose(
        mapping.apply(pixels)[0],
        [[0, 255, 0], [255, 0, 255], [127.5, 127.5, 127.5], [255, 255, 255]],
    )


def test_what_is_brighter_than_white_is_white() -> None:
    mapping = IntensityMapping(((0.0, 1.0),) * 2, ((1.0, 1.0, 1.0), (1.0, 0.5, 0.0)))
    assert mapping.apply(np.ones((1, 1, 2)))[0, 0].tolist() == [255, 255, 255]


def test_other_colours_are_another_key_and_none_the_old_one() -> None:
    limits = ((0.0, 10.0), (0.5, 3.0))
    keys = {IntensityMapping(limits, c).key for c in ((), (GREEN, BLUE), (BLUE, GREEN))}
    assert "0 to 10; 0.5 to 3" in keys
    assert "0 to 10 in 0 1 0; 0.5 to 3 in 0 0 1" in keys
    assert len(keys) == 3


@pytest.mark.parametrize(
    "colours", [[GREEN], [GREEN, (0, 2, 0)], [GREEN, (0, 1)], "red", [GREEN, (0, float("nan"), 0)]]
)
def test_colours_that_make_no_sense_are_one_line(colours: Any) -> None:
    volume = Volume.from_array(np.zeros((2, 8, 8), np.uint8), axes="CYX")
    with pytest.raises(ImageError, match="2 channels") as caught:
        contrast_mapping(volume, (0, 1), colours)
    assert "\n" not in str(caught.value)


def test_automatic_contrast_is_each_channels_own() -> None:
    rng = np.random.default_rng(0)
    data = np.stack([rng.normal(100, 5, (64, 64)), rng.normal(9000, 300, (64, 64))])
    mapping = contrast_mapping(Volume.from_array(data, axes="CYX"), "auto", [GREEN, BLUE])
    for channel in range(2):
        low, high = np.percentile(data[channel], (0.5, 99.8))
        assert mapping.limits[channel] == pytest.approx((low, high))


# --- a stack of arrays -----------------------------------------------------------------------


def test_channels_of_several_arrays_are_read_where_they_are_looked_at(tmp_path: Path) -> None:
    first, second, third = (picture(3, 40, 48, seed=i) for i in range(3))
    on_disk = zarr.create_array(
        tmp_path / "a.zarr", shape=first.shape, chunks=(1, 20, 24), dtype="u1"
    )
    on_disk[...] = first
    read: list[int] = []

    def load(block_info: Any = None) -> np.ndarray:
        z = block_info[None]["array-location"][0][0]
        read.append(z)
        return second[z : z + 1].astype(np.float32)

    lazy = da.map_blocks(load, chunks=((1,) * 3, (40,), (48,)), dtype=np.float32)
    stack = ChannelStack([on_disk, lazy, third])
    volume = Volume.from_array(stack, axes="CZYX")
    assert not read
    assert (stack.shape, stack.dtype) == ((3, 3, 40, 48), np.float32)
    assert volume.label_shape == (3, 40, 48)
    pixels = volume.read((1,), 5, 6, 15, 26)
    expected = np.stack([first, second, third], axis=-1)[1, 5:15, 6:26]
    np.testing.assert_array_equal(pixels, expected)
    assert read == [1]


def test_arrays_of_different_shapes_are_refused() -> None:
    with pytest.raises(ImageError, match="crop them alike"):
        ChannelStack([np.zeros((4, 5)), np.zeros((5, 4))])


def test_a_session_sees_colours(tiny_model: Sam, tmp_path: Path) -> None:
    data = np.stack([picture(64, 64), picture(64, 64, seed=1)])
    mixed = np.zeros((64, 64, 3), np.uint8)
    mixed[..., 1], mixed[..., 2] = data
    options = {"model": tiny_model, "cache_dir": tmp_path}
    ours = Session.open(
        data, axes="CYX", contrast=(0, 255), colours=[GREEN, BLUE], **options
    ).predict(points=[(30, 30)])
    theirs = Session.open(mixed, contrast=(0, 255), **options).predict(points=[(30, 30)])
    assert ours.bbox == theirs.bbox
    np.testing.assert_array_equal(ours.pixels, theirs.pixels)
    assert len(list(tmp_path.glob("*.zarr"))) == 2  # neither takes the embeddings of the other


# --- in the dock -----------------------------------------------------------------------------


def tick(bench: Bench, name: str) -> None:
    """Tick a name in the list of channels, or take the tick away."""
    bench.dock.image_row.channel_box.list.aboutToShow.emit()
    (action,) = [a for a in bench.dock.image_row.channel_box.list.actions() if a.text() == name]
    action.trigger()
    bench.idle()


def listed(bench: Bench) -> dict[str, bool]:
    return {a.text(): a.isChecked() for a in bench.dock.image_row.channel_box.list.actions()}


def seen(bench: Bench, expected: Session, *place: float) -> None:
    """The dock answers as a Session does that sees what is expected."""
    mask = expected.predict(points=[place])
    full = np.zeros(expected.volume.label_shape, bool)
    y0, x0, y1, x1 = mask.bbox
    full[(*mask.plane, slice(y0, y1), slice(x0, x1))] = mask.pixels
    assert full.any()
    np.testing.assert_array_equal(bench.shown(), full)


def test_two_layers_are_seen_in_their_colours_at_their_contrast(open_dock: Open) -> None:
    nuclei, membrane = picture(4, 40, 48), picture(4, 40, 48, seed=1).astype(np.uint16) * 9
    place = {"scale": (2, 0.5, 0.5), "translate": (1, 2, 3)}
    bench = open_dock(nuclei, name="nuclei", colormap="green", contrast_limits=(10, 200), **place)
    other = bench.viewer.add_image(
        membrane,
        name="membrane",
        colormap="magenta",
        contrast_limits=(100, 1800),
        blending="additive",
        **place,
    )
    bench.viewer.add_image(
        picture(4, 40, 48), name="elsewhere", scale=(2, 1, 1), blending="additive"
    )
    bench.viewer.add_image(picture(40, 48), name="flat", blending="additive")
    bench.idle()
    assert bench.dock.image_row.channel_box.isVisibleTo(bench.dock)
    bench.add(2, 20, 20)
    bench.idle()
    alone = bench.shown()
    tick(bench, "membrane")
    assert listed(bench) == {"membrane": True}
    assert bench.dock.image_row.channel_box.text() == "+ membrane"
    mixed = {"axes": "CZYX", "model": bench.model, "cache_dir": False}
    both = ChannelStack([nuclei, membrane])
    limits = [(10, 200), (100, 1800)]
    seen(
        bench,
        Session.open(both, contrast=limits, colours=[GREEN, MAGENTA], **mixed),
        *(2, 20, 20),
    )
    shown = bench.shown()
    other.contrast_limits, other.colormap = (100, 500), "blue"
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), shown)  # quietly
    bench.drop()
    bench.add(2, 20, 20)
    bench.idle()
    limits[1] = (100, 500)
    seen(bench, Session.open(both, contrast=limits, colours=[GREEN, BLUE], **mixed), 2, 20, 20)
    bench.dock.image_row.auto_contrast.click()
    bench.idle()
    seen(bench, Session.open(both, contrast="auto", colours=[GREEN, BLUE], **mixed), 2, 20, 20)
    bench.dock.image_row.auto_contrast.click()
    tick(bench, "membrane")
    np.testing.assert_array_equal(bench.shown(), alone)
    bench.accept()
    np.testing.assert_array_equal(bench.layer("labels").data > 0, alone)


def test_a_layer_that_goes_is_seen_no_longer(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), name="nuclei")
    other = bench.viewer.add_image(picture(40, 48, seed=1), name="membrane", blending="additive")
    bench.idle()
    tick(bench, "membrane")
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.viewer.layers.remove(other)
    bench.idle()
    assert not bench.dock.image_row.channel_box.isVisibleTo(bench.dock)
    bench.drop()
    bench.add(20, 20)
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[(20, 20)]))


def test_no_more_than_three_layers_are_seen(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), name="a")
    for index, name in enumerate("bcd"):
        bench.viewer.add_image(picture(40, 48, seed=index + 1), name=name, blending="additive")
    bench.idle()
    for name in "bcd":
        tick(bench, name)
    assert listed(bench) == {"d": True, "c": True, "b": False}


def test_channels_of_one_image_are_seen_as_red_green_and_blue(open_dock: Open) -> None:
    data = picture(4, 2, 40, 48)
    bench = open_dock(data, axis_labels=("c", "z", "y", "x"), contrast_limits=(0, 200))
    bench.viewer.dims.set_point(0, 3)
    bench.idle()
    tick(bench, "Channel 1")
    bench.add(3, 1, 20, 20)
    bench.idle()
    bench.accept()
    session = Session.open(
        data, axes="CZYX", channels=(1, 3), contrast=(0, 200), model=bench.model, cache_dir=False
    )
    mask = session.predict(points=[(1, 20, 20)])
    assert np.count_nonzero(bench.layer("labels").data[0]) == mask.area > 0


def test_colours_of_a_picture_need_no_others(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48, 3), rgb=True)
    bench.viewer.add_image(picture(40, 48), name="grey")
    bench.idle()
    assert not bench.dock.image_row.channel_box.isVisibleTo(bench.dock)


def test_a_pyramid_and_a_plain_image_are_seen_together(open_dock: Open) -> None:
    fine = picture(64, 64)
    bench = open_dock([fine, fine[::2, ::2]], multiscale=True, contrast_limits=(0, 255))
    bench.viewer.add_image(
        picture(64, 64, seed=1), name="membrane", contrast_limits=(0, 255), blending="additive"
    )
    bench.idle()
    tick(bench, "membrane")
    bench.add(30, 30)
    bench.idle()
    both = ChannelStack([fine, picture(64, 64, seed=1)])
    white = (1.0, 1.0, 1.0)
    seen(
        bench,
        Session.open(
            both,
            axes="CYX",
            contrast=(0, 255),
            colours=[white, white],
            model=bench.model,
            cache_dir=False,
        ),
        *(30, 30),
    )
