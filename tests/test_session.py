"""Session: clicks to masks to files, lazily, across tiles, and nothing lost."""

from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import tifffile
import zarr
from scipy.ndimage import gaussian_filter
from skimage.data import immunohistochemistry

from napari_sam import BoxPrompt, MaskPrompt, PointPrompt, Session
from napari_sam.errors import CacheError, ImageError, LabelError, OutputError, PromptError
from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.size import Size
from napari_sam.model.sam import Sam
from napari_sam.tiles.grid import TileGrid


@pytest.fixture
def blobs() -> np.ndarray:
    """Three planes of bright disks, different in each."""
    y, x = np.mgrid[:160, :200]
    stack = np.full((3, 160, 200), 20, np.uint8)
    for plane, (cy, cx) in enumerate([(50, 60), (80, 100), (110, 140)]):
        stack[plane][(y - cy) ** 2 + (x - cx) ** 2 < 25**2] = 220
    return stack


def canvas(mask: Mask, shape: tuple[int, int]) -> np.ndarray:
    full = np.zeros(shape, bool)
    y0, x0, y1, x1 = mask.bbox
    full[y0:y1, x0:x1] = mask.pixels
    return full


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.long
def test_click_on_a_huge_zarr_encodes_at_most_four_tiles(tiny_model: Sam, tmp_path: Path) -> None:
    image = zarr.create_array(
        tmp_path / "huge.zarr", shape=(20_000, 20_000), chunks=(1024, 1024), dtype="uint16"
    )
    image[9_000:9_200, 9_000:9_200] = 900
    session = Session.open(image, model=tiny_model, cache_dir=False)
    assert session.encoder.calls == 0
    session.predict(points=[(9_100, 9_100)])
    assert 1 <= session.encoder.calls <= 4
    before = session.encoder.calls
    session.predict(points=[(9_101, 9_099)])
    assert session.encoder.calls == before


def test_click_that_lies_in_one_tile_encodes_one_tile(blobs: np.ndarray, tiny_model: Sam) -> None:
    session = Session.open(blobs, model=tiny_model, cache_dir=False)
    mask = session.predict(points=[(1, 80, 100)])
    assert session.encoder.calls == 1
    assert mask.plane == (1,)


@pytest.mark.long
def test_prompts_in_distant_tiles_are_all_used(tiny_model: Sam) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (1200, 3000), np.uint8)
    session = Session.open(image, model=tiny_model, cache_dir=False)
    clicks = {1: [PointPrompt((100, 100)), PointPrompt((100, 2900))]}
    tiles = list(session.interactive.encode_for(clicks))
    assert {tile.col for tile in tiles} == {0, session.grid.cols - 1}
    both = session.predict(points=[(100, 100), (100, 2900)])
    left, right = (session.predict(points=[p]) for p in ((100, 100), (100, 2900)))
    shape = image.shape
    inner = np.s_[:, :600], np.s_[:, 2400:]
    for alone, place in zip((left, right), inner, strict=True):
        if not alone.empty and canvas(alone, shape)[place].any():
            assert (canvas(both, shape)[place] & canvas(alone, shape)[place]).any()


def test_background_click_in_another_tile_does_not_move_the_object(tiny_model: Sam) -> None:
    image = np.random.default_rng(0).integers(0, 255, (900, 3000), np.uint8)
    session = Session.open(image, model=tiny_model, cache_dir=False)
    prompts = [PointPrompt((100, 100)), PointPrompt((100, 2900), 0)]
    assert [tile.col for tile in session.interactive.encode_for({1: prompts})] == [0]


def field_of_disks(side: int, gap: int = 120, size: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Noisy bright disks, one of them in the very middle: the image, and that disk."""
    y, x = np.mgrid[:side, :side] - side / 2
    distance = np.hypot((y + gap / 2) % gap - gap / 2, (x + gap / 2) % gap - gap / 2)
    clean = gaussian_filter(np.where(distance < size / 2, 190.0, 30.0), 1)
    image = np.random.default_rng(0).normal(clean, 6).clip(0, 255).astype(np.uint8)
    return image, np.hypot(y, x) < size / 2


@pytest.mark.long
@pytest.mark.parametrize("kind", ["click", "size", "box"])
@pytest.mark.parametrize(
    ("side", "tile_size", "overlap", "calls"),
    [(1856, 1024, 192, 1), (464, 256, 48, 4)],  # smaller, larger than what the tiles share
)
def test_object_on_a_four_tile_corner_is_whole(
    kind: str, side: int, tile_size: int, overlap: int, calls: int
) -> None:
    """The disk on the seams' crossing, against a window that has it whole."""
    image, disk = field_of_disks(side)
    window = slice(max(0, side // 2 - 512), side // 2 + 512)
    tiled = Session.open(image, contrast=(0, 255), cache_dir=False)
    tiled.grid = tiled.encoder.grid = TileGrid(side, side, tile_size, overlap)
    single = Session.open(image[window, window], contrast=(0, 255), cache_dir=False)
    assert (tiled.grid.rows, tiled.grid.cols) == (2, 2)

    def ask(session: Session, middle: float) -> np.ndarray:
        if kind == "click":
            mask = session.predict(points=[(middle, middle)])
        elif kind == "size":
            clicks = {1: [PointPrompt((middle, middle))]}
            mask = session.predict_objects(clicks, {1: Size.MEDIUM})[1]
        else:
            mask = session.predict(boxes=[((middle - 30,) * 2, (middle + 30,) * 2)])
        return canvas(mask, session.volume.label_shape)

    whole, alone = ask(tiled, side / 2), ask(single, side / 2 - window.start)
    assert tiled.encoder.calls == calls
    assert iou(whole[window, window], alone) >= 0.9
    assert iou(whole, disk) >= 0.85


def test_built_in_model_finds_bright_disks(blobs: np.ndarray) -> None:
    session = Session.open(blobs, cache_dir=False)
    for plane, centre in enumerate([(50, 60), (80, 100), (110, 140)]):
        truth = blobs[plane] > 100
        mask = session.predict(points=[(plane, *centre)])
        assert mask.plane == (plane,)
        assert iou(canvas(mask, truth.shape), truth) > 0.8
        y, x = centre
        box = session.predict(boxes=[((plane, y - 25, x - 25), (plane, y + 25, x + 25))])
        assert iou(canvas(box, truth.shape), truth) > 0.8


def test_built_in_model_segments_a_real_micrograph() -> None:
    session = Session.open(immunohistochemistry(), cache_dir=False)
    *_, last = session.segment_everything()
    assert last.done == last.total == 1
    assert len(last.masks) > 20
    labels = session.labels
    assert len(np.unique(labels)) - 1 == len(last.masks)
    areas = np.bincount(labels.ravel())[1:]
    assert 50 < np.median(areas) < 2000


def test_objects_together_equal_objects_alone(blobs: np.ndarray, tiny_model: Sam) -> None:
    session = Session.open(blobs, model=tiny_model, cache_dir=False)
    objects = {
        7: [PointPrompt((1, 80, 100))],
        9: [BoxPrompt((1, 20, 30), (1, 60, 90))],
        12: [PointPrompt((1, 30, 30)), PointPrompt((1, 90, 90), 0)],
    }
    together = session.predict_objects(objects)
    assert list(together) == [7, 9, 12] or set(together) == {7, 9, 12}
    for object_id, own in objects.items():
        alone = session.predict_objects({object_id: own})[object_id]
        assert alone.iou == pytest.approx(together[object_id].iou, abs=0.05)


def test_candidates_come_best_first(blobs: np.ndarray, tiny_model: Sam) -> None:
    session = Session.open(blobs, model=tiny_model, cache_dir=False)
    candidates = session.predict(points=[(0, 50, 60)], multimask_output=True)
    assert len(candidates) == 3
    ious = [mask.iou for mask in candidates]
    assert ious == sorted(ious, reverse=True)


def test_edited_image_is_encoded_again_there_only(tiny_model: Sam) -> None:
    image = np.random.default_rng(0).integers(0, 255, (900, 2500), np.uint8)
    session = Session.open(image, model=tiny_model, cache_dir=False)
    list(session.encode())
    tiles = len(session.tiles())
    assert session.encoder.calls == tiles == 3
    image[10, 10] += 1
    list(session.encode())
    assert session.encoder.calls == tiles + 1


def test_cache_serves_the_next_session(blobs: np.ndarray, tiny_model: Sam, tmp_path: Path) -> None:
    first = Session.open(blobs, model=tiny_model, cache_dir=tmp_path)
    assert [tile.plane for tile in first.encode()] == [(0,), (1,), (2,)]
    mask = first.predict(points=[(2, 110, 140)])
    again = Session.open(blobs, model=tiny_model, cache_dir=tmp_path)
    same = again.predict(points=[(2, 110, 140)])
    assert again.encoder.calls == 0
    assert same.bbox == mask.bbox
    assert (same.pixels == mask.pixels).all()
    other = Session.open(blobs, model=tiny_model, cache_dir=tmp_path, contrast=(0, 100))
    other.predict(points=[(2, 110, 140)])
    assert other.encoder.calls == 1


def test_a_glimpse_is_the_answer_or_nothing(
    blobs: np.ndarray, tiny_model: Sam, tmp_path: Path
) -> None:
    wanted = {1: [PointPrompt((1, 80, 100))]}
    session = Session.open(blobs, model=tiny_model, cache_dir=tmp_path)
    assert session.interactive.glimpse(wanted) is None
    assert session.encoder.calls == 0
    answer = session.predict_objects(wanted)[1]
    again = Session.open(blobs.copy(), model=tiny_model, cache_dir=tmp_path)
    for one in (session, again):
        calls, glimpse = one.encoder.calls, one.interactive.glimpse(wanted)
        assert glimpse is not None
        np.testing.assert_array_equal(glimpse[1].pixels, answer.pixels)
        assert one.encoder.calls == calls
    again.volume.data[1, 0, 0] += 1
    assert again.interactive.glimpse(wanted) is None
    assert again.encoder.calls == 0


def test_foreign_cache_folder_is_left_alone(
    blobs: np.ndarray, tiny_model: Sam, tmp_path: Path
) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(CacheError):
        Session.open(blobs, model=tiny_model, cache_dir=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_commit_undo_redo(blobs: np.ndarray, tiny_model: Sam) -> None:
    session = Session.open(blobs, model=tiny_model, cache_dir=False)
    square = Mask((1,), (10, 20, 14, 26), np.ones((4, 6), bool), 0.9, 3.0)
    session.commit(square)
    over = Mask((1,), (12, 20, 16, 26), np.ones((4, 6), bool), 0.9, 3.0)
    session.commit(over)
    assert session.labels.dtype == np.uint32
    assert session.labels.shape == blobs.shape
    assert (session.labels[1, 10:14, 20:26] == 1).all()
    assert (session.labels[1, 14:16, 20:26] == 2).all()
    assert np.count_nonzero(session.labels) == 36
    session.undo()
    session.undo()
    assert session.undo() == ()
    assert not session.labels.any()
    session.redo()
    assert np.count_nonzero(session.labels) == 24
    session.commit(over, label=7)
    assert session.redo() == ()
    assert np.unique(session.labels).tolist() == [0, 1, 7]
    session.commit(Mask((0,), (0, 0, 1, 1), np.ones((1, 1), bool), 1, 1))
    assert session.labels[0, 0, 0] == 8


def test_everything_without_commit_leaves_the_labels(blobs: np.ndarray, tiny_model: Sam) -> None:
    session = Session.open(blobs, model=tiny_model, cache_dir=False)
    steps = list(session.segment_everything([(0,), (2,)], commit=False))
    assert [(s.done, s.total) for s in steps] == [(1, 2), (2, 2)]
    assert [s.tile.plane for s in steps] == [(0,), (2,)]
    assert not session.labels.any()


def test_save_keeps_scale_and_units(blobs: np.ndarray, tiny_model: Sam, tmp_path: Path) -> None:
    session = Session.open(
        blobs,
        model=tiny_model,
        cache_dir=False,
        scale=(2.0, 0.5, 0.25),
        units=("micrometer",) * 3,
    )
    session.commit(Mask((1,), (10, 20, 14, 26), np.ones((4, 6), bool), 0.9, 3.0), label=70_000)
    session.save(tmp_path / "labels.ome.tif")
    with tifffile.TiffFile(tmp_path / "labels.ome.tif") as tiff:
        assert (tiff.asarray() == session.labels).all()
        assert 'PhysicalSizeX="0.25"' in tiff.ome_metadata
        assert 'PhysicalSizeZ="2.0"' in tiff.ome_metadata
    session.save(tmp_path / "labels.ome.zarr")
    group = zarr.open_group(tmp_path / "labels.ome.zarr", mode="r")
    assert (group["0"][:] == session.labels).all()


def test_rgb_picture_has_labels_without_channels(tiny_model: Sam) -> None:
    session = Session.open(immunohistochemistry(), model=tiny_model, cache_dir=False)
    assert session.labels.shape == (512, 512)
    assert session.predict(points=[(100, 100)]).plane == ()


@pytest.mark.parametrize("shape", [(1, 1), (3, 5000), (17, 16), (2, 1, 3)])
def test_odd_sizes_work(shape: tuple[int, ...], tiny_model: Sam) -> None:
    image = np.random.default_rng(0).random(shape).astype(np.float32)
    session = Session.open(image, model=tiny_model, cache_dir=False, axes="ZYX"[-len(shape) :])
    mask = session.predict(points=[tuple(n // 2 for n in shape)])
    y0, x0, y1, x1 = mask.bbox
    assert 0 <= y0 <= y1 <= shape[-2]
    assert 0 <= x0 <= x1 <= shape[-1]
    list(session.segment_everything())


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64", "bool"])
def test_value_types_work(blobs: np.ndarray, tiny_model: Sam, dtype: str) -> None:
    image = (blobs[0] > 100) if dtype == "bool" else blobs[0].astype(dtype)
    session = Session.open(image, model=tiny_model, cache_dir=False)
    reference = Session.open(blobs[0], model=tiny_model, cache_dir=False)
    mask, expected = (s.predict(points=[(50, 60)]) for s in (session, reference))
    assert mask.bbox == expected.bbox


def test_nan_and_infinity_are_no_obstacle(blobs: np.ndarray, tiny_model: Sam) -> None:
    image = blobs[0].astype(np.float32)
    image[0, :5] = np.nan
    image[1, :5] = np.inf
    session = Session.open(image, model=tiny_model, cache_dir=False)
    low, high = session.mapping.limits[0]
    assert 0 <= low < high <= 255
    assert np.isfinite(session.predict(points=[(50, 60)]).iou)


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ({"points": [(0, 500, 60)]}, "outside the image"),
        ({"points": [(5, 50, 60)]}, "outside the image"),
        ({"points": [(50, 60)]}, "2 coordinates"),
        ({"points": [(0, 50, float("nan"))]}, "finite"),
        ({"points": [(0, 50, 60)], "point_labels": [0]}, "only background"),
        ({"points": [(0, 50, 60)], "point_labels": [1, 0]}, "1 points but 2 point labels"),
        ({"points": [(0, 50, 60), (1, 50, 60)]}, "one plane at a time"),
        ({"boxes": [((0, 50, 60), (0, 50, 90))]}, "no area"),
        ({"boxes": [((0, 50, 60), (1, 70, 90))]}, "plane"),
        ({"boxes": [((0, 500, 600), (0, 700, 900))]}, "outside the image"),
        ({}, "no prompts"),
    ],
)
def test_prompts_without_sense_get_one_line(
    blobs: np.ndarray, tiny_model: Sam, prompts: dict[str, object], message: str
) -> None:
    session = Session.open(blobs, model=tiny_model, cache_dir=False)
    with pytest.raises(PromptError, match=message) as error:
        session.predict(**prompts)
    assert "\n" not in str(error.value)
    assert session.encoder.calls == 0


def test_empty_mask_prompt_is_refused(blobs: np.ndarray, tiny_model: Sam) -> None:
    session = Session.open(blobs, model=tiny_model, cache_dir=False)
    with pytest.raises(PromptError, match="empty"):
        session.predict_objects({1: [MaskPrompt((0,), 5, 5, np.zeros((4, 4), bool))]})


def test_complex_and_seven_dimensions_are_refused(tiny_model: Sam) -> None:
    with pytest.raises(ImageError, match="complex"):
        Session.open(np.zeros((20, 20), complex), model=tiny_model)
    with pytest.raises(ImageError, match="7 dimensions"):
        Session.open(np.zeros((2,) * 7), model=tiny_model)


def test_labels_that_memory_would_not_hold_are_on_disk(tiny_model: Sam, tmp_path: Path) -> None:
    image = zarr.create_array(
        tmp_path / "t.zarr", shape=(9, 10_000, 10_000), chunks=(1, 1024, 1024), dtype="uint8"
    )
    session = Session.open(image, model=tiny_model, cache_dir=False)
    assert isinstance(session.labels, zarr.Array)
    square = Mask((8,), (9_000, 9_000, 9_040, 9_050), np.ones((40, 50), bool), 0.9, 3.0)
    session.commit(square)
    assert (session.labels[8, 9_000:9_040, 9_000:9_050] == 1).all()
    session.undo()
    assert not session.labels[8, 8_900:9_100, 8_900:9_100].any()


def test_labels_that_are_there_are_gone_on_with(
    blobs: np.ndarray, tiny_model: Sam, tmp_path: Path
) -> None:
    stored = zarr.create_array(
        tmp_path / "labels.zarr", shape=blobs.shape, chunks=(1, 32, 32), dtype="uint16"
    )
    stored[0, 3:5, 3:5] = 41
    session = Session.open(blobs, model=tiny_model, cache_dir=False)
    session.labels = stored
    square = Mask((1,), (10, 20, 14, 26), np.ones((4, 6), bool), 0.9, 3.0)
    session.commit(square)
    reopened = zarr.open_array(tmp_path / "labels.zarr", mode="r")
    assert np.unique(reopened).tolist() == [0, 41, 42]
    session.undo()
    assert np.unique(reopened).tolist() == [0, 41]
    for wrong in (np.zeros((3, 3), np.uint32), np.zeros(blobs.shape, np.float32)):
        with pytest.raises(LabelError, match="as large as the image"):
            session.labels = wrong
    with pytest.raises(LabelError, match="the numpy or zarr array"):
        session.labels = da.from_zarr(stored)
    assert session.labels is stored


def test_the_image_itself_is_never_overwritten(
    blobs: np.ndarray, tiny_model: Sam, tmp_path: Path
) -> None:
    path = tmp_path / "image.ome.tif"
    tifffile.imwrite(path, blobs, metadata={"axes": "ZYX"})
    session = Session.open(path, model=tiny_model, cache_dir=False)
    with pytest.raises(OutputError):
        session.save(path, overwrite=True)
    assert (tifffile.imread(path) == blobs).all()
