"""The command line as a process: help, exit status, one line of error, Ctrl-C."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_sam.cli import app
from tests.cli.process import Run, assert_one_line

ENTRY = [sys.executable, "-c", "from napari_sam.cli import main; main()"]
"""What the console script runs."""


def process(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [*ENTRY, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_models_are_listed(cli: Run) -> None:
    status, out, _ = cli("models", "--json")
    assert status == 0
    assert "cells-tiny" in [card["name"] for card in json.loads(out)["models"]]
    assert "cells-tiny" in cli("models")[1]


def test_help_names_every_command() -> None:
    out = CliRunner().invoke(app, ["--help"]).output
    commands = (
        "demo",
        "view",
        "segment",
        "measure",
        "export",
        "embed",
        "replay",
        "models",
        "cache",
    )
    assert [command for command in commands if command not in out] == []
    assert "napari-sam --help lists all commands" in CliRunner().invoke(app, []).output


@pytest.mark.parametrize("arguments", [["--help"], ["cache", "info"], ["--version"]])
def test_torch_is_not_imported_for_nothing(arguments: list[str]) -> None:
    code = (
        "import sys; from napari_sam.cli.app import run; status = run(sys.argv[1:]);"
        "sys.exit(status or 2 * ('torch' in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_the_process_leaves_status_and_one_line(image: Path, tmp_path: Path) -> None:
    done = process("segment", image, "-o", tmp_path / "missing" / "labels.tif")
    assert (done.returncode, done.stdout) == (1, "")
    assert_one_line(done.stderr, "missing does not exist")


def test_debug_shows_the_traceback(image: Path, tmp_path: Path) -> None:
    done = process("segment", image, "-o", tmp_path / "labels.png", "--debug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("napari-sam: 'labels.png' does not say")


@pytest.mark.long
def test_the_process_says_nothing_but_the_summary(
    image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    output = tmp_path / "labels.ome.zarr"
    done = process("segment", image, "-o", output, "--points", clicks, "--model", weights, "--json")
    assert done.returncode == 0
    summary = json.loads(done.stdout)
    assert done.stderr.count("\n") == len(summary["warnings"])


def test_version(cli: Run) -> None:
    from napari_sam import __version__

    assert cli("--version") == (0, f"napari-sam {__version__}\n", "")


def test_the_other_plugin_of_that_name_is_warned_of(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "site" / "napari_sam-0.4.3.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: napari-sam\nVersion: 0.4.3\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    status, out, error = cli("cache", "info", "--json")
    assert status == 0
    assert json.loads(out)["images"] == []
    assert_one_line(error, "warning", "napari-sam 0.4.3", "pip uninstall")


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to whole consoles only")
def test_ctrl_c_leaves_one_line_and_nothing_half_written(weights: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "stack.npy", np.zeros((20_000, 32, 32), np.uint8))
    (tmp_path / "results").mkdir()
    command = [
        "segment", tmp_path / "stack.npy", "--output", tmp_path / "results" / "labels.tif",
        "--model", weights, "--no-skip-empty",
    ]  # fmt: skip
    with subprocess.Popen(
        [*ENTRY, *map(str, command)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        wait_for(lambda: list((tmp_path / "cache").glob("*.zarr/digest/c.*")), running)
        running.send_signal(signal.SIGINT)
        out, error = running.communicate(timeout=300)
    assert (running.returncode, out) == (130, "")
    assert_one_line(error, "Ctrl-C")
    # only the folder of finished tiles, with which the same command goes on
    assert [path.name for path in (tmp_path / "results").iterdir()] == [".labels.tif.tiles"]


def wait_for(condition: Callable[[], object], running: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + 300
    while not condition():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < until, "nothing was encoded"
        time.sleep(0.02)
