"""Speed and parity of the public models, compared with their reference implementations.

    pip install segment-anything==1.0 sam2==1.1.0 torchvision
    python benchmarks/models.py [--rounds 5] [--only vit_b vit_t ... | --built-in]
        [--mobile-sam FOLDER] [--efficient-tam FOLDER] [--precision bf16]

The folders are checkouts of github.com/ChaoningZhang/MobileSAM and github.com/yformer/EfficientTAM.
Both implementations get the same generated weights and the same 1024 x 1024 image, and take turns
in each round. Times are medians over rounds; the ratio is the median of the ratios of the rounds.
For a reference that is not installed the table has a line without figures.

Set MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_ and MALLOC_TOP_PAD_ to measure both with an
allocator that does not give memory back to the system (glibc).
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.decode import decode
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import PointPrompt, PromptSet
from napari_sam.tiles.grid import Tile
from napari_sam.weights.families import reference_policy
from napari_sam.weights.load import build, load_model
from napari_sam.weights.precision import choose_precisions
from napari_sam.weights.recognise import recognise, translate
from tests.golden.generated import generate_weights

SIZE = 1024
PROMPTS = 64
TILE = Tile((), 0, 0, 0, 0, SIZE, SIZE)


@dataclass(frozen=True)
class Reference:
    """Reference implementation of a public model, with generated weights.

    Parameters
    ----------
    name : str
        Name of the model in our catalogue.
    weights : dict of str to Tensor
        Its state dict.
    set_image : callable
        Prepares the predictor for an image, ``(Y, X, 3)`` uint8.
    encode : callable
        Image encoder, from ``(1, 3, 1024, 1024)`` float32.
    embedding : callable
        Takes the image embedding out of the encoder's result.
    click : callable
        Predicts the mask for one click, given x and y in pixels.
    many : callable, optional
        Predicts masks for clicks ``(N, 2)`` xy, one object each.
    """

    name: str
    weights: dict[str, torch.Tensor]
    set_image: Callable[[NDArray[np.uint8]], object]
    encode: Callable[[torch.Tensor], Any]
    embedding: Callable[[Any], torch.Tensor]
    click: Callable[[float, float], object]
    many: Callable[[NDArray[np.float64]], object] | None = None


def generated(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Load generated weights into a model; returns the state dict."""
    shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    weights = {key: torch.from_numpy(value) for key, value in generate_weights(shapes).items()}
    model.load_state_dict(weights)
    model.eval()
    return weights


def sam1_reference(size: str, package: str = "segment_anything") -> Reference:
    """Make the reference of a SAM 1 model: Meta's segment-anything, or MobileSAM."""
    module = __import__(package)
    model = module.sam_model_registry[size]()
    weights = generated(model)
    predictor = module.SamPredictor(model)

    def click(x: float, y: float) -> object:
        return predictor.predict(np.array([[x, y]]), np.array([1]), multimask_output=False)

    def many(points: NDArray[np.float64]) -> object:
        coords = torch.as_tensor(points, dtype=torch.float32)[:, None]
        labels = torch.ones(len(points), 1)
        with torch.no_grad():
            return predictor.predict_torch(coords, labels, multimask_output=False)

    return Reference(
        size, weights, predictor.set_image, model.image_encoder, lambda out: out, click, many
    )


def sam2_reference(size: str) -> Reference:
    """Make the reference of a SAM 2.1 model: Meta's sam2."""
    from sam2.build_sam import build_sam2
    from sam2.sam2_image_predictor import SAM2ImagePredictor

    short = {"tiny": "t", "small": "s", "base_plus": "b+", "large": "l"}[size]
    model = build_sam2(f"configs/sam2.1/sam2.1_hiera_{short}.yaml", device="cpu")
    weights = generated(model)
    return _sam2_like(f"sam2.1_{size}", model, SAM2ImagePredictor(model), weights)


def efficient_tam_reference(size: str) -> Reference:
    """Make the reference of an EfficientTAM model, from a checkout of the repository."""
    from efficient_track_anything.build_efficienttam import build_efficienttam
    from efficient_track_anything.efficienttam_image_predictor import EfficientTAMImagePredictor

    config = f"configs/efficienttam/efficienttam_{size}.yaml"
    overrides = ["++model.compile_image_encoder=False"]
    model = build_efficienttam(config, device="cpu", hydra_overrides_extra=overrides)
    weights = generated(model)
    return _sam2_like(f"efficienttam_{size}", model, EfficientTAMImagePredictor(model), weights)


def _sam2_like(
    name: str, model: Any, predictor: Any, weights: dict[str, torch.Tensor]
) -> Reference:
    def click(x: float, y: float) -> object:
        return predictor.predict(np.array([[x, y]]), np.array([1]), multimask_output=False)

    def embedding(out: Any) -> torch.Tensor:
        lowest_resolution: torch.Tensor = out["backbone_fpn"][-1]
        return lowest_resolution

    return Reference(name, weights, predictor.set_image, model.forward_image, embedding, click)


REFERENCES: dict[str, Callable[[], Reference]] = {
    "vit_b": lambda: sam1_reference("vit_b"),
    "vit_l": lambda: sam1_reference("vit_l"),
    "vit_h": lambda: sam1_reference("vit_h"),
    "vit_t": lambda: sam1_reference("vit_t", "mobile_sam"),
    "sam2.1_tiny": lambda: sam2_reference("tiny"),
    "sam2.1_small": lambda: sam2_reference("small"),
    "sam2.1_base_plus": lambda: sam2_reference("base_plus"),
    "sam2.1_large": lambda: sam2_reference("large"),
    "efficienttam_s": lambda: efficient_tam_reference("s"),
    "efficienttam_ti": lambda: efficient_tam_reference("ti"),
}


def ratio(
    theirs: Callable[[], object], ours: Callable[[], object], rounds: int
) -> tuple[float, float, float]:
    """Measure two functions in turns, after one call of each that does not count.

    Returns
    -------
    tuple of float
        Median seconds of `theirs` and of `ours`, and the median ratio theirs / ours.
    """
    theirs(), ours()
    times = [(_seconds(theirs), _seconds(ours)) for _ in range(rounds)]
    first, second = (statistics.median(side) for side in zip(*times, strict=True))
    return first, second, statistics.median(a / b for a, b in times)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def row(name: str, rounds: int, precision: str) -> str:
    """Measure a model; returns a line of the table."""
    try:
        reference = REFERENCES[name]()
    except ImportError as error:
        return f"| {name} | reference not installed ({error.name}) | | | | |"
    config = recognise(reference.weights, name=reference.name)
    model = build(config, reference_policy(config), translate(config, reference.weights))
    model.precisions = choose_precisions(precision, "cpu")
    parameters = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    with torch.inference_mode():
        cells = [name, f"{parameters:.0f} M", *_measure(model, reference, rounds)]
    return f"| {' | '.join(cells)} |"


def built_in(rounds: int, precision: str) -> str:
    """Compare the encoding of a tile by cells-tiny with vit_b, in Meta's code and in ours."""
    model = load_model("cells-tiny", "cpu", precision)
    try:
        theirs = sam1_reference("vit_b")
    except ImportError as error:
        return f"cells-tiny: reference not installed ({error.name})"
    config = recognise(theirs.weights, name="vit_b")
    ours = build(config, reference_policy(config), translate(config, theirs.weights))
    ours.precisions = model.precisions
    rgb = torch.from_numpy(np.random.RandomState(0).randint(0, 256, (SIZE, SIZE, 3), np.uint8))
    small, large = (sam.preprocess(rgb.float()) for sam in (model, ours))
    with torch.inference_mode():
        times = [
            ratio(lambda: encode(large), lambda: model.encode_image(small), rounds)  # noqa: B023
            for encode in (theirs.encode, ours.encode_image)
        ]
    by_meta, by_us = (_cell(measured, 1) for measured in times)
    return (
        f"cells-tiny encodes one 1024 tile: Meta's vit_b {by_meta}; vit_b as it runs here {by_us}"
    )


def _measure(model: Sam, reference: Reference, rounds: int) -> list[str]:
    rgb = np.random.RandomState(0).randint(0, 256, (SIZE, SIZE, 3), np.uint8)
    image = model.preprocess(torch.from_numpy(rgb).float())
    theirs, ours = reference.encode(image), model.encode_image(image)
    expected = reference.embedding(theirs)
    parity = float((ours.image_embedding - expected).abs().max() / expected.abs().max())
    encode = ratio(lambda: reference.encode(image), lambda: model.encode_image(image), rounds)
    reference.set_image(rgb)
    embedding = Embedding(TILE, ours)

    def click() -> None:
        ((answer,),) = decode(model, embedding, _clicks(np.array([[500.0, 300.0]]))).values()
        answer.to_mask()

    def many() -> None:
        for (answer,) in decode(model, embedding, _clicks(points)).values():
            answer.to_mask()

    points = np.random.RandomState(1).uniform(0, SIZE - 1, (PROMPTS, 2))
    one_click = ratio(lambda: reference.click(500.0, 300.0), click, 4 * rounds + 1)
    cells = [f"{parity:.0e}", _cell(encode, 1), _cell(one_click, 1000)]
    if reference.many is not None:
        several = reference.many
        cells.append(_cell(ratio(lambda: several(points), many, rounds), 1))
    else:
        cells.append("-")
    return cells


def _clicks(points: NDArray[np.float64]) -> PromptSet:
    return PromptSet({i: (PointPrompt((y, x)),) for i, (x, y) in enumerate(points.tolist())})


def _cell(measured: tuple[float, float, float], scale: float) -> str:
    theirs, ours, times = measured
    unit = "s" if scale == 1 else "ms"
    return f"{times:.2f} x ({theirs * scale:.3g} -> {ours * scale:.3g} {unit})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(REFERENCES), choices=list(REFERENCES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "bf16", "auto"], default="fp32")
    parser.add_argument("--built-in", action="store_true", help="cells-tiny against vit_b alone")
    parser.add_argument("--mobile-sam", type=Path)
    parser.add_argument("--efficient-tam", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    folders = (options.mobile_sam, options.efficient_tam)
    sys.path += [str(folder) for folder in folders if folder is not None]
    if options.built_in:
        print(built_in(options.rounds, options.precision))
        return
    print("| model | parameters | embedding differs | one 1024 tile | one click | 64 clicks |")
    print("|---|---|---|---|---|---|")
    for name in options.only:
        print(row(name, options.rounds, options.precision), flush=True)


if __name__ == "__main__":
    main()
