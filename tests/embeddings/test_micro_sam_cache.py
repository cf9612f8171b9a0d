"""Embeddings exchanged with micro-sam: the same bytes, never a wrong one, and a line for the rest.

micro-sam itself is not installed here: its folders are written by hand, file by file, as its
version 1.8 writes them under zarr 2 and under zarr 3.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
import zarr

from napari_sam import Session
from napari_sam.cli.app import run
from napari_sam.embeddings import as_stored, cache_info
from napari_sam.embeddings.micro_sam import (
    check_exchangeable,
    export_planes,
    model_type,
    origin_of,
    survey,
    whole_range,
)
from napari_sam.embeddings.quantised import Quantised
from napari_sam.errors import CacheError
from napari_sam.model.config import ModelConfig, TinyVitConfig, VitConfig
from napari_sam.model.sam import Sam
from napari_sam.weights.families import cells_tiny, efficient_tam, sam1, sam2
from napari_sam.weights.load import save_weights

CONFIG = ModelConfig(
    "vit_t_test",
    TinyVitConfig((8, 16, 24, 32), (1, 1, 2, 1), (2, 2, 2, 2), (3, 3, 5, 3)),
    resize="longest",
    decoder_heads=2,
    decoder_mlp_dim=32,
)
"""As small as a model of SAM 1's family can be: its embedding is as large as any other's."""

SHAPE = (256, 64, 64)
LIMITS = (10.0, 200.0)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a random model."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        save_weights(Sam(CONFIG), path)
    return path


@pytest.fixture
def stack() -> np.ndarray:
    """Three planes, all of them from 10 to 200."""
    planes = np.random.default_rng(0).integers(10, 201, (3, 40, 56)).astype(np.uint16)
    planes[:, 0, 0], planes[:, -1, -1] = LIMITS
    return planes


@pytest.fixture
def image(tmp_path: Path, stack: np.ndarray) -> Path:
    return written(tmp_path / "stack.tif", stack)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], tmp_path: Path, weights: Path) -> Run:
    """Run an exchange in this process, with a cache of its own: status, output, error."""

    def cli(command: str, *arguments: object) -> tuple[int, str, str]:
        own = ("--model", weights, "--cache-dir", tmp_path / "cache")
        status = run([str(word) for word in ("cache", f"{command}-micro-sam", *own, *arguments)])
        return status, *capsys.readouterr()

    return cli


def written(path: Path, pixels: np.ndarray) -> Path:
    tifffile.imwrite(path, pixels, photometric="minisblack")
    return path


def embeddings(planes: int) -> np.ndarray:
    return np.random.default_rng(planes).normal(size=(planes, 1, *SHAPE)).astype("<f4")


def attributes(pixels: np.ndarray, **other: Any) -> dict[str, Any]:
    """The attributes that micro-sam 1.8 writes."""
    height, width = pixels.shape[-2:]
    scale = 1024 / max(height, width)
    return {
        "data_signature": hashlib.sha1(pixels.tobytes()).hexdigest(),
        "tile_shape": None,
        "halo": None,
        "model_type": "vit_t",
        "model_name": "vit_t_test",
        "micro_sam_version": "1.8.10",
        "model_hash": "xxh128:72ec5074774761a6e5c05a08942f981e",
        "input_size": [int(height * scale + 0.5), int(width * scale + 0.5)],
        "original_size": [height, width],
    } | other


def by_hand(path: Path, pixels: np.ndarray, values: np.ndarray, zarr_format: int = 2, **other: Any):
    """Write a folder of micro-sam as files, without zarr; a picture has one chunk, a stack many."""
    values = values if pixels.ndim == 3 else values[0]
    chunks = [1, 1, *SHAPE] if pixels.ndim == 3 else [1, *SHAPE]
    array: dict[str, Any]
    if zarr_format == 2:
        files = {".zgroup": {"zarr_format": 2}, ".zattrs": attributes(pixels, **other)}
        array = {"zarr_format": 2, "shape": values.shape, "chunks": chunks, "dtype": "<f4"}
        array |= {"order": "C", "fill_value": 0.0, "compressor": None, "filters": None}
        files["features/.zarray"] = array
    else:
        group = {"zarr_format": 3, "node_type": "group", "attributes": attributes(pixels, **other)}
        array = {"zarr_format": 3, "node_type": "array", "shape": values.shape, "fill_value": 0.0}
        array |= {"data_type": "float32", "attributes": {}, "storage_transformers": []}
        grid = {"name": "regular", "configuration": {"chunk_shape": chunks}}
        keys = {"name": "default", "configuration": {"separator": "/"}}
        codecs = [{"name": "bytes", "configuration": {"endian": "little"}}]
        array |= {"chunk_grid": grid, "chunk_key_encoding": keys, "codecs": codecs}
        files = {"zarr.json": group, "features/zarr.json": array}
    (path / "features").mkdir(parents=True)
    for name, content in files.items():
        (path / name).write_text(json.dumps(content))
    for number, block in enumerate(values if pixels.ndim == 3 else [values]):
        chunk_of(path, number, pixels.ndim, zarr_format).parent.mkdir(parents=True, exist_ok=True)
        chunk_of(path, number, pixels.ndim, zarr_format).write_bytes(block.tobytes())
    return path


def chunk_of(path: Path, number: int, ndim: int, zarr_format: int = 2) -> Path:
    index = [number] + [0] * (ndim + 1)
    if zarr_format == 2:
        return path / "features" / ".".join(map(str, index))
    return path / "features" / "c" / "/".join(map(str, index))


def opened(image: Path, weights: Path, tmp_path: Path, contrast: Any = LIMITS) -> Session:
    return Session.open(image, model=weights, contrast=contrast, cache_dir=tmp_path / "cache")


def mark(values: Any) -> str:
    """Every bit of an embedding as the cache rounds it, in a few characters."""
    return hashlib.sha1(np.asarray(as_stored(values)).tobytes()).hexdigest()


def cached(session: Session) -> list[Quantised | None]:
    """The features of each plane in the cache; nothing is computed for the answer."""
    features = []
    for tile in session.tiles():
        _, digest = session.encoder.read(tile)
        arrays = session.encoder.cache.get((*tile.plane, 0, 0), digest)
        features.append(None if arrays is None else arrays["image_embedding"])
    return features


def kept(session: Session) -> list[str]:
    """Every bit of the embedding of each plane in the cache, in a few characters."""
    return ["" if features is None else mark(features) for features in cached(session)]


def refused(answer: tuple[int, str, str], line: str) -> None:
    assert answer == (1, "", f"napari-sam: {line}\n")


# ---------------------------------------------------------------- import


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("ndim", [2, 3])
def test_what_micro_sam_computed_is_not_computed_again(
    cli: Run, stack: np.ndarray, weights: Path, tmp_path: Path, ndim: int, zarr_format: int
) -> None:
    pixels = stack if ndim == 3 else stack[1]
    image = written(tmp_path / "image.tif", pixels)
    values = embeddings(len(pixels) if ndim == 3 else 1)
    folder = by_hand(tmp_path / "theirs.zarr", pixels, values, zarr_format)

    status, out, error = cli("import", image, folder)
    assert (status, error) == (0, "")
    count = len(values)
    hint = f"they are used with --model {weights} --contrast 10 200"
    assert out == f"{count} of {count} planes taken\n{hint}\n"

    (entry,) = cache_info(tmp_path / "cache")
    assert (entry.tiles_done, entry.tiles_total, entry.intensity) == (count, count, "10 to 200")
    session = opened(image, weights, tmp_path)
    assert len(list(session.encode())) == count
    assert session.encoder.calls == 0
    assert kept(session) == [mark(value[0]) for value in values]


def test_planes_with_other_limits_are_left_out_and_said(
    cli: Run, stack: np.ndarray, weights: Path, tmp_path: Path
) -> None:
    stack[1, -1, -1] = 150  # and only that pixel was as bright as the others' brightest
    stack[1][stack[1] > 150] = 150
    image = written(tmp_path / "image.tif", stack)
    folder = by_hand(tmp_path / "theirs.zarr", stack, embeddings(3))

    status, out, _ = cli("import", image, folder)
    assert status == 0
    words = "2 of 3 planes taken; 1 has other limits of contrast and will be computed"
    assert out.splitlines()[0] == words

    session = opened(image, weights, tmp_path)
    assert [bool(stored) for stored in kept(session)] == [True, False, True]
    assert len(list(session.encode())) == 3
    assert session.encoder.calls == 1


def test_the_limits_may_be_given_and_the_summary_is_plain(
    cli: Run, stack: np.ndarray, image: Path, tmp_path: Path
) -> None:
    folder = by_hand(tmp_path / "theirs.zarr", stack, embeddings(3))
    status, out, error = cli("import", image, folder, "--contrast", "0", "255", "--json")
    assert (status, error) == (0, "")
    assert json.loads(out) == {
        "planes": 3,
        "model": "vit_t_test",
        "contrast": [0, 255],
        "warnings": [],
        "taken": 0,
        "other_limits": 3,
        "damaged": 0,
    }
    assert cache_info(tmp_path / "cache") == []


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_damaged_plane_is_left_out_and_said(
    cli: Run, stack: np.ndarray, image: Path, weights: Path, tmp_path: Path, zarr_format: int
) -> None:
    folder = by_hand(tmp_path / "theirs.zarr", stack, embeddings(3), zarr_format)
    chunk_of(folder, 0, 3, zarr_format).unlink()
    torn = chunk_of(folder, 2, 3, zarr_format)
    torn.write_bytes(torn.read_bytes()[:1000])
    status, out, _ = cli("import", image, folder)
    assert status == 0
    assert out.splitlines()[0] == "1 of 3 planes taken; 2 are damaged and will be computed"
    assert [bool(s) for s in kept(opened(image, weights, tmp_path))] == [False, True, False]


def test_a_cache_that_is_too_small_is_warned_of(
    cli: Run, stack: np.ndarray, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAPARI_SAM_CACHE_BUDGET", "2MB")
    folder = by_hand(tmp_path / "theirs.zarr", stack, embeddings(3))
    status, _, error = cli("import", image, folder)
    assert status == 0
    assert error == (
        "napari-sam: warning: the cache has room for 2 planes, the first are pushed out already: "
        "give it more (NAPARI_SAM_CACHE_BUDGET), and import again\n"
    )
    (entry,) = cache_info(tmp_path / "cache")
    assert entry.tiles_done == 2


def test_sidecars_are_never_opened(
    cli: Run, stack: np.ndarray, image: Path, tmp_path: Path
) -> None:
    folder = by_hand(tmp_path / "theirs.zarr", stack, embeddings(3))
    touched = tmp_path / "touched"
    code = f"cbuiltins\nopen\n(S'{touched}'\nS'w'\ntR."  # a pickle that makes a file
    (folder / "amg_state.pickle").write_text(code)
    (folder / "is_state.h5").write_text("not HDF5")
    status, _, error = cli("import", image, folder)
    assert (status, error) == (0, "")
    assert not touched.exists()


def test_another_name_is_warned_of(
    cli: Run, stack: np.ndarray, image: Path, tmp_path: Path
) -> None:
    folder = by_hand(tmp_path / "theirs.zarr", stack, embeddings(3), model_name="vit_t_lm")
    status, out, error = cli("import", image, folder)
    assert (status, out.splitlines()[0]) == (0, "3 of 3 planes taken")
    assert error == (
        f"napari-sam: warning: {folder} says model name vit_t_lm, and the model here has "
        "vit_t_test: if masks look wrong, clear the cache and let the image be computed again\n"
    )


def test_of_several_channels_the_chosen_one_is_that_which_micro_sam_had(
    cli: Run, stack: np.ndarray, tmp_path: Path
) -> None:
    image = written(tmp_path / "image.tif", np.stack([stack[0] // 2, stack[1]]))
    folder = by_hand(tmp_path / "theirs.zarr", stack[1], embeddings(1))
    chosen = ("--axes", "CYX", "--channels", "1")
    assert cli("import", image, folder, *chosen)[1].startswith("1 of 1 planes taken\n")


# ---------------------------------------------------------------- export


def test_export_is_micro_sams_layout(
    cli: Run, stack: np.ndarray, image: Path, weights: Path, tmp_path: Path
) -> None:
    from napari_sam import __version__

    output = tmp_path / "ours.zarr"
    status, out, error = cli("export", image, output, "--json")
    assert (status, error) == (0, "")
    summary = {"file": str(output), "planes": 3, "model": "vit_t_test"}
    assert json.loads(out) == {**summary, "contrast": [10, 200], "warnings": []}

    version = f"napari-sam {__version__}"
    expected = attributes(stack, model_hash=None, micro_sam_version=version)
    assert json.loads((output / ".zattrs").read_text()) == expected
    layout = json.loads((output / "features" / ".zarray").read_text())
    assert (layout["shape"], layout["chunks"]) == ([3, 1, *SHAPE], [1, 1, *SHAPE])
    assert (layout["dtype"], layout["order"]) == ("<f4", "C")
    assert layout["compressor"]["id"] == "blosc"  # which zarr 2 and z5py have

    session = opened(image, weights, tmp_path)
    stored = zarr.open_array(output / "features", mode="r")[:]
    assert np.array_equal(stored[:, 0], np.stack([np.asarray(each) for each in cached(session)]))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "ours.zarr", "stack.tif"]


def test_a_picture_has_no_axis_of_planes(cli: Run, stack: np.ndarray, tmp_path: Path) -> None:
    image = written(tmp_path / "image.tif", stack[0])
    assert cli("export", image, tmp_path / "ours.zarr")[0] == 0
    features = zarr.open_array(tmp_path / "ours.zarr" / "features", mode="r")
    assert features.shape == features.chunks == (1, *SHAPE)


def test_there_and_back_no_value_changes_by_more_than_half_a_step(
    cli: Run, stack: np.ndarray, image: Path, weights: Path, tmp_path: Path
) -> None:
    assert cli("export", image, tmp_path / "ours.zarr")[0] == 0
    before = cached(opened(image, weights, tmp_path))
    assert run(["cache", "clear", "--cache-dir", str(tmp_path / "cache")]) == 0
    assert cli("import", image, tmp_path / "ours.zarr")[0] == 0
    session = opened(image, weights, tmp_path)
    for one, other in zip(cached(session), before, strict=True):
        off = np.abs(np.asarray(one) - np.asarray(other))
        step = other.scales[:, 1, None, None]
        assert (off <= 0.51 * step + 1e-6).all()
    assert session.encoder.calls == 0


def test_export_computes_only_what_is_missing_and_ends_whole_or_not_at_all(
    image: Path, weights: Path, tmp_path: Path
) -> None:
    session = opened(image, weights, tmp_path)
    planes = list(survey(session.volume))
    origin = origin_of(session.model.config, session.volume, planes, None, "1")
    steps = export_planes(session.encoder, planes, origin, tmp_path / "first.zarr")
    assert next(steps) == (0,)
    steps.close()  # as Ctrl-C does
    assert "input_size" not in zarr.open_group(tmp_path / "first.zarr", mode="r").attrs

    session = opened(image, weights, tmp_path)
    steps = export_planes(session.encoder, planes, origin, tmp_path / "second.zarr")
    assert list(steps) == [(0,), (1,), (2,)]
    assert session.encoder.calls == 2


def test_a_stack_with_a_plane_of_other_limits_is_not_exported(
    cli: Run, stack: np.ndarray, tmp_path: Path
) -> None:
    stack[2] = stack[2] // 2 + 20
    image = written(tmp_path / "image.tif", stack)
    refused(
        cli("export", image, tmp_path / "ours.zarr"),
        f"1 of 3 planes of {image} do not reach from 10 to 200, and micro-sam stretches each plane "
        "by itself: let micro-sam compute the stack",
    )
    assert not (tmp_path / "ours.zarr").exists()
    alone = written(tmp_path / "alone.tif", stack[2])
    refused(
        cli("export", alone, tmp_path / "ours.zarr", "--contrast", "10", "200"),
        f"1 of 1 planes of {alone} do not reach from 10 to 200, and micro-sam stretches each plane "
        "by itself: leave --contrast out",
    )


def test_what_exists_is_replaced_only_if_asked_for_and_only_embeddings(
    cli: Run, stack: np.ndarray, image: Path, tmp_path: Path
) -> None:
    output = by_hand(tmp_path / "ours.zarr", stack, embeddings(3))
    (output / "is_state.h5").write_text("of the old embeddings")
    line = "exists already: choose another name, or replace it with --overwrite"
    refused(cli("export", image, output), f"{output} {line}")
    assert cli("export", image, output, "--overwrite")[0] == 0
    assert sorted(p.name for p in output.iterdir()) == [".zattrs", ".zgroup", "features"]

    (output / "committed_objects").mkdir()
    line = "holds something else than embeddings of micro-sam: choose another name"
    refused(cli("export", image, output, "--overwrite"), f"{output} {line}")
    assert (output / "committed_objects").is_dir()


def test_a_name_that_micro_sam_would_not_take_and_a_missing_folder(
    cli: Run, image: Path, tmp_path: Path
) -> None:
    refused(
        cli("export", image, tmp_path / "ours"),
        "ours is no name for embeddings of micro-sam: end it with .zarr",
    )
    refused(
        cli("export", image, tmp_path / "none" / "ours.zarr"),
        f"the folder {tmp_path / 'none'} does not exist: create it, or choose another one",
    )


@pytest.mark.parametrize(("low", "high"), [(0, 1e-6), (1e9, 1e9 + 640)])
def test_a_range_too_small_for_micro_sams_arithmetic_is_not_exchanged(
    cli: Run, stack: np.ndarray, tmp_path: Path, low: float, high: float
) -> None:
    values = (stack[0].astype(float) - 10) / 190 * (high - low) + low
    image = written(tmp_path / "image.tif", values)
    status, _, error = cli("export", image, tmp_path / "ours.zarr")
    assert status == 1
    assert f"1 of 1 planes of {image} do not" in error


# ---------------------------------------------------------------- refusals


INCOMPLETE = (
    "is not complete, micro-sam was stopped before its end: open the image and the folder in "
    "micro-sam again, and it goes on"
)
ANOTHER = (
    "was computed from another image: give the one that micro-sam had, with all its planes, in the "
    "same type of numbers"
)
TILED = (
    "was computed in tiles, which micro-sam cuts and stretches in its own way: use napari-sam "
    "embed, or let micro-sam compute it without tiles"
)
CONTRAST = "which cannot be exchanged: use napari-sam embed"


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"data_signature": "0" * 40}, ANOTHER),
        ({"original_size": [56, 40]}, ANOTHER),
        ({"tile_shape": [512, 512], "halo": [64, 64], "input_size": None}, TILED),
        (
            {"model_type": "vit_b"},
            "was computed with a model of type vit_b, and vit_t_test is of type vit_t: name the "
            "model that it was computed with (--model)",
        ),
        (
            {"normalization": "percentile_2_98"},
            f"was computed with the contrast percentile_2_98, {CONTRAST}",
        ),
    ],
)
def test_what_is_of_something_else_is_refused(
    cli: Run, stack: np.ndarray, image: Path, tmp_path: Path, changed: dict[str, Any], line: str
) -> None:
    folder = by_hand(tmp_path / "theirs.zarr", stack, embeddings(3), **changed)
    refused(cli("import", image, folder), f"{folder} {line}")
    assert cache_info(tmp_path / "cache") == []


@pytest.mark.parametrize("missing", ["input_size", "original_size", "data_signature"])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_what_micro_sam_did_not_finish_is_refused(
    cli: Run, stack: np.ndarray, image: Path, tmp_path: Path, zarr_format: int, missing: str
) -> None:
    folder = by_hand(tmp_path / "theirs.zarr", stack, embeddings(3), zarr_format)
    attrs = zarr.open_group(folder, mode="r+").attrs
    attrs.put({key: value for key, value in attrs.items() if key != missing})
    refused(cli("import", image, folder), f"{folder} {INCOMPLETE}")


def test_features_of_another_shape_are_refused(
    cli: Run, stack: np.ndarray, image: Path, tmp_path: Path
) -> None:
    folder = by_hand(tmp_path / "theirs.zarr", stack, embeddings(2))
    refused(
        cli("import", image, folder),
        f"the embeddings in {folder} have the shape (2, 1, 256, 64, 64) instead of "
        "(3, 1, 256, 64, 64): let micro-sam compute them again, and open the image with the axes "
        "that it has there (--axes)",
    )


def test_tiles_sam_2_and_what_is_no_folder_of_micro_sam_are_refused(
    cli: Run, stack: np.ndarray, image: Path, tmp_path: Path
) -> None:
    folder = by_hand(tmp_path / "theirs.zarr", stack, embeddings(3))
    zarr.open_group(folder, mode="r+").create_group("high_res_feats")
    line = "holds embeddings of SAM 2, which cannot be exchanged: use napari-sam embed"
    refused(cli("import", image, folder), f"{folder} {line}")

    tiled = tmp_path / "tiled.zarr"
    group = zarr.create_group(tiled, attributes=attributes(stack), zarr_format=2)
    group.create_group("features")
    refused(cli("import", image, tiled), f"{tiled} {TILED}")

    line = (
        "holds no embeddings of micro-sam: give the folder, ending in .zarr, in which micro-sam "
        "saved them"
    )
    for other in (tmp_path / "nothing.zarr", tmp_path, image):
        refused(cli("import", image, other), f"{other} {line}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("input_size", None),
        ("original_size", [1, "x"]),
        ("model_type", 3),
        ("micro_sam_version", [1, 8]),
        ("model_hash", {}),
    ],
)
def test_damaged_attributes_are_one_line_with_folder_and_field(
    cli: Run, stack: np.ndarray, image: Path, tmp_path: Path, field: str, value: object
) -> None:
    folder = by_hand(tmp_path / "theirs.zarr", stack, embeddings(3), **{field: value})
    status, _, error = cli("import", image, folder)
    assert status == 1
    assert error.startswith(f"napari-sam: {folder}: {field}")
    assert error.endswith("let micro-sam compute the embeddings again\n")
    assert error.count("\n") == 1


@pytest.mark.parametrize(("version", "status"), [("1.6.2", 1), ("1.7.0", 0), ("1.10.1", 0)])
def test_before_1_7_images_of_8_bits_were_seen_as_they_are(
    cli: Run, stack: np.ndarray, tmp_path: Path, version: str, status: int
) -> None:
    pixels = stack.astype(np.uint8)
    image = written(tmp_path / "image.tif", pixels)
    values = embeddings(3)
    folder = by_hand(tmp_path / "theirs.zarr", pixels, values, micro_sam_version=version)
    found = cli("import", image, folder)
    assert found[0] == status
    if status:
        refused(
            found,
            f"{folder} is of a micro-sam before 1.7, which did not stretch the contrast of images "
            "of 8 bits: let a newer one compute it again",
        )


@pytest.mark.parametrize("command", ["import", "export"])
def test_images_that_micro_sam_keeps_in_another_way_are_refused(
    cli: Run, stack: np.ndarray, tmp_path: Path, command: str
) -> None:
    other = tmp_path / "other.zarr"
    movie = written(tmp_path / "movie.tif", stack[None])
    refused(
        cli(command, movie, other, "--axes", "TZYX"),
        f"{movie} has the axes TZ beside its planes, and micro-sam knows one: save one stack of it "
        "as a file of its own",
    )
    colours = written(tmp_path / "colours.tif", stack)
    refused(
        cli(command, colours, other, "--axes", "CYX"),
        f"{colours} has several channels, which micro-sam stretches each by itself: choose one of "
        "them, such as --channels 0",
    )
    large = written(tmp_path / "large.tif", np.zeros((1025, 8), np.uint8))
    refused(
        cli(command, large, other),
        f"the planes of {large} have 1025 x 8 pixels, and only those of up to 1024 x 1024 can be "
        "exchanged: use napari-sam embed",
    )


def test_an_image_of_one_value_is_refused(cli: Run, tmp_path: Path) -> None:
    image = written(tmp_path / "image.tif", np.full((8, 8), 7, np.uint8))
    line = "all values of the image are the same: there is nothing to exchange"
    refused(cli("export", image, tmp_path / "ours.zarr"), line)


def test_models_of_other_families_are_refused(
    cli: Run, stack: np.ndarray, image: Path, tmp_path: Path
) -> None:
    assert [model_type(sam1(size)) for size in ("vit_t", "vit_b", "vit_l", "vit_h")] == [
        "vit_t",
        "vit_b",
        "vit_l",
        "vit_h",
    ]
    line = (
        "is not of the family of SAM 1, whose embeddings alone can be exchanged: name a model that "
        "micro-sam has, such as --model vit_b_lm"
    )
    others = (sam2("tiny"), efficient_tam("s"), cells_tiny())
    for config in (*others, replace(CONFIG, trunk=VitConfig(32, 2, 2, 4, (1,)))):
        with pytest.raises(CacheError) as caught:
            model_type(config)
        assert str(caught.value) == f"{config.name} {line}"
    folder = by_hand(tmp_path / "theirs.zarr", stack, embeddings(3))
    refused(cli("import", image, folder, "--model", "cells-tiny"), f"cells-tiny {line}")


# ---------------------------------------------------------------- the survey


def test_the_signature_is_that_of_the_whole_image(stack: np.ndarray) -> None:
    for pixels in (stack, stack[0], stack.astype(">u2"), stack / np.float32(7)):
        session = Session.open(pixels, model=Sam(CONFIG), cache_dir=False)
        check_exchangeable(session.volume)
        planes = list(survey(session.volume))
        assert planes[-1].signature == hashlib.sha1(pixels.tobytes()).hexdigest()
        assert whole_range(planes) == (float(pixels.min()), float(pixels.max()))
