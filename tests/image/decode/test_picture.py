"""Picture: PNG with its depth and of any size, and one line about a broken one."""

import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from napari_sam.errors import ImageError
from napari_sam.image.decode.picture import read_picture
from napari_sam.image.read import read_image

RNG = np.random.default_rng(0)


def png(path: Path, pixels: np.ndarray) -> Path:
    path.write_bytes(imagecodecs.png_encode(pixels))
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("samples", "kept"), [(1, 1), (2, 1), (3, 3), (4, 4)])
def test_png_keeps_its_depth(tmp_path, dtype, samples, kept):
    """Grey and alpha is grey; of RGBA the model gets the colours."""
    top = np.iinfo(dtype).max
    pixels = RNG.integers(0, top, (20, 30, samples)).astype(dtype)
    path = png(tmp_path / "a.png", pixels if samples > 1 else pixels[..., 0])
    volume = read_image(path)
    assert volume.dtype == dtype
    assert volume.axes == ("YX" if kept == 1 else "YXC")
    shown = volume.read((), 0, 0, 20, 30)
    np.testing.assert_array_equal(shown, pixels[..., : min(kept, 3)])
    np.testing.assert_array_equal(read_picture(path).reshape(20, 30, -1), pixels[..., :kept])


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_are_stretched_to_black_and_white(tmp_path, bits):
    pixels = RNG.integers(0, 2**bits, (6, 8)).astype(np.uint8)
    spread = np.unpackbits(pixels[..., None], axis=-1)[..., -bits:].reshape(6, -1)
    rows = b"".join(b"\0" + np.packbits(row).tobytes() for row in spread)
    (tmp_path / "a.png").write_bytes(container(8, 6, bits, 0, zlib.compress(rows)))
    image = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(image.astype(float) / image.max(), pixels / (2**bits - 1))


def test_a_palette_gives_colours_and_labels_keep_its_indices(tmp_path):
    indices = RNG.integers(0, 7, (20, 30)).astype(np.uint8)
    picture = Image.fromarray(indices)
    picture.putpalette(RNG.integers(0, 256, 7 * 3, np.uint8).tobytes())
    picture.save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").shape == (20, 30, 3)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png", labels=True), indices)


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".gif"])
def test_other_pictures_are_read_as_before(tmp_path, suffix):
    pixels = np.add.outer(np.arange(40), np.arange(50)).astype(np.uint8)
    path = tmp_path / f"a{suffix}"
    Image.fromarray(pixels).save(path, **({"quality": 95} if suffix == ".jpg" else {}))
    volume = read_image(path)
    shown = volume.read((), 0, 0, 40, 50)[..., 0]
    np.testing.assert_allclose(shown.astype(int), pixels.astype(int), atol=3)


def container(width: int, height: int, bits: int, colour_type: int, data: bytes) -> bytes:
    """A PNG with these bytes for pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@pytest.mark.long
def test_a_png_of_more_than_179_megapixels_is_read(tmp_path):
    side = 13_500
    pack = zlib.compressobj(1)
    row = b"\0" + bytes(side - 1) + b"\x07"
    data = b"".join(pack.compress(row) for _ in range(side)) + pack.flush()
    (tmp_path / "a.png").write_bytes(container(side, side, 8, 0, data))
    volume = read_image(tmp_path / "a.png")
    assert volume.label_shape == (side, side)
    assert volume.read((), side - 1, side - 2, side, side)[..., 0].tolist() == [[0, 7]]


def test_a_png_that_does_not_fit_into_the_memory_says_how_much_it_needs(tmp_path):
    side = 2**31 - 1
    (tmp_path / "a.png").write_bytes(container(side, side, 16, 6, zlib.compress(b"\0")))
    with pytest.raises(ImageError, match=r"needs 36893488\S+ GB of memory") as caught:
        read_image(tmp_path / "a.png")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("damage", ["cut", "flipped", "header"])
def test_a_broken_png_is_told_in_one_line(tmp_path, dtype, damage):
    pixels = RNG.integers(0, 255, (40, 50, 3)).astype(dtype)
    path = png(tmp_path / "a.png", pixels)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    else:
        content[20] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
