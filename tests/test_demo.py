"""The demo segments a real image without a network and leaves files that open."""

import math
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
import zarr
from PIL import Image
from skimage.data import immunohistochemistry

from napari_sam.cli.app import run
from napari_sam.demo import DEMO_FILES, DemoResult, run_demo
from napari_sam.demo_record import RECORD
from napari_sam.errors import ModelError, OutputError
from napari_sam.image.read import read_image
from napari_sam.model.sam import Sam
from napari_sam.overlay import ZOOM, outlined
from napari_sam.prompts.read_csv import read_prompts
from napari_sam.weights.load import save_weights
from tests.cli.test_inputs import digests
from tests.tiny import tiny_sam


def tiny() -> Sam:
    torch.manual_seed(3)
    model = tiny_sam().eval()
    # a proposal head that learned nothing finds thousands of objects; a few are enough here
    head = model.get_submodule("image_encoder.pyramid.proposals")
    with torch.no_grad():
        head.bias[:2] += torch.tensor([-0.72, 2.0])
        head.bias[2:] += math.log1p(10)  # pixels to each side of the box
    return model


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> DemoResult:
    """Run the demo, with no network."""

    def refuse(*_: object) -> None:
        raise AssertionError("the demo went to the network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        return run_demo(tmp_path_factory.mktemp("demo") / "new" / "folder", model=tiny())


def test_every_file_is_there(result: DemoResult) -> None:
    assert [path.name for path in result.files] == list(DEMO_FILES)
    folder = result.files[0].parent
    assert sorted(path.name for path in folder.iterdir()) == sorted([*DEMO_FILES, RECORD])
    assert (result.model, result.device) == ("tiny-random", "cpu")


@pytest.mark.parametrize("kind", ["automatic", "prompted"])
def test_both_formats_hold_the_same_labels(result: DemoResult, kind: str) -> None:
    folder = result.files[0].parent
    tiff = tifffile.imread(folder / f"{kind}.ome.tif")
    stored = np.asarray(zarr.open_group(folder / f"{kind}.ome.zarr", mode="r")["0"])
    np.testing.assert_array_equal(tiff, stored)
    assert tiff.shape == (512, 512)
    assert len(np.unique(tiff[tiff > 0])) == getattr(result, kind)


def test_prompts_can_be_used_again(result: DemoResult) -> None:
    folder = result.files[0].parent
    prompts = read_prompts(folder / "points.csv", folder / "boxes.csv")
    prompts.check(read_image(folder / "image.png"))
    assert sorted(prompts.objects) == list(range(1, 9))
    labels = tifffile.imread(folder / "prompted.ome.tif")
    assert set(np.unique(labels)) <= set(range(9))


def test_overlay_shows_the_image_twice(result: DemoResult) -> None:
    picture = np.asarray(Image.open(result.files[-1]))
    width = 512 * ZOOM
    left, right = picture[-width:, :width], picture[-width:, -width:]
    large = immunohistochemistry().repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
    changed_left, changed_right = ((panel != large).any(axis=-1) for panel in (left, right))
    assert changed_left.any() == (result.automatic > 0)
    assert changed_left.mean() < 0.5
    assert 0 < changed_right.mean() < 0.5
    y, x = (ZOOM * c + ZOOM // 2 for c in (437, 224))
    assert tuple(right[y, x]) == (255, 0, 0)  # the background click


def test_each_prompt_of_the_demo_gets_its_nucleus(tmp_path: Path) -> None:
    result = run_demo(tmp_path, device="cpu")
    assert (result.model, result.prompted) == ("cells-tiny", 8)
    labels = tifffile.imread(tmp_path / "prompted.ome.tif")
    prompts = read_prompts(points=tmp_path / "points.csv")
    for number, (click, *_) in prompts.objects.items():
        y, x = map(int, click.position)
        assert labels[y, x] == number
    areas = np.bincount(labels.ravel(), minlength=9)[1:]
    assert areas.min() > 20
    assert areas.max() < 1500  # a nucleus here has some 200 pixels


def test_an_outline_is_drawn_inside_its_object_only() -> None:
    image = np.full((8, 8, 3), 9, np.uint8)
    labels = np.zeros((8, 8), np.uint32)
    labels[2:6, 2:6] = 5
    changed = (outlined(image, labels) != 9).any(axis=-1)
    expected = np.zeros((24, 24), bool)
    expected[6:18, 6:18] = True
    expected[8:16, 8:16] = False
    np.testing.assert_array_equal(changed, expected)


def test_results_are_only_replaced_when_asked(tmp_path: Path) -> None:
    run_demo(tmp_path, model=tiny())
    (tmp_path / "notes.txt").write_text("mine")
    before = digests(tmp_path)
    with pytest.raises(OutputError, match=r"image\.png exists: .* --overwrite"):
        run_demo(tmp_path, model=tiny())
    assert digests(tmp_path) == before
    run_demo(tmp_path, model=tiny(), overwrite=True)
    assert digests(tmp_path)["notes.txt"] == before["notes.txt"]
    assert digests(tmp_path)["image.png"] == before["image.png"]
    assert set(digests(tmp_path)) == set(before)


@pytest.mark.parametrize("name", ["automatic.ome.tif", "points.csv", "prompted.ome.zarr/zarr.json"])
def test_files_of_others_are_never_replaced(result: DemoResult, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(result.files[0].parent, folder)
    (folder / name).write_text("precious")
    before = digests(folder)
    with pytest.raises(OutputError, match=f"{name.split('/')[0]} is not as the demo wrote it"):
        run_demo(folder, model=tiny(), overwrite=True)
    assert digests(folder) == before


@pytest.mark.parametrize("record", [None, "{", "[1]", '{"points.csv": 7}'])
def test_without_a_record_no_file_is_the_demos(tmp_path: Path, record: str | None) -> None:
    (tmp_path / "points.csv").write_text("index,axis-0,axis-1\n")
    if record is not None:
        (tmp_path / RECORD).write_text(record)
    with pytest.raises(OutputError, match=r"points\.csv is not as the demo wrote it"):
        run_demo(tmp_path, model=tiny(), overwrite=True)
    assert (tmp_path / "points.csv").read_text() == "index,axis-0,axis-1\n"


def test_nothing_is_written_before_the_model_is_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        run_demo(tmp_path / "demo", model="no-such-model")
    assert not (tmp_path / "demo").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match="cannot be written"):
        run_demo(tmp_path / "file", model=tiny())


def test_the_command_prints_a_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    save_weights(tiny(), tmp_path / "tiny.safetensors")
    assert run(["demo", "--model", "tiny.safetensors", "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    for word in ("automatic", "prompted", "seconds", "tiny-random", "cpu", *DEMO_FILES):
        assert word in out
    assert (tmp_path / "napari-sam-demo" / "overlay.png").is_file()

    assert run(["demo", "--model", "tiny.safetensors"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("napari-sam: ")
    assert error.count("\n") == 1
