"""Steps from image to image, without a window: what is opened, skipped, saved and refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from napari.components import LayerList
from napari.layers import Image, Labels

from napari_sam.errors import OutputError
from napari_sam.folder.labels_place import stamp_of
from napari_sam.folder.state import ImageState, Stage
from napari_sam.labels.files.read import read_label_file
from napari_sam.labels.files.write import write_labels
from napari_sam.plugin.folder.carried import Carried, first_limits
from napari_sam.plugin.folder.steps import (
    FolderListed,
    ImageOpened,
    LabelsSaved,
    LabelsToSave,
    OpenFolder,
    open_folder,
    open_image,
    save_labels,
)
from napari_sam.plugin.folder.thumbnails import picture_of
from napari_sam.plugin.image.composite import Composite
from tests.folder.test_image_list import write_plate
from tests.plugin.bench import picture


def listed(words: Path, place: Path | None = None) -> FolderListed:
    (event,) = (e for e in open_folder(str(words), place) if isinstance(e, FolderListed))
    return event


def opened(folder: OpenFolder, *order: int, **changes: ImageState) -> ImageOpened:
    (event,) = (e for e in open_image(folder, order, changes) if isinstance(e, ImageOpened))
    return event


def to_save(path: Path, labels: np.ndarray, stamp: Any = None) -> LabelsToSave:
    data, attributes, _ = Labels(labels).as_layer_data_tuple()
    return LabelsToSave(path, stamp, data, attributes)


def write_images(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        tifffile.imwrite(folder / name, picture(20, 24, seed=number))


def test_unreadable_images_are_marked_and_skipped(tmp_path: Path) -> None:
    write_images(tmp_path, "a.tif", "c.tif")
    (tmp_path / "b.tif").write_bytes(b"no image")
    folder = listed(tmp_path).folder
    event = opened(folder, 1, 2)
    assert event.index == 2
    assert [layer.name for layer in event.layers] == ["c.tif"]
    (sentence,) = event.skipped
    assert sentence.startswith(f"Skipped b.tif: {tmp_path / 'b.tif'} is not an image")
    assert event.folder.state.current == "c.tif"
    assert "not an image" in event.folder.state.of("b.tif").problem
    nothing = opened(event.folder, 1)
    assert (nothing.index, nothing.folder.state.current) == (-1, "c.tif")
    write_images(tmp_path, "b.tif")  # mended
    mended = opened(event.folder, 1)
    assert (mended.index, mended.folder.state.of("b.tif")) == (1, ImageState())


def test_pixels_that_cannot_be_decoded_are_a_reason_too(tmp_path: Path) -> None:
    write_images(tmp_path, "a.tif")
    tifffile.imwrite(tmp_path / "b.tif", picture(200, 200).astype(np.uint16), compression="zlib")
    content = (tmp_path / "b.tif").read_bytes()
    (tmp_path / "b.tif").write_bytes(content[: len(content) // 2])
    event = opened(listed(tmp_path).folder, 1)
    assert event.index == -1
    assert event.folder.state.of("b.tif").problem


def test_files_of_one_image_are_gone_through_once(tmp_path: Path) -> None:
    stack = np.stack([picture(20, 24, seed=number) for number in range(2)])
    uuids = [f"urn:uuid:00000000-0000-0000-0000-00000000000{i}" for i in range(2)]
    blocks = "".join(
        f'<TiffData FirstZ="{i}" IFD="0" PlaneCount="1"><UUID FileName="set_{i}.ome.tif">'
        f"{uuid}</UUID></TiffData>"
        for i, uuid in enumerate(uuids)
    )
    for i, plane in enumerate(stack):
        xml = (
            '<?xml version="1.0" encoding="UTF-8"?><OME '
            'xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
            f'UUID="{uuids[i]}"><Image ID="Image:0"><Pixels ID="Pixels:0" '
            'DimensionOrder="XYZCT" Type="uint8" SizeX="24" SizeY="20" SizeZ="2" SizeC="1" '
            f'SizeT="1"><Channel ID="Channel:0" SamplesPerPixel="1"/>{blocks}</Pixels></Image>'
            "</OME>"
        )
        tifffile.imwrite(tmp_path / f"set_{i}.ome.tif", plane, description=xml, metadata=None)
    write_images(tmp_path, "z.tif")
    first = opened(listed(tmp_path).folder, 0)
    assert np.array_equal(np.asarray(first.layers[0].data), stack)
    assert first.folder.state.of("set_1.ome.tif").part_of == "set_0.ome.tif"
    assert opened(first.folder, 1, 2).index == 2


def test_labels_are_saved_and_read_again(tmp_path: Path) -> None:
    write_images(tmp_path, "a.tif")
    folder = listed(tmp_path).folder
    event = opened(folder, 0)
    assert (event.path, event.labels, event.stamp) == (
        tmp_path / "labels" / "a_labels.ome.tif",
        None,
        None,
    )
    labels = np.zeros((20, 24), np.uint32)
    (nothing,) = (
        e
        for e in save_labels(to_save(event.path, labels), folder, "a.tif")
        if isinstance(e, LabelsSaved)
    )
    assert nothing.stamp is None
    assert not event.path.exists()
    labels[3:9, 4:12] = 70_000
    events = list(save_labels(to_save(event.path, labels), folder, "a.tif"))
    assert events[-1] == LabelsSaved(event.path, stamp_of(event.path))
    again = listed(tmp_path)
    assert again.folder.state.of("a.tif").stage is Stage.BEGUN
    assert again.lines == ()
    data, _, kind = opened(again.folder, 0).labels
    assert kind == "labels"
    np.testing.assert_array_equal(data, labels)


def test_another_ones_labels_are_never_replaced(tmp_path: Path) -> None:
    write_images(tmp_path, "a.tif")
    folder = listed(tmp_path).folder
    event = opened(folder, 0)
    theirs = np.full((20, 24), 5, np.uint32)
    write_labels(event.path, theirs)
    with pytest.raises(OutputError, match="holds other labels than those that were opened here"):
        list(save_labels(to_save(event.path, theirs + 1, event.stamp), folder, "a.tif"))
    np.testing.assert_array_equal(np.asarray(read_label_file(event.path).labels), theirs)
    # the same labels in the file are the user's own: File > Save wrote them
    events = list(save_labels(to_save(event.path, theirs, event.stamp), folder, "a.tif"))
    assert events[-1] == LabelsSaved(event.path, stamp_of(event.path))


def test_a_file_that_holds_no_labels_stays(tmp_path: Path) -> None:
    write_images(tmp_path, "a.tif")
    folder = listed(tmp_path).folder
    path = folder.place / "a_labels.ome.tif"
    path.write_bytes(b"notes of a colleague")
    event = opened(folder, 0)
    assert (event.labels, event.stamp) == (None, None)
    assert event.warnings[-1].endswith("until then, labels of this image are not saved here")
    with pytest.raises(OutputError, match="holds other labels"):
        list(save_labels(to_save(path, np.ones((20, 24), np.uint32)), folder, "a.tif"))
    assert path.read_bytes() == b"notes of a colleague"


def test_new_and_vanished_images_are_told(tmp_path: Path) -> None:
    write_images(tmp_path, "a.tif", "b.tif")
    done = opened(listed(tmp_path).folder, 1, **{"a.tif": ImageState(Stage.DONE)})
    (tmp_path / "a.tif").unlink()
    write_images(tmp_path, "c.tif", "d.tif")
    again = listed(tmp_path)
    assert again.lines == ("Since the last time: 2 new and 1 gone.",)
    assert again.folder.names == ["b.tif", "c.tif", "d.tif"]
    assert again.folder.state.current == "b.tif"
    assert again.folder.state.of("a.tif") == done.folder.state.of("a.tif")  # it may come back


def test_a_field_of_a_plate_is_opened_and_its_labels_lie_beside_the_plate(tmp_path: Path) -> None:
    write_plate(tmp_path / "screen.ome.zarr", {"A/1": 2, "B/2": 1}, listed=("C/3",))
    event = listed(tmp_path / "screen.ome.zarr")
    assert "C/3; they are left out" in event.lines[0]
    field = opened(event.folder, 1)
    assert field.folder.state.current == "A/1/1"
    assert np.array_equal(np.asarray(field.layers[0].data), np.full((8, 8), 1))
    assert field.path == tmp_path / "screen_labels" / "screen_A1_1_labels.ome.tif"


def test_a_place_without_its_folder_is_refused(tmp_path: Path) -> None:
    write_images(tmp_path, "a.tif")
    with pytest.raises(OutputError, match="gone does not exist: create it, or choose another one"):
        listed(tmp_path, tmp_path / "gone" / "labels")


def test_look_is_carried_to_images_of_the_same_channels() -> None:
    def channels(seed: int, dtype: type = np.uint16) -> list[Image]:
        layers = [Image(picture(8, 8, seed=seed + i).astype(dtype), name="c") for i in range(2)]
        return list(LayerList(layers))

    old, composite = channels(0), Composite()
    first = first_limits(old)
    old[0].contrast_limits = (3, 77)
    old[1].colormap, old[1].visible = "magenta", False
    look = Carried.of(old, first, 0, [1])
    new = channels(5)
    own = tuple(new[1].contrast_limits)
    assert look.apply(new, composite) is new[0]
    assert tuple(new[0].contrast_limits) == (3, 77)
    assert tuple(new[1].contrast_limits) == own  # napari's choice for each image
    assert (new[1].colormap.name, new[1].visible) == ("magenta", False)
    assert composite.layers_beside(new[0], LayerList(new)) == [new[1]]
    bytes_ = channels(9, np.uint8)
    look.apply(bytes_, composite)
    assert tuple(bytes_[0].contrast_limits) == (0, 255)
    assert look.apply(new[:1], composite) is None


def test_a_picture_of_a_stack_is_of_its_middle(tmp_path: Path) -> None:
    stack = np.zeros((5, 20, 30), np.uint16)
    stack[2, :, :15] = 900
    tifffile.imwrite(tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "ZYX"})
    pixels = picture_of(listed(tmp_path).folder.listed.images[0])
    assert pixels.shape == (20, 30, 3)
    assert pixels[:, :15].min() == 255
    assert pixels[:, 15:].max() == 0
