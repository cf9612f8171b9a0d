"""Methods: a paragraph about a result for the methods section of a paper, with references."""

from collections.abc import Iterator
from pathlib import Path

from .inputs import ImageRecord, ModelRecord
from .record import PaintRecord, Recipe, SegmentRecord
from .references import NAMES, REFERENCES

_AXES = {"Z": "slices", "T": "time points", "C": "channels"}


def methods_paragraph(recipe: Recipe) -> str:
    """Text of a recipe: the image, the model, the options and the programs of a segmentation.

    Returns
    -------
    str
        The paragraph, an empty line, and the numbered references, a line each.
    """
    cited: list[str] = []
    text = " ".join(_sentences(recipe, cited))
    numbered = (f"[{i}] {REFERENCES[name]}" for i, name in enumerate(cited, 1))
    return "\n".join([text, "", *numbered])


def _cite(name: str, cited: list[str]) -> str:
    """Number of a reference in brackets; a new reference is added to `cited`."""
    if name not in cited:
        cited.append(name)
    return f"[{cited.index(name) + 1}]"


def _sentences(recipe: Recipe, cited: list[str]) -> Iterator[str]:
    program = f"napari-sam {recipe.environment.versions.get('napari-sam', '')}".strip()
    program = f"{program} {_cite('napari-sam', cited)}"
    if recipe.measure is not None:
        shapes = ", shape and neighbours" if recipe.measure.shape else ""
        grey = " and intensities" if recipe.image is not None else ""
        yield f"Area, position{shapes}{grey} of labelled objects were measured with {program}."
    if recipe.export is not None:
        yield f"Training data ({recipe.export.layout}) were written with {program}."
    if recipe.segment is not None or recipe.paint is not None:
        yield f"Objects{_in_image(recipe.image)} were segmented with {program}."
    if recipe.model is not None:
        yield from _model(recipe.model, cited)
    yield from _contrast(recipe)
    if recipe.segment is not None:
        yield from _search(recipe.segment)
    if recipe.paint is not None:
        yield from _journal(recipe.paint, cited, names_model=recipe.model is not None)
    yield from _programs(recipe, cited)


def _in_image(image: ImageRecord | None) -> str:
    if image is None:
        return ""
    sizes = dict(zip(image.axes, image.shape, strict=True))
    counts = [f"{sizes[axis]} {_AXES[axis]}" for axis in "TZC" if sizes.get(axis, 1) > 1]
    planes = f" ({', '.join(counts)})" if counts else ""
    return f" in an image of {sizes['X']} x {sizes['Y']} pixels{planes}"


def _model(model: ModelRecord, cited: list[str]) -> Iterator[str]:
    yield _family(model.name, model.weights, cited)
    if model.learned is not None:
        yield (
            f"It had learned from {model.learned.objects} accepted objects "
            f"(weights {model.learned.hash[:12]})."
        )
    precision = {"bf16": "bfloat16", "fp32": "float32"}.get(model.precision, model.precision)
    yield (
        f"Its image encoder saw tiles of {model.tile_size} x {model.tile_size} pixels in "
        f"{precision} on {model.device.upper()}."
    )


def _family(name: str, weights: str, cited: list[str]) -> str:
    """Sentence about a model, with the papers of its architecture."""
    from napari_sam.weights.catalogue import find_card

    card = find_card(name)
    family = "sam1" if card is None else card.family
    papers = [] if family == "cells" else [family]
    papers += ["sam1"] if family in ("cells", "micro-sam", "mobile-sam") else []
    numbers = "".join(_cite(paper, cited) for paper in papers)
    known = f" (weights {weights[:12]})" if weights else ""
    return f"The model was {name}{known}, of the Segment Anything family {numbers}."


def _contrast(recipe: Recipe) -> Iterator[str]:
    contrast, image = recipe.contrast, recipe.image
    if contrast is None or image is None:
        return
    chosen = ", chosen automatically" if contrast.automatic else ""
    limits = [
        f"{low:g} to {high:g} (channel {channel})" if "C" in image.axes else f"{low:g} to {high:g}"
        for (low, high), channel in zip(contrast.limits, image.channels, strict=False)
    ]
    yield f"Intensities from {', '.join(limits)} were shown to the model{chosen}."


def _search(segment: SegmentRecord) -> Iterator[str]:
    tables = [n for n, f in (("points", segment.points), ("boxes", segment.boxes)) if f is not None]
    if tables:
        yield f"Objects were prompted with {' and '.join(tables)}."
    else:
        yield "All objects were found automatically."
    if segment.propagate or segment.link:
        along = {"t": "time"}.get((segment.along or "z").lower(), segment.along or "z")
        yield f"Objects were followed along {along}."
    if segment.track:
        yield "Objects were numbered through time, with divisions."


def _journal(paint: PaintRecord, cited: list[str], *, names_model: bool) -> Iterator[str]:
    """Sentences about a journal, and, unless the recipe names the model, about its models."""
    prompted = [entry for entry in paint.entries if entry.get("prompts")]
    for name, weights in [] if names_model else models_of(paint):
        yield _family(name, weights.partition("+")[0], cited)
    yield (
        f"Labels are the result of {len(paint.entries)} edits, {len(prompted)} of them masks that "
        "the model returned for prompts and a person or a program accepted."
    )


def models_of(paint: PaintRecord) -> list[tuple[str, str]]:
    """Names and weights of the models that answered prompts, each once, in order."""
    answers = [entry for entry in paint.entries if entry.get("prompts") and entry.get("model")]
    pairs = [(str(entry["model"]), str(entry.get("weights", ""))) for entry in answers]
    return list(dict.fromkeys(pairs))


def _programs(recipe: Recipe, cited: list[str]) -> Iterator[str]:
    versions = recipe.environment.versions
    used = [
        f"{NAMES[package]} {versions[package]} {_cite(package, cited)}"
        for package in NAMES
        if package in versions and (package != "torch" or recipe.model is not None)
    ]
    if any(Path(file.path).name.endswith(".zarr") for file in recipe.outputs):
        used.append(f"OME-Zarr {_cite('ome-zarr', cited)}")
    python = f"Python {versions['python']}" if "python" in versions else "Python"
    yield f"Computation used {', '.join([python, *used])}."
