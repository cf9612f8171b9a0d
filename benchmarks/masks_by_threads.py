"""Labels of a few images with one thread and with several, compared pixel by pixel.

    python -m benchmarks.masks_by_threads [--threads 2]

Recipes promise equal labels on another machine, which may have another number of cores.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from skimage import data

IMAGES = {
    "immunohistochemistry": lambda: data.immunohistochemistry(),
    "coins": lambda: data.coins(),
    "camera": lambda: data.camera(),
}
"""Images that scikit-image ships, by name."""


def segment(name: str, precision: str, threads: int, path: Path) -> None:
    """Find all objects of an image in this process, and write labels and the embedding."""
    import torch

    from napari_sam import Session

    torch.set_num_threads(threads)
    session = Session.open(IMAGES[name](), cache_dir=False, precision=precision, device="cpu")
    for _ in session.segment_everything():
        pass
    arrays = session.encoder.get(session.tiles()[0]).to_arrays()
    values = np.concatenate([np.asarray(array, np.float32).ravel() for array in arrays.values()])
    np.savez(path, labels=np.asarray(session.labels), values=values)


def main() -> None:
    """Print a line for each image and precision."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        name, precision, threads, path = arguments.one
        segment(name, precision, int(threads), Path(path))
        return
    print("image | precision | objects | pixels of labels that differ | values of embeddings")
    for name in IMAGES:
        for precision in ("fp32", "bf16"):
            with tempfile.TemporaryDirectory() as folder:
                counts = (1, arguments.threads)
                files = [Path(folder) / f"{count}.npz" for count in counts]
                one, more = (
                    run(name, precision, *each) for each in zip(counts, files, strict=True)
                )
            labels = np.count_nonzero(one["labels"] != more["labels"])
            values = np.count_nonzero(one["values"] != more["values"])
            print(f"{name} | {precision} | {one['labels'].max()} | {labels} | {values}", flush=True)


def run(name: str, precision: str, threads: int, path: Path) -> dict[str, np.ndarray]:
    """Segment an image in a process of its own."""
    one = ["--one", name, precision, str(threads), str(path)]
    subprocess.run([sys.executable, "-m", "benchmarks.masks_by_threads", *one], check=True)
    with np.load(path) as arrays:
        return dict(arrays)


if __name__ == "__main__":
    main()
