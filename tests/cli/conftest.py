"""Fixtures of the command line: weights, an image, clicks on it, and the command itself."""

import math
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from napari_sam.cli.app import run
from napari_sam.weights.load import save_weights
from tests.cli.process import Run
from tests.tiny import tiny_sam


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a small model whose answers mean nothing."""
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    model = tiny_sam()
    # a proposal head that learned nothing finds thousands of objects; a few are enough here
    head = model.get_submodule("image_encoder.pyramid.proposals")
    with torch.no_grad():
        head.bias[:2] += torch.tensor([-0.72, 2.0])
        head.bias[2:] += math.log1p(10)  # pixels to each side of the box
    save_weights(model, path)
    return path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAPARI_SAM_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Two bright discs on a dark ground."""
    y, x = np.mgrid[:96, :128]
    discs = ((y - 30) ** 2 + (x - 40) ** 2 < 200) | ((y - 60) ** 2 + (x - 90) ** 2 < 300)
    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, (40 + 150 * discs).astype(np.uint8))
    return path


@pytest.fixture
def clicks(tmp_path: Path) -> Path:
    path = tmp_path / "clicks.csv"
    path.write_text("index,axis-0,axis-1\n0,30,40\n1,60,90\n")
    return path


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process: status, output, error."""

    def cli(*arguments: object) -> tuple[int, str, str]:
        status = run([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return cli
