"""TIFF series: exact values of every compression, whatever the layout; damage is told by place."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_sam.errors import ImageError
from napari_sam.image.decode.cached_chunks import CachedChunks
from napari_sam.image.decode.mapped_planes import MappedPlanes
from napari_sam.image.read import read_image
from napari_sam.image.volume import Volume

RNG = np.random.default_rng(0)
SMOOTH = np.add.outer(np.arange(64), np.arange(80)).astype(np.uint8)
PIXELS: dict[str, np.ndarray] = {
    "bit": RNG.random((64, 80)) > 0.5,
    "uint8": RNG.integers(0, 256, (64, 80), np.uint8),
    "uint16": RNG.integers(0, 65536, (64, 80)).astype(np.uint16),
    "float32": RNG.random((64, 80)).astype(np.float32),
    "rgb": RNG.integers(0, 256, (64, 80, 3), np.uint8),
}
EXACT = {
    **dict.fromkeys(("lzw", "adobe_deflate", "deflate"), "bit uint8 uint16 float32 rgb"),
    **dict.fromkeys(("packbits", "lzma", "zstd", "pixtiff"), "bit uint8 uint16 float32 rgb"),
    **dict.fromkeys(("lerc", "jpegxl", "zstd_deprecated"), "uint8 uint16 float32 rgb"),
    **dict.fromkeys(("jpeg2000", "jpeg_2000_lossy", "png", "jpegxr"), "uint8 uint16 rgb"),
    **dict.fromkeys(("aperio_jp2000_ycbc", "aperio_jp2000_rgb"), "uint8 uint16 rgb"),
    "webp": "rgb",
}  # fmt: skip
"""Compression -> the pixels that it keeps."""


def whole(volume: Volume) -> np.ndarray:
    planes = [volume.read(p, 0, 0, volume.height, volume.width) for p in volume.planes()]
    return np.reshape(planes, (*volume.label_shape, len(volume.channels)))


def write(path: Path, pixels: np.ndarray, **options: Any) -> Path:
    photometric = options.pop("photometric", "rgb" if pixels.shape[-1] == 3 else "minisblack")
    tifffile.imwrite(path, pixels, photometric=photometric, **options)
    return path


def stored(path: Path) -> np.ndarray:
    volume = read_image(path)
    pixels = whole(volume)
    return pixels if len(volume.channels) > 1 else pixels[..., 0]


# --- compressions --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("compression", "kind"), [(c, kind) for c, kinds in EXACT.items() for kind in kinds.split()]
)
def test_what_is_packed_without_loss_is_read_exactly(tmp_path, compression, kind):
    layout = {} if kind == "bit" else {"tile": (32, 32)}
    path = write(tmp_path / "a.tif", PIXELS[kind], compression=compression, **layout)
    np.testing.assert_array_equal(stored(path), PIXELS[kind])


@pytest.mark.parametrize("compression", ["lzw", "adobe_deflate", "zstd", "lzma"])
@pytest.mark.parametrize(("kind", "predictor"), [("uint16", 2), ("rgb", 2), ("float32", 3)])
def test_predictors(tmp_path, compression, kind, predictor):
    path = write(
        tmp_path / "a.tif", PIXELS[kind], compression=compression, predictor=predictor,
        rowsperstrip=9,
    )  # fmt: skip
    np.testing.assert_array_equal(stored(path), PIXELS[kind])


@pytest.mark.parametrize("compression", ["jpeg", "jpeg_lossy", "webp", "jpegxl", "jpegxr"])
def test_what_is_packed_with_loss_is_read_closely(tmp_path, compression):
    colours = np.stack([SMOOTH, SMOOTH // 2, 200 - SMOOTH], -1)
    options = {"compressionargs": {"level": 90}}
    path = write(tmp_path / "a.tif", colours, compression=compression, tile=(32, 32), **options)
    np.testing.assert_allclose(stored(path).astype(int), colours.astype(int), atol=20)


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_fax_compression(tmp_path, compression):
    mask = SMOOTH > 70
    Image.fromarray(mask).save(tmp_path / "a.tif", compression=compression)
    np.testing.assert_array_equal(stored(tmp_path / "a.tif"), mask)


def test_slide_of_a_scanner(tmp_path):
    """SVS: JPEG tiles, a thumbnail as the second page, then coarser levels."""
    slide = np.kron(np.stack([SMOOTH, SMOOTH // 2, 200 - SMOOTH], -1), np.ones((8, 8, 1), np.uint8))
    tile = {"tile": (256, 256), "compression": "jpeg", "photometric": "rgb", "metadata": None}
    path = tmp_path / "a.svs"
    text = "Aperio Image Library v11.2.1 \r\n640x512 [0,0 640x512] (256x256) JPEG/RGB Q=90"
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(slide, description=text, **tile)
        tiff.write(slide[::8, ::8], rowsperstrip=64, compression="jpeg", photometric="rgb",
                   description=text, metadata=None)  # fmt: skip
        tiff.write(slide[::4, ::4], description=text, **tile)
    volume = read_image(path)
    assert (volume.axes, volume.label_shape) == ("YXC", (512, 640))
    np.testing.assert_allclose(whole(volume).astype(int), slide.astype(int), atol=20)


# --- layouts -------------------------------------------------------------------------------

STACK = RNG.integers(0, 65536, (3, 2, 40, 50)).astype(np.uint16)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize(
    "layout",
    [
        {"rowsperstrip": 40},
        {"rowsperstrip": 7},
        {"rowsperstrip": 1, "compression": "zlib"},
        {"rowsperstrip": 40, "compression": "zlib"},
        {"tile": (16, 16)},
        {"imagej": True},
        {"ome": True},
        {"contiguous": False},
    ],
)
def test_any_layout_has_the_same_pixels(tmp_path, layout, byteorder):
    path = tmp_path / "a.tif"
    axes = {"axes": "ZCYX"}
    if not layout.pop("contiguous", True):  # other data between the planes
        with tifffile.TiffWriter(path, byteorder=byteorder) as tiff:
            for plane in STACK.reshape(-1, 40, 50):
                tiff.write(plane, photometric="minisblack", contiguous=False, metadata=None)
        volume = read_image(path)
        assert isinstance(volume.data, MappedPlanes)
        np.testing.assert_array_equal(whole(volume)[..., 0], STACK.reshape(-1, 40, 50))
        return
    tifffile.imwrite(
        path, STACK, byteorder=byteorder, photometric="minisblack", metadata=axes, **layout
    )
    volume = read_image(path)
    assert volume.dtype == np.dtype(np.uint16)
    np.testing.assert_array_equal(whole(volume), np.moveaxis(STACK, 1, -1))
    region = volume.read((2,), 5, 6, 33, 41)
    np.testing.assert_array_equal(region, np.moveaxis(STACK[2, :, 5:33, 6:41], 0, -1))


@pytest.mark.parametrize("planarconfig", ["contig", "separate"])
def test_samples_together_or_apart(tmp_path, planarconfig):
    pixels = PIXELS["rgb"] if planarconfig == "contig" else np.moveaxis(PIXELS["rgb"], -1, 0)
    for name, options in (("mapped", {}), ("packed", {"compression": "lzw"})):
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, pixels, photometric="rgb", planarconfig=planarconfig, **options)
        np.testing.assert_array_equal(whole(read_image(path)), PIXELS["rgb"])


def test_what_is_not_compressed_is_mapped_and_a_strip_is_decoded_once(tmp_path):
    plain = write(tmp_path / "plain.tif", PIXELS["uint16"], rowsperstrip=64)
    packed = write(tmp_path / "packed.tif", PIXELS["uint16"], rowsperstrip=64, compression="lzw")
    assert isinstance(read_image(plain).data, MappedPlanes)
    volume = read_image(packed)
    assert isinstance(volume.data, CachedChunks)
    volume.read((), 0, 0, 4, 4)
    packed.write_bytes(packed.read_bytes()[:200])  # nothing is read from the file any more
    np.testing.assert_array_equal(volume.read((), 0, 0, 64, 80)[..., 0], PIXELS["uint16"])


@pytest.mark.slow
def test_imagej_stack_of_more_than_4_gb(tmp_path):
    """Fiji writes one page and all planes after it, without a gap."""
    path, count, side = tmp_path / "large.tif", 40, 8000
    text = f"ImageJ=1.54f\nimages={count}\nslices={count}\nloop=false\n"
    tifffile.imwrite(
        path, shape=(side, side), dtype=">u2", byteorder=">", description=text, metadata=None
    )
    with tifffile.TiffFile(path) as tiff:
        offset = tiff.pages[0].dataoffsets[0]
    with path.open("r+b") as file:  # the rest is a hole that takes no room on the disk
        file.truncate(offset + 2 * count * side**2)
        file.seek(offset + 2 * int(np.ravel_multi_index((39, 7000, 6000), (count, side, side))))
        file.write((1234).to_bytes(2, "big"))
    volume = read_image(path)
    assert volume.plane_shape == (40,)
    assert volume.read((39,), 7000, 6000, 7001, 6001).tolist() == [[[1234]]]


# --- tags ----------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", [None, "lzw"])
def test_where_the_smallest_value_is_white_it_becomes_the_largest(tmp_path, compression):
    for kind, top in (("uint8", 255), ("uint16", 65535)):
        path = write(
            tmp_path / "a.tif", PIXELS[kind], photometric="miniswhite", compression=compression
        )
        np.testing.assert_array_equal(stored(path), top - PIXELS[kind])
        labels = read_image(path, labels=True)
        np.testing.assert_array_equal(whole(labels)[..., 0], PIXELS[kind])


def test_a_mask_of_which_0_is_white(tmp_path):
    mask = SMOOTH > 70
    path = write(tmp_path / "a.tif", mask, photometric="miniswhite")
    np.testing.assert_array_equal(stored(path), ~mask)


@pytest.mark.parametrize("compression", [None, "lzw"])
def test_a_palette_gives_colours_and_labels_keep_its_indices(tmp_path, compression):
    colours = RNG.integers(0, 256, (256, 3), np.uint8)
    palette = colours.T.astype(np.uint16) * 257
    path = write(
        tmp_path / "a.tif", PIXELS["uint8"], photometric="palette", colormap=palette,
        compression=compression,
    )  # fmt: skip
    volume = read_image(path)
    assert volume.is_rgb
    np.testing.assert_array_equal(whole(volume), colours[PIXELS["uint8"]])
    np.testing.assert_array_equal(
        volume.read((), 3, 4, 20, 30), colours[PIXELS["uint8"][3:20, 4:30]]
    )
    np.testing.assert_array_equal(whole(read_image(path, labels=True))[..., 0], PIXELS["uint8"])


def test_a_grey_palette_is_an_image_of_one_channel(tmp_path):
    palette = np.tile(np.arange(256, dtype=np.uint16)[::-1] * 257, (3, 1))
    path = write(tmp_path / "a.tif", PIXELS["uint8"], photometric="palette", colormap=palette)
    np.testing.assert_array_equal(stored(path), 255 - PIXELS["uint8"])


# --- damage --------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["lzw", "adobe_deflate", "zstd", "jpeg2000"])
def test_a_broken_tile_is_named_and_the_others_are_read(tmp_path, compression):
    path = write(tmp_path / "a.tif", PIXELS["uint16"], tile=(32, 32), compression=compression)
    with tifffile.TiffFile(path) as tiff:
        start, size = tiff.pages[0].dataoffsets[4], tiff.pages[0].databytecounts[4]
    content = bytearray(path.read_bytes())
    content[start : start + size] = bytes(size)
    path.write_bytes(content)
    volume = read_image(path)
    np.testing.assert_array_equal(volume.read((), 0, 0, 32, 80)[..., 0], PIXELS["uint16"][:32])
    with pytest.raises(ImageError) as caught:
        volume.read((), 0, 0, 64, 80)
    message = str(caught.value)
    assert f"the tile at Y 32 to 63, X 32 to 63 is damaged ({compression.upper()}: " in message
    assert message.startswith(f"part of {path} cannot be read: ")
    assert "\n" not in message


def test_the_planes_before_the_end_of_a_cut_file_are_read(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for plane in STACK.reshape(-1, 40, 50):
            tiff.write(plane, photometric="minisblack", contiguous=False, metadata=None)
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tiff.pages[2].tags["StripOffsets"].overwrite((path.stat().st_size - 10,))
    volume = read_image(path)
    np.testing.assert_array_equal(volume.read((1,), 0, 0, 40, 50)[..., 0], STACK[0, 1])
    with pytest.raises(ImageError, match="it ends within plane 2; check that the file is whole"):
        volume.read((2,), 0, 0, 40, 50)


def test_a_compression_without_a_decoder_is_named(tmp_path):
    path = write(tmp_path / "a.tif", PIXELS["uint8"], compression="lzw")
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tiff.pages[0].tags["Compression"].overwrite(34676)
    with pytest.raises(ImageError, match="is packed as SGILOG, which cannot be decoded") as caught:
        read_image(path)
    assert "save it as LZW or without compression" in str(caught.value)
