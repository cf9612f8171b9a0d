"""Summary: a recipe in lines for a terminal."""

import os
from collections.abc import Iterator
from pathlib import Path

from napari_sam.file_names import printable

from .inputs import FileRecord, ImageRecord, ModelRecord
from .record import PaintRecord, Recipe, SegmentRecord


def summary_lines(recipe: Recipe) -> Iterator[str]:
    """Yield the lines of a summary, each with its name in the first ten columns."""
    for name, value in _values(recipe):
        yield printable(f"{name:<12}{value}")


def _values(recipe: Recipe) -> Iterator[tuple[str, str]]:
    yield "recipe", f"{recipe.command}, of version {recipe.version}"
    for file in recipe.outputs:
        yield file.role, _file(file)
    if recipe.image is not None:
        yield from _image(recipe.image)
    if recipe.model is not None:
        yield from _model(recipe.model)
    if recipe.contrast is not None:
        limits = ", ".join(f"{low:g} to {high:g}" for low, high in recipe.contrast.limits)
        yield "contrast", limits + (" (chosen)" if recipe.contrast.automatic else "")
    if recipe.segment is not None:
        yield "objects", _objects(recipe.segment)
    if recipe.paint is not None:
        yield "objects", _journal(recipe.paint)
    if recipe.measure is not None:
        yield "of labels", _file(recipe.measure.labels)
        yield "shapes", "yes" if recipe.measure.shape else "no"
    if recipe.export is not None:
        yield "images", _file(recipe.export.images)
        yield "format", f"{recipe.export.layout}, {recipe.export.apart:g} for validation"
    versions = recipe.environment.versions
    yield "versions", ", ".join(f"{name} {version}" for name, version in versions.items())
    threads = recipe.environment.threads
    yield "machine", recipe.environment.platform + (f", {threads} threads" if threads else "")


def _file(file: FileRecord) -> str:
    if not file.path:
        return "an array in memory"
    path = file.path if "://" in file.path else os.path.relpath(file.path)
    there = "://" in file.path or os.path.exists(file.path) or file.text is not None
    return path if there else f"{path} (not there)"


def _image(image: ImageRecord) -> Iterator[tuple[str, str]]:
    yield "image", _file(image.file)
    shape = " x ".join(map(str, image.shape))
    yield "", f"{image.axes} {shape} {image.dtype}, channels {', '.join(map(str, image.channels))}"


def _model(model: ModelRecord) -> Iterator[tuple[str, str]]:
    yield "model", f"{model.name} (weights {model.weights[:12]}), {model.precision}, {model.device}"
    if model.learned is not None:
        yield "learned", f"{model.learned.hash[:12]}, from {model.learned.objects} objects"
    looks = "" if model.closer else ", no second looks"
    yield "tiles", f"{model.tile_size} px{looks}"


def _objects(segment: SegmentRecord) -> str:
    tables = [f"{Path(f.path).name}" for f in (segment.points, segment.boxes) if f is not None]
    text = f"of prompts in {' and '.join(tables)}" if tables else "all, found automatically"
    if segment.propagate or segment.link:
        verb = "followed" if segment.propagate else "linked"
        text += f", {verb} along {segment.along or 'z'}"
    if not tables and not segment.skip_empty:
        text += ", in empty tiles too"
    return text


def _journal(paint: PaintRecord) -> str:
    prompted = sum(bool(entry.get("prompts")) for entry in paint.entries)
    text = f"{len(paint.entries)} steps of a journal, {prompted} of them with prompts"
    return text if paint.complete else f"{text}; labels were there before"
