"""Kinds of documents: a small whole example of each, and the public entries that read it."""

import json
import zipfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import zarr

from napari_sam.errors import ImageError, NapariSamError


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document.

    Parameters
    ----------
    make : callable
        Writes a whole example into an empty folder.
    targets : callable
        Files of the example to damage, relative to the folder.
    read : callable
        Reads the example through public entries.
    """

    make: Callable[[Path], None]
    targets: Callable[[Path], list[Path]]
    read: Callable[[Path], object]


def _discs() -> np.ndarray:
    labels = np.zeros((96, 128), np.uint16)
    labels[10:30, 10:40], labels[50:80, 60:100] = 1, 2
    return labels


def _image() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 40, (96, 128))
    return (noise + 160 * (_discs() > 0)).astype(np.uint8)


def _all_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _named(*names: str) -> Callable[[Path], list[Path]]:
    return lambda folder: [path for path in _all_files(folder) if path.name in names]


def _command(*words: object) -> None:
    """Run a command line in this process; its own errors pass, others are raised."""
    from napari_sam.cli.app import app

    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        try:
            app(args=[str(word) for word in words], prog_name="napari-sam", standalone_mode=False)
        except MemoryError as error:  # the command line has a line for it
            raise ImageError("out of memory") from error
        except Exception as error:
            if not hasattr(error, "format_message"):  # the parser's own
                raise


def _small_model() -> Any:
    """A random model with the parts of the built-in one, a few channels wide."""
    import torch

    from napari_sam.model.answer_policy import AnswerPolicy
    from napari_sam.model.config import ModelConfig, VitConfig
    from napari_sam.model.sam import Sam

    torch.manual_seed(0)
    config = ModelConfig(
        name="small", trunk=VitConfig(32, 2, 2, 4, (1,), high_res_layers=(1, 0), conv_path=True),
        image_size=64, proposals=True, proposal_boxes=True, prompt_dim=32, mask_dim=8,
        mask_prompt_dim=8, decoder_heads=2, decoder_mlp_dim=32, high_res_features=True,
        position_scale=(1.0, 24.0), object_score=True, padding_point="points",
    )  # fmt: skip
    return Sam(config, AnswerPolicy()).eval()


def _make_weights(folder: Path) -> None:
    from napari_sam.weights.load import save_weights

    save_weights(_small_model(), folder / "w.safetensors")


def _read_weights(folder: Path) -> None:
    from napari_sam.weights.load import load_model

    load_model(folder / "w.safetensors")


def _make_checkpoint(folder: Path) -> None:
    import torch

    state = {
        "image_encoder.patch_embed.proj.weight": torch.zeros(768, 3, 16, 16),
        "image_encoder.pos_embed": torch.zeros(1, 4, 4, 768),
        "prompt_encoder.not_a_point_embed.weight": torch.zeros(1, 256),
        "mask_decoder.iou_token.weight": torch.zeros(1, 256),
    }
    torch.save({"model_state": state, "epoch": 3}, folder / "w.pt")


def _read_checkpoint(folder: Path) -> None:
    from napari_sam.weights.load import load_model

    load_model(folder / "w.pt")


def _make_store(folder: Path) -> None:
    imported = folder / "models" / "imported" / "mine"
    imported.mkdir(parents=True)
    (imported / "weights.safetensors").write_bytes(b"x" * 64)
    digest = "sha256:" + "0" * 64
    files = [{"name": "weights.safetensors", "original": "a.pt", "hash": digest}]
    record = {"format": 1, "name": "mine", "family": "cells", "files": files}
    (imported / "model.json").write_text(json.dumps(record))
    state = (imported / "weights.safetensors").stat()
    stamp = {"size": state.st_size, "mtime_ns": state.st_mtime_ns, "hash": digest}
    (folder / "models" / ".checked").mkdir()
    (folder / "models" / ".checked" / "mine.weights.safetensors.json").write_text(json.dumps(stamp))


def _read_store(folder: Path) -> None:
    from napari_sam.weights.store import ModelStore

    store = ModelStore(folder / "models", folder / "none")
    store.installed()
    store.find("mine")
    store.get("mine")


def _spec() -> Any:
    from napari_sam.embeddings import CacheSpec

    arrays = {"image_embedding": (4, 3, 3), "proposals": (2, 8, 8)}
    return CacheSpec("a.tif", "m", "w", "0..1", 64, 8, (2, 2, 3), arrays)


def _make_cache(folder: Path) -> None:
    from napari_sam.embeddings import EmbeddingCache

    cache = EmbeddingCache(folder / "cache", _spec())
    arrays = {name: np.ones(shape, np.float16) for name, shape in cache.spec.arrays.items()}
    cache.put((0, 0, 1), b"d" * 16, arrays)
    cache.put((1, 1, 2), b"d" * 16, arrays)


def _read_cache(folder: Path) -> None:
    from napari_sam.embeddings import EmbeddingCache, cache_info, clear_cache, verify_cache

    cache = EmbeddingCache(folder / "cache", _spec(), 10_000)
    arrays = {name: np.ones(shape, np.float16) for name, shape in cache.spec.arrays.items()}
    cache.get((0, 0, 1), b"d" * 16)
    cache.holds((1, 1, 2), b"d" * 16)
    cache_info(folder / "cache")
    cache.put((0, 1, 1), b"e" * 16, arrays)
    again = cache.get((0, 1, 1), b"e" * 16)
    if again is None:
        raise AssertionError("an embedding that was put is not there")
    list(verify_cache(folder / "cache"))
    clear_cache(folder / "cache")


def _make_micro_sam(folder: Path) -> None:
    group = zarr.create_group(folder / "e.zarr", zarr_format=2)
    group.create_array("features", data=np.ones((1, 256, 64, 64), np.float32))
    group.attrs.update(
        tile_shape=None, halo=None, data_signature="0" * 40, model_type="vit_b",
        model_name="vit_b_lm", model_hash="xxh128:0", micro_sam_version="1.8.0",
        input_size=[768, 1024], original_size=[96, 128], normalization="minmax_per_channel",
    )  # fmt: skip


def _read_micro_sam(folder: Path) -> None:
    from napari_sam.embeddings.micro_sam import MicroSamFolder, Origin

    stored = MicroSamFolder.open(folder / "e.zarr")
    origin = Origin("0" * 40, "vit_b", "vit_b_lm", "xxh128:1", "x", (768, 1024), (96, 128))
    stored.check(origin, (), np.dtype(np.uint8))
    stored.read(0)


def _make_tiles(folder: Path) -> None:
    from napari_sam.mosaic.tile_folder import TileFolder
    from napari_sam.mosaic.tile_objects import TileObjects

    tiles = TileFolder(folder / ".o.tif.tiles", {"version": 1})
    tiles.put(TileObjects(_tile(), _discs(), np.array([0.9, 0.8], np.float32)), b"d" * 16)


def _tile() -> Any:
    from napari_sam.tiles.grid import TileGrid

    return TileGrid(96, 128, 128, overlap=24).tile((), 0, 0)


def _read_tiles(folder: Path) -> None:
    from napari_sam.mosaic.mosaic import Mosaic
    from napari_sam.mosaic.tile_folder import TileFolder
    from napari_sam.mosaic.tile_objects import TileObjects
    from napari_sam.tiles.grid import TileGrid

    tiles = TileFolder(folder / ".o.tif.tiles", {"version": 1})
    if tiles.get(_tile(), b"d" * 16) is None:
        tiles.put(TileObjects(_tile(), _discs(), np.array([0.9, 0.8], np.float32)), b"d" * 16)
    mosaic = Mosaic(tiles, TileGrid(96, 128, 128, overlap=24), ())
    list(mosaic.prepare())
    np.asarray(mosaic[0:96, 0:128])


def _join_tiles(folder: Path) -> None:
    from napari_sam.mosaic.tile_folder import TileFolder

    TileFolder(folder / ".o.tif.tiles", {"version": 1}, join=True).get(_tile())


def _make_labels_zarr(folder: Path) -> None:
    from napari_sam.labels import write_labels
    from napari_sam.labels.classes import ClassTable, ObjectClass

    classes = ClassTable((ObjectClass("a", "#ff0000"),), {1: "a"})
    write_labels(folder / "l.ome.zarr", _discs(), axes="YX", scale=(0.5, 0.5), classes=classes)


def _read_labels_zarr(folder: Path) -> None:
    from napari_sam.labels.files.class_files import read_classes

    with suppress(NapariSamError):
        read_classes(folder / "l.ome.zarr")
    _command("measure", folder / "l.ome.zarr", "-o", folder / "m.csv", "-o", folder / "m.geojson")


def _make_image_zarr(folder: Path) -> None:
    root = zarr.create_group(folder / "i.zarr", zarr_format=3)
    root.create_array("0", data=_image())
    step: dict[str, Any] = {"type": "scale", "scale": [0.5, 0.5]}
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
    datasets = [{"path": "0", "coordinateTransformations": [step]}]
    ome: Any = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    root.attrs["ome"] = ome
    labels = root.create_group("labels")
    labels.attrs["ome"] = {"version": "0.5", "labels": ["old"]}


def _label_group(folder: Path) -> list[Path]:
    return [folder / "i.zarr" / "labels" / "zarr.json"]


def _write_into_image(folder: Path) -> None:
    from napari_sam.labels import write_labels

    target = folder / "i.zarr" / "labels" / "new"
    write_labels(target, _discs(), axes="YX", source=folder / "i.zarr")


def _read_image_zarr(folder: Path) -> None:
    from napari_sam.image.read import read_image

    volume = read_image(folder / "i.zarr")
    volume.read(next(volume.planes()), 0, 0, 8, 8)
    _write_into_image(folder)


def _make_classes(folder: Path) -> None:
    tifffile.imwrite(folder / "l.tif", _discs())
    rows = ["label,class,color", "1,a,#ff0000", "2,b,#00ff00", ",c,#0000ff", ""]
    (folder / "l_classes.csv").write_text("\n".join(rows))


def _read_class_table(folder: Path) -> None:
    from napari_sam.labels.files.class_files import read_classes

    read_classes(folder / "l.tif").to_json()
    read_classes(folder / "l_classes.csv")


def _make_npz(folder: Path) -> None:
    np.savez_compressed(folder / "p.npz", image=_image(), labels=_discs())


def _read_npz(folder: Path) -> None:
    from napari_sam.evaluate.ground_truth import Pair

    sample = Pair(folder / "p.npz").read()
    sample.plane(next(sample.planes()))


def _make_label_image(folder: Path) -> None:
    tifffile.imwrite(folder / "l.tif", _discs().astype(np.float32), compression="zlib")
    np.save(folder / "l.npy", _discs())


def _read_label_image(folder: Path) -> None:
    _command("measure", folder / "l.tif", "-o", folder / "m.csv")
    _command("measure", folder / "l.npy", "-o", folder / "n.csv")


def _make_outlines(folder: Path) -> None:
    from napari_sam.image.volume import Volume
    from napari_sam.labels.classes import ClassTable
    from napari_sam.measure.save import save_measures

    labels = _discs()
    labels[15:20, 15:20] = 0
    np.save(folder / "i.npy", _image())
    classes, calibration = (
        ClassTable().add("a").assign({1: "a"}),
        Volume.from_array(labels).calibration,
    )
    paths = [folder / "o.geojson", folder / "o.zip"]
    list(save_measures(paths, labels, calibration, classes=classes, scores={1: 0.5}))
    with zipfile.ZipFile(folder / "o.zip") as archive:
        (folder / "o.roi").write_bytes(archive.read(archive.namelist()[0]))
    (folder / "o_outlines.txt").write_text("10,10,39,10,39,29,10,29\n60,50,99,50,99,79\n")


def _read_outlines(folder: Path) -> None:
    from napari_sam.image.read import read_image
    from napari_sam.labels.files.read import read_label_file

    image = read_image(folder / "i.npy")
    for name in ("o.geojson", "o.zip", "o.roi", "o_outlines.txt"):
        with suppress(NapariSamError):
            read_label_file(folder / name, image)


def _make_points(folder: Path) -> None:
    tifffile.imwrite(folder / "i.tif", _image())
    (folder / "p.csv").write_text("index,axis-0,axis-1,object,label\n0,20,20,1,1\n1,60,80,2,1\n")
    (folder / "b.csv").write_text(
        "index,shape-type,vertex-index,axis-0,axis-1\n"
        + "".join(f"0,rectangle,{i},{y},{x}\n" for i, (y, x) in enumerate(
            [(10, 10), (10, 40), (30, 40), (30, 10)]
        ))
    )  # fmt: skip


def _read_points(folder: Path) -> None:
    from napari_sam.prompts.read_csv import read_prompts

    prompts = read_prompts(folder / "p.csv", folder / "b.csv")
    prompts.planes()


def _make_batch(folder: Path) -> None:
    out = folder / "out"
    out.mkdir()
    tifffile.imwrite(folder / "i.tif", _image())
    tifffile.imwrite(out / "i_labels.ome.tif", _discs())
    (folder / "t.csv").write_text("image,output,points\ni.tif,out/i_labels.ome.tif,\n")
    report = "file,output,status,objects,seconds,warnings,error\n"
    (out / "report.csv").write_text(
        f"{report}{folder / 'i.tif'},{out / 'i_labels.ome.tif'},done,2,1.5,,\n"
    )


def _read_batch(folder: Path) -> None:
    # the labels exist, so that no model is needed
    _command("segment", folder / "i.tif", folder / "i.tif", "-o", folder / "out", "--no-cache",
             "--measure", ".csv", "--json")  # fmt: skip


def _read_table(folder: Path) -> None:
    from napari_sam.cli.find_images import find_tasks
    from napari_sam.cli.label_places import LabelPlaces

    for task in find_tasks([str(folder / "t.csv")], LabelPlaces(folder / "made"), [".csv"]):
        task.missing  # noqa: B018


def _make_journal(folder: Path) -> None:
    from napari_sam.journal.entry import Entry, Origin
    from napari_sam.journal.journal import Journal
    from napari_sam.journal.subject import Subject
    from napari_sam.labels.classes import ClassTable, ObjectClass
    from napari_sam.labels.edit import LabelEdit
    from napari_sam.labels.packed_edit import PackedEdit
    from napari_sam.prompts.prompt import BoxPrompt, PointPrompt

    np.save(folder / "i.npy", _image())
    subject = Subject("i", str(folder / "i.npy"), "YX", (96, 128), "s")
    journal = Journal(folder / "j.jsonl", subject)
    mask = np.ones((4, 5), bool)
    old = np.zeros((4, 5), np.uint32)
    edit = PackedEdit.of(LabelEdit((), (10, 10, 14, 15), mask, old, old + 1))
    prompts = (PointPrompt((12.0, 12.0)), BoxPrompt((10.0, 10.0), (14.0, 15.0)))
    classes = ClassTable((ObjectClass("a", "#ff0000"),), {1: "a"})
    journal.append(Entry("accepted", (edit,), Origin(prompts, "m", "w"), 1, classes=classes))
    journal.append(Entry("classes", classes=classes))
    journal.append(Entry("rated", ratings={1: {"score": 0.5}}))
    journal.append(Entry("accepted", (edit,), Origin((), "m", "w"), 2))
    journal.append(Entry("undone"))


def _read_journal(folder: Path) -> None:
    _command("replay", folder / "j.jsonl", "-o", folder / "l.ome.tif")


KINDS = {
    "weights": Kind(_make_weights, _all_files, _read_weights),
    "checkpoint": Kind(_make_checkpoint, _all_files, _read_checkpoint),
    "store": Kind(_make_store, _named("model.json", "mine.weights.safetensors.json"), _read_store),
    "cache": Kind(_make_cache, _all_files, _read_cache),
    "cache metadata": Kind(_make_cache, _named("zarr.json"), _read_cache),
    "micro-sam": Kind(_make_micro_sam, _named(".zattrs", ".zarray", ".zgroup"), _read_micro_sam),
    "tiles": Kind(_make_tiles, _all_files, _read_tiles),
    "plan": Kind(_make_tiles, _named("plan.json"), _join_tiles),
    "label image": Kind(_make_labels_zarr, _named("zarr.json"), _read_labels_zarr),
    "labels of an image": Kind(_make_image_zarr, _label_group, _write_into_image),
    "image": Kind(_make_image_zarr, _named("zarr.json"), _read_image_zarr),
    "classes": Kind(_make_classes, _named("l_classes.csv"), _read_class_table),
    "npz": Kind(_make_npz, _all_files, _read_npz),
    "label file": Kind(_make_label_image, _all_files, _read_label_image),
    "outlines": Kind(
        _make_outlines, _named("o.geojson", "o.zip", "o.roi", "o_outlines.txt"), _read_outlines
    ),
    "prompts": Kind(_make_points, _named("p.csv", "b.csv"), _read_points),
    "report": Kind(_make_batch, _named("report.csv"), _read_batch),
    "table": Kind(_make_batch, _named("t.csv"), _read_table),
    "journal": Kind(_make_journal, _named("j.jsonl"), _read_journal),
}
