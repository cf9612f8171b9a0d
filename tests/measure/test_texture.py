"""Texture is that of scikit-image's co-occurrence on the object alone, whatever lies around it."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from skimage.draw import disk
from skimage.feature import graycomatrix, graycoprops

from napari_sam.cli.app import run
from napari_sam.errors import ImageError
from napari_sam.image.volume import Volume
from napari_sam.labels import blocks
from napari_sam.measure.measure import measure
from napari_sam.measure.texture import ANGLES, Texture

NAMES = ("contrast", "dissimilarity", "homogeneity", "ASM", "energy", "correlation")
NEWER = ("entropy", "mean", "variance", "std")
LIMITS = (0.0, 256.0)
"""Limits of an image of 8 bits that give steps of 8 values to 32 levels."""


def picture(*shape: int, seed: int = 0) -> np.ndarray:
    """Noise with a gradient, so that directions differ."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 120, shape[-1])
    return (rng.integers(0, 130, shape) + ramp).astype(np.uint8)


def boxes() -> np.ndarray:
    labels = np.zeros((60, 70), np.uint16)
    labels[3:20, 5:30], labels[20:58, 10:17], labels[30:50, 40:70] = 3, 7, 9
    return labels


def of_crop(levels: np.ndarray, distance: int = 1) -> dict[str, float]:
    """Measures of a whole array, by scikit-image."""
    pairs = graycomatrix(levels, [distance], ANGLES, levels=32, symmetric=True)
    return {name: float(graycoprops(pairs, name).mean()) for name in (*NAMES, *NEWER)}


@pytest.mark.parametrize("block", [blocks.BLOCK_ELEMENTS, 300])
def test_the_texture_of_a_rectangle_is_that_of_its_crop(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one block and across many; the mask fills the crop, so nothing is left out."""
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", block)
    labels, image = boxes(), picture(60, 70)
    volume = Volume.from_array(image)
    table = measure(labels, volume.calibration, volume, texture=Texture(contrast=LIMITS)).columns
    for row, label in enumerate((3, 7, 9)):
        rows, columns = np.nonzero(labels == label)
        crop = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        for name, value in of_crop(crop // 8).items():
            assert table[f"texture_{name}"][row] == pytest.approx(value, rel=1e-12), name


def test_pixels_around_an_object_count_for_nothing() -> None:
    """The pairs of a disc are counted by hand; another background gives the same bits."""
    labels = np.zeros((40, 40), np.uint8)
    labels[disk((19, 18), 13)] = 5
    image = picture(40, 40, seed=1)
    volume = Volume.from_array(image)
    texture = Texture(contrast=LIMITS)
    table = measure(labels, volume.calibration, volume, shape=False, texture=texture).columns
    levels = (image // 8).astype(int)
    contrasts, homogeneities = [], []
    for dy, dx in ((0, 1), (-1, 1), (-1, 0), (-1, -1)):
        pairs = [
            (levels[y, x], levels[y + dy, x + dx])
            for y, x in np.argwhere(labels)
            if labels[y + dy, x + dx]
        ]
        steps = np.array([b - a for a, b in pairs])
        contrasts.append((steps**2).mean())
        homogeneities.append((1 / (1 + steps**2)).mean())
    assert table["texture_contrast"][0] == pytest.approx(np.mean(contrasts), rel=1e-12)
    assert table["texture_homogeneity"][0] == pytest.approx(np.mean(homogeneities), rel=1e-12)
    elsewhere = np.where(labels, image, 255 - image)
    other = Volume.from_array(elsewhere)
    again = measure(labels, other.calibration, other, shape=False, texture=texture).columns
    for name in (*NAMES, *NEWER):
        assert again[f"texture_{name}"] == table[f"texture_{name}"], name


def test_neighbours_in_the_box_are_left_out_too() -> None:
    labels = np.tri(16, dtype=np.uint8) + 1
    image = picture(16, 16)
    volume = Volume.from_array(image)
    texture = Texture(contrast=LIMITS)
    one = measure(labels, volume.calibration, volume, texture=texture).columns
    alone = measure(np.where(labels == 2, 2, 0), volume.calibration, volume, texture=texture)
    for name in NAMES:
        assert one[f"texture_{name}"][1] == alone.columns[f"texture_{name}"][0]


def test_pairs_of_all_slices_of_a_stack_are_counted_together() -> None:
    labels = np.zeros((4, 30, 30), np.uint8)
    labels[1, 4:20, 5:25], labels[2, 4:10, 5:15] = 1, 1
    image = picture(4, 30, 30)
    volume = Volume.from_array(image, axes="ZYX", scale=(3, 1, 1))
    texture = Texture(contrast=LIMITS, distance=2)
    table = measure(labels, volume.calibration, volume, shape=False, texture=texture).columns
    crops = image[1, 4:20, 5:25] // 8, image[2, 4:10, 5:15] // 8
    pairs = sum(graycomatrix(each, [2], ANGLES, levels=32, symmetric=True) for each in crops)
    for name in NAMES:
        expected = graycoprops(pairs, name).mean()
        assert table[f"texture_{name}"][0] == pytest.approx(expected, rel=1e-12), name


@pytest.mark.parametrize("axes", ["CYX", "YXC"])
def test_each_channel_has_its_texture(axes: str) -> None:
    labels, image = boxes(), picture(2, 60, 70).astype(np.uint16) * 100
    stored = zarr.array(image if axes == "CYX" else np.moveaxis(image, 0, -1), chunks=(1, 32, 32))
    volume = Volume.from_array(stored, axes=axes)
    texture = Texture(contrast=[(0, 25600), (0, 12800)])
    table = measure(labels, volume.calibration, volume, texture=texture).columns
    crops = image[0] // 800, np.minimum(image[1] // 400, 31)
    for channel, levels in enumerate(crops):
        for name, value in of_crop(levels[3:20, 5:30]).items():
            assert table[f"texture_{name}_{channel}"][0] == pytest.approx(value), name


def test_each_frame_has_its_texture() -> None:
    labels, image = np.stack([boxes(), np.roll(boxes(), 2, 1)]), picture(2, 60, 70)
    labels[1][labels[1] == 7] = 0
    volume = Volume.from_array(image, axes="TYX")
    table = measure(labels, volume.calibration, volume, texture=Texture(contrast=LIMITS)).columns
    (row,) = np.flatnonzero((table["label"] == 3) & (table["t"] == 1))
    expected = of_crop(image[1, 3:20, 7:32] // 8)
    assert table["texture_contrast"][row] == pytest.approx(expected["contrast"])


def test_objects_without_pairs_have_no_texture_and_a_line_has_that_along_it() -> None:
    labels = np.zeros((9, 12), np.uint8)
    labels[1, 1], labels[5, 2:12] = 1, 2
    image = picture(9, 12)
    image[8, 11] = image[0, 0] = 7
    volume = Volume.from_array(image)
    table = measure(labels, volume.calibration, volume, texture=Texture(contrast=LIMITS)).columns
    assert np.isnan(table["texture_contrast"][0])
    steps = np.diff(image[5, 2:12].astype(int) // 8)
    assert table["texture_contrast"][1] == pytest.approx((steps**2).mean())


def test_by_default_grey_levels_lie_between_the_automatic_limits() -> None:
    """Brighter by a factor and an offset, an image has the same texture."""
    labels, image = boxes(), picture(60, 70).astype(np.float32)
    one, other = Volume.from_array(image), Volume.from_array(image * 8 + 100)
    tables = [measure(labels, v.calibration, v, texture=Texture()).columns for v in (one, other)]
    for name in (*NAMES, *NEWER):
        np.testing.assert_allclose(
            tables[0][f"texture_{name}"], tables[1][f"texture_{name}"], rtol=1e-6
        )
    assert (tables[0]["texture_contrast"] > 1).all()


def test_numbers_out_of_range_and_a_missing_image_are_said() -> None:
    labels = boxes()
    with pytest.raises(ImageError, match="give 2 to 256"):
        Texture(levels=257)
    with pytest.raises(ImageError, match="give 1 or more"):
        Texture(distance=0)
    with pytest.raises(ImageError, match="give the image too"):
        measure(labels, Volume.from_array(labels).calibration, texture=Texture())


def test_the_command_measures_texture_on_request(tmp_path: Path) -> None:
    labels, image = boxes(), picture(60, 70)
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "image.npy", image)
    files = [str(tmp_path / name) for name in ("labels.npy", "image.npy", "plain.csv", "full.csv")]
    arguments = ["measure", files[0], "--image", files[1], "-o"]
    assert run([*arguments, files[2]]) == 0
    assert run([*arguments, files[3], "--texture", "--contrast", "0", "256"]) == 0
    plain, full = (list(csv.DictReader(Path(file).read_text().splitlines())) for file in files[2:])
    assert [{k: row[k] for k in plain[0]} for row in full] == plain
    added = [name for name in full[0] if name not in plain[0]]
    assert added == [f"texture_{name}" for name in (*NAMES, *NEWER)]
    for name, value in of_crop(image[3:20, 5:30] // 8).items():
        assert float(full[0][f"texture_{name}"]) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--texture"], "--texture is measured in the image: give --image too"),
        (["--contrast", "0", "1"], "--contrast is for the grey levels of --texture"),
    ],
)
def test_options_of_texture_go_together(
    options: list[str], line: str, tmp_path: Path, capsys: Any
) -> None:
    np.save(tmp_path / "labels.npy", boxes())
    target = tmp_path / "a.csv"
    assert run(["measure", str(tmp_path / "labels.npy"), "-o", str(target), *options]) != 0
    assert line in " ".join(capsys.readouterr().err.split())
    assert not target.exists()
