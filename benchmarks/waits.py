"""Waits of the user, each as a ratio to a reference in the same run where there is one.

    pip install segment-anything==1.0 torchvision
    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/waits.py [--rounds 5] [--threads 2]
        [--data ../shared/data/val] [--only click first ...] [--counts]

click      A click on a cached tile through `Session.predict`, at a known and at a new place,
           against Meta's predictor with vit_b, in turns; objects of several sets.
seam       The same for an object that lies in four tiles.
first      From `Session.open` of a zarr on disk to the first mask, in encodings of a tile.
segment    `segment` with the defaults and with `--quick`, against the encoder alone.
start      Processes: import, help, Session, `segment` of a small image; and a dock in a window,
           which needs a display.
cache      Size of a tile in the cache, and the time to read it.
memory     Peak memory of `segment --quick`, see `scale.py`. Takes an hour.
models     The public models against their own code, see `models.py`.

The gaps of a window's timer while a stack is encoded are printed by `responsiveness.py`.
`--counts` prints the work of clicks in numbers that do not depend on the machine, and nothing else.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import zarr
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import models, scale
from benchmarks.click_counts import CLICKS, click_counts, discs
from napari_sam import Session
from napari_sam.evaluate.objects import objects_of, spread
from napari_sam.model.sam import Sam
from napari_sam.weights.families import reference_policy
from napari_sam.weights.load import build, load_model
from napari_sam.weights.recognise import recognise, translate
from tests.golden.generated import generate_weights

Row = scale.Row
Place = tuple[float, float]

MODEL = "cells-tiny"
OBJECTS = 8  # clicked objects of each image
ALLOWANCE = 0.3  # seconds of a first mask that may pass beside encoding


# --- clicks ------------------------------------------------------------------------------------


def click(options: argparse.Namespace) -> Iterator[Row]:
    """Compare clicks of `Session.predict` with clicks of Meta's predictor, in turns."""
    theirs = meta_click()
    ratios: dict[str, list[float]] = {"new": [], "known": []}
    for name in scale.SETS:
        of_set: dict[str, list[float]] = {"new": [], "known": []}
        for image, places in images_with_places(options.data / name):
            session = Session.open(image, model=model(), cache_dir=False, device="cpu")
            session.predict(points=[places[0]])
            for kind in ("new", *options.rounds * ["known"]):
                for place in places[1:]:
                    ours = scale.seconds(lambda: session.predict(points=[place]))  # noqa: B023
                    of_set[kind].append(ours / scale.seconds(theirs))
        new, known = (statistics.median(of_set[kind]) for kind in ratios)
        what = f"click at a new place; at a known place: {name}, of Meta's vit_b"
        yield Row(what, f"{new:.3f}; {known:.3f}", "", True)
        for kind, values in of_set.items():
            ratios[kind] += values
    for kind, bar in (("new", 4), ("known", 8)):
        ratio = statistics.median(ratios[kind])
        what = f"click at a {kind} place of a cached tile, all sets, of Meta's vit_b"
        yield Row(what, f"{ratio:.3f} (1/{1 / ratio:.1f})", f"<= 1/{bar}", ratio <= 1 / bar)


def meta_click() -> Callable[[], object]:
    """Click of Meta's predictor on an image that it has encoded."""
    reference = models.sam1_reference("vit_b")
    reference.set_image(np.random.RandomState(0).randint(0, 256, (1024, 1024, 3), np.uint8))
    reference.click(500.0, 300.0)
    return lambda: reference.click(500.0, 300.0)


def images_with_places(folder: Path) -> Iterator[tuple[NDArray[np.uint8], list[Place]]]:
    """The first two images of a set, each with innermost points of some of its objects."""
    for path in sorted(folder.glob("*.npz"))[:2]:
        with np.load(path) as file:
            image, labels = file["image"], file["labels"]
        yield image, [true.click for true in spread(list(objects_of(labels)), OBJECTS + 1)]


def seam(options: argparse.Namespace) -> Iterator[Row]:
    """Measure clicks on an object in several tiles, against Meta's predictor."""
    theirs = meta_click()
    (place,) = CLICKS["on it again"]
    session = Session.open(discs(), model=model(), cache_dir=False, device="cpu")
    first = scale.seconds(lambda: session.predict(points=[place]))
    _, ours, ratio = models.ratio(theirs, lambda: session.predict(points=[place]), options.rounds)
    measured = f"{1 / ratio:.2f} ({1000 * ours:.0f} ms)"
    yield Row("click on an object in four tiles, of Meta's vit_b", measured, "", True)
    yield Row("the same, its tiles not encoded", f"{first:.2f} s", "", True)


# --- the first mask ----------------------------------------------------------------------------


def first(options: argparse.Namespace) -> Iterator[Row]:
    """Measure the time from opening an image on disk to the mask of the first click."""
    images = [scale.grey(image) for image in scale.val_images(options.data)]
    for side in (4096, 20_000):
        with tempfile.TemporaryDirectory() as folder:
            block, _ = scale.packed(images, 2048)
            path = Path(folder) / "image.zarr"
            stored = zarr.create_array(path, shape=(side, side), chunks=(512, 512), dtype="u1")
            for y in range(0, side, 2048):
                for x in range(0, side, 2048):
                    part = block[: side - y, : side - x]
                    stored[y : y + part.shape[0], x : x + part.shape[1]] = part
            mask_s, tile_s = [], []
            for i in range(options.rounds + 1):
                place = (side / 2 + 37.0 * i, side / 2 - 53.0 * i)
                tile_s.append(tile_seconds())
                mask_s.append(scale.seconds(open_and_click, path, place))
        took = statistics.median(mask_s[1:])
        tiles = (took - ALLOWANCE) / statistics.median(tile_s[1:])
        what = f"first mask of {side} x {side} takes {ALLOWANCE} s and tile encodings"
        yield Row(what, f"{tiles:.2f} ({took:.2f} s)", "<= 1.5", tiles <= 1.5)


def open_and_click(path: Path, place: Place) -> None:
    """Open an image as a user does, and click."""
    Session.open(path, cache_dir=False, device="cpu").predict(points=[place])


def tile_seconds() -> float:
    """Seconds to encode one tile of 1024 x 1024 with the built-in model."""
    sam = model()
    rgb = torch.from_numpy(np.random.RandomState(0).randint(0, 256, (1024, 1024, 3), np.uint8))
    with torch.inference_mode():
        return scale.seconds(lambda: sam.encode_image(sam.preprocess(rgb)))


# --- everything --------------------------------------------------------------------------------


def segment(options: argparse.Namespace) -> Iterator[Row]:
    """Compare `segment` and `segment --quick` with the encoder on the same tiles, in turns."""
    pixels, _ = scale.packed(scale.val_images(options.data), scale.PIPELINE_SIDE)
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds + 1):
            kinds = []
            for closer in (False, True):
                session = Session.open(
                    pixels, model=model(), contrast=(0, 255), cache_dir=False, closer=closer
                )
                output = Path(folder) / f"{number}-{closer}.ome.zarr"
                kinds.append(scale.seconds(scale.segment_and_save, session, output))
            times.append((scale.seconds(scale.encode_alone, session), *kinds))
    for i, what, bar in ((2, "segment", 2.5), (1, "segment --quick", 1.35)):
        ratio = statistics.median(row[i] / row[0] for row in times[1:])
        seconds = statistics.median(row[i] for row in times[1:])
        name = f"`{what}` of {scale.PIPELINE_SIDE} x {scale.PIPELINE_SIDE}, of the encoder alone"
        yield Row(name, f"{ratio:.2f} ({seconds:.1f} s)", f"<= {bar}", ratio <= bar)


# --- start -------------------------------------------------------------------------------------

DOCK = """
import time, napari
from qtpy.QtWidgets import QApplication
viewer = napari.Viewer()
QApplication.processEvents()
start, cpu = time.perf_counter(), time.process_time()
from napari_sam.plugin.commands import SamWidget
viewer.window.add_dock_widget(SamWidget(viewer), name="SAM")
QApplication.processEvents()
print(time.perf_counter() - start, time.process_time() - cpu, flush=True)
viewer.close()
"""
"""Program that opens the dock in a viewer and prints the seconds until it is painted, imports
included."""


def start(options: argparse.Namespace) -> Iterator[Row]:
    """Measure processes, and the opening of the dock."""
    tool = "from napari_sam.cli.app import run; raise SystemExit(run(%r))"
    with tempfile.TemporaryDirectory() as name:
        image = Path(name) / "image.npy"
        np.save(image, scale.val_images(options.data, ("nuclei_fluo",))[0][:256, :256])
        words = ["segment", str(image), "-o", f"{name}/labels.tif", "--no-cache", "--overwrite"]
        programs: dict[str, tuple[str, float | None]] = {
            "python without anything": ("pass", None),
            "import napari_sam": ("import napari_sam", 0.1),
            "napari-sam --help": (tool % ["--help"], 0.3),
            "from napari_sam import Session": ("from napari_sam import Session", None),
            "import torch": ("import torch", None),
            "segment of 256 x 256": (tool % words, None),
        }
        base = 0.0
        for what, (code, bar) in programs.items():
            times = [process_seconds(code) for _ in range(options.rounds + 1)][1:]
            took, cpu = (statistics.median(column) for column in zip(*times, strict=True))
            base = base or took
            measured = f"{took - base if bar else took:.2f} s, {cpu:.2f} s of CPU"
            met = bar is None or took - base <= bar
            yield Row(what, measured, "" if bar is None else f"<= {bar} s more", met)
    if "DISPLAY" in os.environ:
        outputs = [program_output(DOCK).split() for _ in range(options.rounds)]
        took, cpu = (statistics.median(map(float, x)) for x in zip(*outputs, strict=True))
        yield Row("the dock is painted", f"{took:.2f} s, {cpu:.2f} s of CPU", "", True)


def process_seconds(code: str) -> tuple[float, float]:
    """Run a program; returns its wall time and its CPU time, seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = scale.seconds(program_output, code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime


def program_output(code: str) -> str:
    """Run a Python program; returns the last line that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, stdin=None
    )
    return (done.stdout.splitlines() or [""])[-1]


# --- the cache ---------------------------------------------------------------------------------


def cache(options: argparse.Namespace) -> Iterator[Row]:
    """Measure size and reading of tiles in the cache, of the built-in model and of SAM 1."""
    pixels, _ = scale.packed(scale.val_images(options.data), 2048)
    for sam, name, bar in ((model(), MODEL, 2.5), (generated_vit_b(), "SAM 1 (vit_b)", 1.5)):
        part = pixels if name == MODEL else pixels[:1024, :1024]
        with tempfile.TemporaryDirectory() as folder:
            session = Session.open(
                part, model=sam, contrast=(0, 255), cache_dir=folder, device="cpu"
            )
            deque(session.encode(), 0)
            entry = scale.cache_of(session).info()
            mib = entry.bytes / entry.tiles_done / 2**20
            tiles = session.tiles()
            digests = [session.encoder.read(tile)[1] for tile in tiles]
            read = statistics.median(
                scale.seconds(scale.cache_of(session).get, tile.index, digest)
                for _ in range(options.rounds)
                for tile, digest in zip(tiles, digests, strict=True)
            )
        measured = f"{mib:.2f} MiB, read in {1000 * read:.1f} ms"
        yield Row(f"a tile of {name} in the cache", measured, f"<= {bar} MiB", mib <= bar)


def generated_vit_b() -> Sam:
    """Meta's vit_b with generated weights, as it runs here."""
    reference = models.sam1_reference("vit_b")
    shapes = {key: tuple(value.shape) for key, value in reference.weights.items()}
    weights = {key: torch.from_numpy(value) for key, value in generate_weights(shapes).items()}
    config = recognise(weights, name="vit_b")
    return build(config, reference_policy(config), translate(config, weights))


# --- from other benchmarks ---------------------------------------------------------------------


def memory(options: argparse.Namespace) -> Iterator[Row]:
    """Peak memory of a large and a small image."""
    chosen = scale.Options(options.data, options.rounds, scale.PIPELINE_SIDE, options.large)
    yield from scale.memory(chosen)


def public_models(options: argparse.Namespace) -> Iterator[Row]:
    """Encoding, one click and 64 clicks of public models against their own code."""
    for name in ("vit_b", "sam2.1_tiny", "vit_t"):
        for precision in ("fp32", "bf16"):
            line = models.row(name, options.rounds, precision).strip("| ")
            yield Row(f"{name}, {precision}", line, "", True)


def model() -> Sam:
    """The built-in model, loaded once."""
    return scale.model()


ROWS: dict[str, Callable[[argparse.Namespace], Iterator[Row]]] = {
    "click": click,
    "seam": seam,
    "first": first,
    "segment": segment,
    "start": start,
    "cache": cache,
    "models": public_models,
    "memory": memory,
}


def print_counts() -> None:
    """Print the work of each click."""
    counts = click_counts(load_model(MODEL, "cpu"))
    print("| click | encoded | tokens decoded | bytes read | bytes digested |")
    print("|---|---|---|---|---|")
    for name, of_click in counts.items():
        print(f"| {name} | {' | '.join(f'{value:,}' for value in asdict(of_click).values())} |")


def main() -> None:
    """Measure, and print a row as soon as it is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/val"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--large", type=int, default=32768, help="pixels along, for `memory`")
    parser.add_argument("--only", nargs="*", choices=ROWS, default=list(ROWS))
    parser.add_argument("--counts", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.counts:
        print_counts()
        return
    print(scale.load(), "| | measured | bar |", "|---|---|---|", sep="\n")
    for name in options.only:
        for row in ROWS[name](options):
            bar = row.aim if row.met else f"{row.aim} MISSED"
            print(f"| {row.what} | {row.measured} | {bar} |", flush=True)
    print(scale.load())


if __name__ == "__main__":
    main()
