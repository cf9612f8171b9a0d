"""Outlines that this package writes are read again, pixel by pixel."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from typer.testing import CliRunner

from napari_sam.cli.app import app
from napari_sam.image.volume import Volume
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.files.read import read_label_file
from napari_sam.measure.save import save_measures

LABELS = st.integers(1, 3).flatmap(
    lambda planes: arrays(
        np.uint32,
        st.tuples(st.just(planes), st.integers(1, 9), st.integers(1, 9)),
        elements=st.sampled_from([0, 0, 1, 3, 70_000]),
    )
)


def written(path: Path, labels: np.ndarray, image: Volume, classes: ClassTable) -> Path:
    scores = {70_000: 0.25}
    list(save_measures([path], labels, image.calibration, classes=classes, scores=scores))
    return path


@pytest.mark.parametrize("suffix", [".geojson", ".zip"])
@given(labels=LABELS, axis=st.sampled_from("ZT"))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_labels_come_back_from_outlines(
    suffix: str, labels: np.ndarray, axis: str, tmp_path: Path
) -> None:
    if not labels.any():
        return
    image = Volume.from_array(labels, axes=f"{axis}YX", scale=(1, 0.5, 0.5))
    classes = ClassTable().add("round", "#112233").assign({3: "round"})
    file = read_label_file(written(tmp_path / f"a{suffix}", labels, image, classes), image)
    np.testing.assert_array_equal(file.labels, labels)
    assert file.calibration == image.calibration
    assert file.classes.class_of(3) == ("round" if 3 in labels else "")
    assert file.classes.class_of(1) == ""
    if suffix == ".geojson":
        assert file.scores == ({70_000: 0.25} if 70_000 in labels else {})


def test_a_class_has_its_colour_again(tmp_path: Path) -> None:
    labels = np.eye(8, dtype=np.uint32).repeat(2, axis=0)
    classes = ClassTable().add("round", "#112233").assign({1: "round"})
    image = Volume.from_array(labels)
    for suffix in (".geojson", ".zip"):
        path = written(tmp_path / f"a{suffix}", labels, image, classes)
        assert read_label_file(path, image).classes == classes


def test_the_command_measures_outlines_on_their_image(tmp_path: Path) -> None:
    labels = np.zeros((20, 24), np.uint8)
    labels[2:9, 3:12], labels[12:15, 8:20] = 5, 9
    image = Volume.from_array(labels)
    outlines = written(tmp_path / "cells.geojson", labels, image, ClassTable())
    np.save(tmp_path / "image.npy", labels)
    tables = {}
    for name in ("by_outlines", "by_labels"):
        source = outlines if name == "by_outlines" else tmp_path / "image.npy"
        table = tmp_path / f"{name}.csv"
        arguments = ["measure", source, "--image", tmp_path / "image.npy", "-o", table]
        assert CliRunner().invoke(app, list(map(str, arguments))).exit_code == 0
        tables[name] = table.read_text()
    assert tables["by_outlines"] == tables["by_labels"]
    result = CliRunner().invoke(app, ["measure", str(outlines), "-o", str(tmp_path / "b.csv")])
    assert "give the image too" in str(result.exception)
    assert not (tmp_path / "b.csv").exists()
