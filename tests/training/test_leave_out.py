"""Leaving sets out: neither their images nor their labels reach a run."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.feed import PROCEDURAL, Feed
from training.recipe import RECIPES
from training.samples import Sample, load_sets

ROOT = Path(__file__).parents[2]


def write_sets(folder: Path, *names: str) -> None:
    y, x = np.mgrid[:96, :96]
    labels = np.zeros((96, 96), np.uint16)
    for index, (cy, cx) in enumerate([(30, 30), (60, 70)], 1):
        labels[np.hypot(y - cy, x - cx) < 14] = index
    for name in names:
        (folder / name).mkdir(parents=True)
        image = np.where(labels > 0, 200, 30).astype(np.uint8)
        np.savez(folder / name / "a.npz", image=image, labels=labels)


def test_old_recipe_has_neither_the_later_sets_nor_optics(tmp_path: Path) -> None:
    write_sets(tmp_path, "cells_phase", "dic_cho", "axons_sem")
    assert list(load_sets(tmp_path, RECIPES["new"].sets)) == ["cells_phase", "axons_sem", "dic_cho"]
    assert list(load_sets(tmp_path, RECIPES["old"].sets)) == ["cells_phase", "axons_sem"]
    assert set(RECIPES["old"].kinds) < set(RECIPES["new"].kinds)
    assert set(RECIPES["old"].looks) < set(RECIPES["new"].looks)


def test_recipe_chooses_the_kinds_that_are_painted() -> None:
    painted = []

    def kind(rng: np.random.Generator) -> Sample:
        painted.append(rng)
        return Sample(np.zeros((512, 512), np.uint8), np.ones((512, 512), np.int32))

    feed = Feed({}, 0, 0, 1, replace(RECIPES["old"], kinds=(kind,)))
    assert len(feed.canvases()[PROCEDURAL]) == 1
    assert len(painted) == 4


@pytest.mark.long
def test_a_model_is_trained_without_a_set_and_measured_on_it(tmp_path: Path) -> None:
    write_sets(tmp_path / "train", "cells_phase", "dic_cho")
    write_sets(tmp_path / "val", "dic_cho")
    command = [sys.executable, "benchmarks/accuracy.py", "--data", str(tmp_path / "val")]
    options = ["--leave-out", "dic_cho", "--minutes", "0.02", "--procedural", "1"]
    folders = ["--training", str(tmp_path / "train"), "--runs", str(tmp_path / "runs")]
    rest = ["--only", "boxes", "--jobs", "1", "--json", str(tmp_path / "figures.json")]
    subprocess.run([*command, *options, *folders, *rest], check=True, cwd=ROOT, timeout=300)
    figures = json.loads((tmp_path / "figures.json").read_text())["sets"]["dic_cho"]
    assert list(figures) == ["new"]
    run = tmp_path / "runs" / "new, without dic_cho"
    assert json.loads((run / "plan.json").read_text())["leave_out"] == ["dic_cho"]
    assert (run / "cells-tiny.safetensors").is_file()
