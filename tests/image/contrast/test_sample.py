"""Sample: a thousandth of content is found in an image that is otherwise empty."""

from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr

from napari_sam import Session
from napari_sam.errors import ImageError
from napari_sam.image.contrast.read_boxes import read_boxes
from napari_sam.image.contrast.sample import Sample
from napari_sam.image.contrast.spread import patch_boxes
from napari_sam.image.decode.cached_chunks import CachedChunks
from napari_sam.image.intensity import contrast_mapping
from napari_sam.image.read import read_image
from napari_sam.image.volume import Volume
from tests.image.contrast.scenes import RADIUS, disc, nuclei
from tests.image.counting_store import CountingStore

SIDE = 20_000


def slide(path: Path, squares: int, background: float) -> tuple[Any, list[tuple[int, int]]]:
    """A zarr of 20,000 pixels a side with nuclei in a few chunks; the other chunks do not exist."""
    array = zarr.create_array(
        path, shape=(SIDE, SIDE), chunks=(1024, 1024), dtype=np.uint16, fill_value=0
    )
    centres = []
    for k in range(squares):
        y0, x0 = 1024 * (k * 7 % 19), 1024 * (k * 11 % 19)
        square, inside = nuclei((1024, 1024), 40, seed=k, background=background)
        if not background:
            square = np.where(square < 20, 0, square).astype(np.uint16)
        array[y0 : y0 + 1024, x0 : x0 + 1024] = square
        centres += [(y0 + y, x0 + x) for y, x in inside]
    return array, centres


@pytest.mark.long
@pytest.mark.parametrize("background", [0, 100])
def test_a_click_on_a_slide_of_two_percent_gives_the_nucleus(tmp_path, background):
    _, centres = slide(tmp_path / "slide.zarr", 8, background)
    session = Session.open(tmp_path / "slide.zarr", cache_dir=False, device="cpu")
    assert session.warnings == []
    for y, x in centres[::150]:
        mask = session.predict([(y, x)])
        y0, x0, y1, x1 = mask.bbox
        inside = np.zeros((200, 200), bool)
        inside[y0 - y + 100 : y1 - y + 100, x0 - x + 100 : x1 - x + 100] = mask.pixels
        true = np.zeros_like(inside)
        true[100 - RADIUS : 101 + RADIUS, 100 - RADIUS : 101 + RADIUS] = disc()
        assert (inside & true).sum() / (inside | true).sum() > 0.8


@pytest.mark.long
def test_a_thousandth_is_found_by_any_kind_of_array(tmp_path):
    """The same limits: which blocks are known to be empty changes the time only."""
    square, _ = nuclei((632, 632), 20)
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=(SIDE, SIDE), chunks=(1024, 1024), dtype=np.uint16
    )
    array[9000:9632, 3000:3632] = square
    by_zarr = contrast_mapping(read_image(tmp_path / "a.zarr")).limits
    assert by_zarr[0] == pytest.approx((87, 490), abs=25)
    in_memory = np.zeros((SIDE, SIDE), np.uint16)
    in_memory[9000:9632, 3000:3632] = square
    assert contrast_mapping(Volume.from_array(in_memory)).limits == by_zarr
    coarse = in_memory[::16, ::16]
    lazy = da.from_array(in_memory, (4096, 4096))
    assert contrast_mapping(Volume.from_array(lazy, coarse=coarse)).limits == by_zarr


class Strips:
    """Strips of an image that remember which of them were decoded, by their first row."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels, self.decoded = pixels, list[int]()
        self.shape, self.dtype = pixels.shape, pixels.dtype

    def __getitem__(self, region: tuple[slice, ...]) -> np.ndarray:
        self.decoded.append(region[0].start)
        return self.pixels[region]


def test_blocks_of_a_strip_are_searched_together():
    """A strip is as wide as the image: to go from one to another would decode all many times."""
    slide = np.zeros((6144, 6144), np.uint8)
    slide[3000:3300, 5000:5300] = nuclei((300, 300), 8)[0] // 2
    strips = Strips(slide)
    cached = CachedChunks(strips, (512, 6144), size=2 * 512 * 6144)
    ((low, high),) = contrast_mapping(Volume.from_array(cached)).limits
    assert (low, high) == pytest.approx((43, 245), abs=13)
    assert sorted(strips.decoded[-12:]) == list(range(0, 6144, 512))


def test_blocks_that_a_coarser_level_shows_to_be_empty_are_not_read():
    store = CountingStore()
    array = zarr.create_array(
        store,
        shape=(2, 8192, 8192),
        chunks=(1, 1024, 1024),
        dtype=np.uint8,
        config={"write_empty_chunks": True},
    )
    image = np.zeros((2, 8192, 8192), np.uint8)
    image[1, 4200:4400, 300:500] = 50 + np.arange(200)
    array[:] = image
    volume = Volume.from_array(array, coarse=image[:, ::8, ::8])
    store.chunks_read.clear()
    sample = Sample.read(volume)
    assert sum(int((patch > 0).sum()) for patch in sample.further) == 200 * 200
    assert store.chunks_read[-1] == "c/1/4/0"
    assert len(store.chunks_read) < 100  # of 128, for the regular sample


@pytest.mark.parametrize("shards", [None, (2048, 2048)])
def test_chunks_and_shards_that_do_not_exist_are_not_read(shards):
    store = CountingStore()
    array = zarr.create_array(
        store, shape=(16_384, 16_384), chunks=(1024, 1024), shards=shards, dtype=np.uint16
    )
    array[5000:5400, 5000:5400] = np.broadcast_to(np.arange(400, dtype=np.uint16) + 1, (400, 400))
    ((low, high),) = contrast_mapping(Volume.from_array(array)).limits
    assert (low, high) == pytest.approx((1, 400), abs=4)
    assert len(store.chunks_read) < 200


def test_a_plane_with_content_is_found_among_many_empty_ones():
    stack = np.zeros((500, 512, 512), np.uint16)
    stack[333] = nuclei((512, 512), 12)[0]
    ((low, high),) = contrast_mapping(Volume.from_array(stack)).limits
    assert (low, high) == pytest.approx((87, 490), abs=25)


def test_limits_that_turn_the_content_white_are_told():
    image = np.zeros((500, 500), np.uint16)
    image[100:400, 100:400] = nuclei((300, 300), 6)[0]
    session = Session.open(image, cache_dir=False, contrast=(0, 1), device="cpu")
    assert session.warnings == [
        "100% of the content of image is brighter than the upper contrast limit 1 and looks white "
        "to the model: raise the limit, or use automatic contrast"
    ]
    assert Session.open(image, cache_dir=False, contrast=(0, 500), device="cpu").warnings == []


def test_regions_read_side_by_side_are_those_read_one_by_one(tmp_path: Path) -> None:
    array = zarr.create_array(
        tmp_path / "image.zarr", shape=(3, 1500, 1600), chunks=(1, 256, 256), dtype=np.uint16
    )
    array[:] = np.random.default_rng(0).integers(0, 60_000, array.shape)
    volume = read_image(tmp_path / "image.zarr", axes="ZYX")
    boxes = list(patch_boxes(volume))
    regions = read_boxes(volume, boxes)
    assert len(regions) == len(boxes) > 16
    for region, (plane, y0, x0, y1, x1) in zip(regions, boxes, strict=True):
        np.testing.assert_array_equal(region[..., 0], array[plane[0], y0:y1, x0:x1])


def test_a_damaged_chunk_is_said_as_from_any_other_file(tmp_path: Path) -> None:
    path = tmp_path / "image.zarr"
    zarr.create_array(path, data=np.ones((1500, 1600), np.uint16), chunks=(256, 256))
    for chunk in path.glob("c/*/*"):
        chunk.write_bytes(b"torn")
    with pytest.raises(ImageError, match=r"image\.zarr cannot be read: .*decompression"):
        contrast_mapping(read_image(path))
