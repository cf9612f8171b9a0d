"""Outlines of QuPath, Fiji, StarDist and Cellpose, as labels of an image."""

import gzip
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from roifile import ROI_OPTIONS, ROI_SUBTYPE, ROI_TYPE, ImagejRoi
from skimage.measure import find_contours

from napari_sam.errors import LabelError
from napari_sam.image.labels_of_image import read_labels_of_image
from napari_sam.image.outlines.read import read_outlines
from napari_sam.image.volume import Volume

IMAGE = Volume.from_array(np.zeros((12, 16), np.uint8), name="cells")

SQUARE = [[2, 1], [6, 1], [6, 5], [2, 5], [2, 1]]
"""Pixels 1:5, 2:6."""

QUPATH = [
    {
        "type": "Feature",
        "id": "d1b5a0ba-6c9e-4b0e-8d0b-3d3f43a3d0f5",
        "geometry": {
            "type": "Polygon",
            "coordinates": [SQUARE],
            "plane": {"c": -1, "z": 2, "t": 0},
        },
        "properties": {
            "objectType": "detection",
            "classification": {"name": "Tumor", "color": [200, 0, 1]},
            "measurements": {"Nucleus: Area": 16.0},
        },
    },
    {
        "type": "Feature",
        "geometry": {
            "type": "MultiPolygon",
            "coordinates": [
                [
                    [[8, 1], [14, 1], [14, 7], [8, 7], [8, 1]],
                    [[10, 3], [12, 3], [12, 5], [10, 5], [10, 3]],
                ],
                [[[8, 8], [9, 8], [9, 9], [8, 9], [8, 8]]],
            ],
        },
        "properties": {"objectType": "cell", "name": "big", "isLocked": False},
    },
]
"""Two cells of QuPath 0.5: a bare list; the second lies on the first plane, and has a hole."""


def qupath_labels() -> np.ndarray:
    labels = np.zeros((3, 12, 16), np.uint32)
    labels[2, 1:5, 2:6] = 1
    labels[0, 1:7, 8:14], labels[0, 3:5, 10:12], labels[0, 8, 8] = 2, 0, 2
    return labels


def stack(*shape: int, axes: str) -> Volume:
    return Volume.from_array(np.zeros((*shape, 12, 16), np.uint8), axes=f"{axes}YX", name="cells")


def saved(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def feature(geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def polygon(*rings: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


# --- GeoJSON ---------------------------------------------------------------------------------


def as_list(path: Path) -> Path:
    return saved(path.with_suffix(".geojson"), QUPATH)


def as_collection(path: Path) -> Path:
    return saved(path.with_suffix(".json"), {"type": "FeatureCollection", "features": QUPATH})


def as_gz(path: Path) -> Path:
    path = path.with_suffix(".geojson.gz")
    path.write_bytes(gzip.compress(json.dumps(QUPATH).encode()))
    return path


def as_zip(path: Path) -> Path:
    path = path.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("export/cells.geojson", json.dumps(QUPATH))
    return path


@pytest.mark.parametrize("save", [as_list, as_collection, as_gz, as_zip])
def test_an_export_of_qupath_is_read_in_each_of_its_forms(
    save: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = save(tmp_path / "cells")
    labels = read_labels_of_image(path, stack(3, axes="Z"))
    np.testing.assert_array_equal(labels.data[:], qupath_labels())
    assert labels.warnings == ()
    tumor, big = read_outlines(path).objects
    assert (tumor.class_name, tumor.color, big.class_name) == ("Tumor", "#c80001", "")


def test_classes_and_labels_of_earlier_qupath_are_read(tmp_path: Path) -> None:
    of_class = {"name": "Tumor", "colorRGB": -3670016}
    measured = [{"name": "label", "value": 7.0}, {"name": "score", "value": 0.5}]
    cells = [
        feature(polygon(SQUARE), object_type="cell", classification=of_class, measurements=measured)
    ]
    (cell,) = read_outlines(saved(tmp_path / "old.geojson", cells)).objects
    assert (cell.class_name, cell.color, cell.label, cell.score) == ("Tumor", "#c80000", 7, 0.5)


def test_annotations_around_detections_are_left_out(tmp_path: Path) -> None:
    region = feature(polygon([[0, 0], [16, 0], [16, 12], [0, 12]]), objectType="annotation")
    cells = [region, feature(polygon(SQUARE), objectType="detection")]
    labels = read_labels_of_image(saved(tmp_path / "a.geojson", cells), IMAGE)
    assert np.unique(labels.data[:]).tolist() == [0, 1]
    assert labels.data[:].sum() == 16
    assert "1 objects are annotations around detections: left out" in labels.warnings[0]
    alone = read_labels_of_image(saved(tmp_path / "b.geojson", [region]), IMAGE)
    assert (alone.data[:] == 1).all()


def test_names_that_are_numbers_are_labels_unless_one_occurs_twice(tmp_path: Path) -> None:
    right = [[8, 1], [12, 1], [12, 5]]
    huge = feature(polygon(SQUARE), measurements={"label": float("inf")})
    assert read_outlines(saved(tmp_path / "a.geojson", [huge])).objects[0].label == 1
    for names, labels in ((("7", "30"), [7, 30]), (("7", "7"), [1, 2]), (("7", "x"), [1, 2])):
        shapes = (polygon(SQUARE), polygon(right))
        cells = [feature(shape, name=name) for shape, name in zip(shapes, names, strict=True)]
        read = read_outlines(saved(tmp_path / "named.geojson", cells))
        assert [each.label for each in read.objects] == labels


def test_a_smaller_object_has_the_pixels_of_an_overlap(tmp_path: Path) -> None:
    around = polygon([[0, 0], [10, 0], [10, 8], [0, 8]])
    hidden = polygon([[3, 2], [5, 2], [5, 4], [3, 4]])  # its four pixels go to the next one
    cells = [feature(polygon(SQUARE)), feature(around), feature(hidden), feature(hidden)]
    labels = read_labels_of_image(saved(tmp_path / "a.geojson", cells), IMAGE)
    pixels = np.asarray(labels.data[:])
    expected = np.zeros((12, 16))
    expected[:8, :10], expected[1:5, 2:6], expected[2:4, 3:5] = 2, 1, 4
    np.testing.assert_array_equal(pixels, expected)
    overlap, vanished = labels.warnings
    assert "3 of 4 outlines overlap others: the smaller object has the pixels" in overlap
    assert "1 of 4 outlines hold no pixel of their own: left out" in vanished


def test_outlines_outside_are_cut_off_or_left_out(tmp_path: Path) -> None:
    cut = polygon([[13, -3], [20, -3], [20, 2], [13, 2]])
    outside = polygon([[30, 1], [40, 1], [40, 5]])
    path = saved(tmp_path / "a.geojson", [feature(cut), feature(outside)])
    labels = read_labels_of_image(path, IMAGE)
    expected = np.zeros((12, 16))
    expected[:2, 13:] = 1
    np.testing.assert_array_equal(labels.data[:], expected)
    assert labels.warnings == (f"{path}: 1 of 2 outlines lie outside of the image: left out",)
    with pytest.raises(LabelError, match="all 1 outlines lie outside of cells, which is 16 x 12"):
        read_labels_of_image(saved(tmp_path / "b.geojson", [feature(outside)]), IMAGE)
    far = {**polygon(SQUARE), "plane": {"c": -1, "z": 9, "t": 0}}
    path = saved(tmp_path / "c.geojson", [feature(far)])
    with pytest.raises(LabelError, match="all 1 outlines lie outside"):
        read_labels_of_image(path, stack(3, axes="Z"))


def test_micrometres_instead_of_pixels_are_suspected(tmp_path: Path) -> None:
    image = Volume.from_array(
        np.zeros((200, 200), np.uint8), scale=(0.2, 0.2), units=("micrometer",) * 2
    )
    path = saved(tmp_path / "a.geojson", [feature(polygon([[2, 2], [38, 2], [38, 30]]))])
    (warning,) = read_labels_of_image(path, image).warnings
    assert "as if in micrometers and not in pixels" in warning
    wide = saved(tmp_path / "b.geojson", [feature(polygon([[2, 2], [150, 2], [38, 30]]))])
    assert read_labels_of_image(wide, image).warnings == ()


def test_a_stack_of_which_only_the_first_plane_is_named_is_said(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.geojson", [feature(polygon(SQUARE))])
    labels = read_labels_of_image(path, stack(3, axes="T"))
    assert labels.warnings == (f"{path} names no plane but the first: all outlines are there",)
    assert (labels.data[0] > 0).sum() == 16


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("{", "is no JSON, or is damaged"),
        ('{"type": "Topology"}', "is JSON, but no GeoJSON"),
        ("3", "is JSON, but no GeoJSON"),
        ('{"type": ["Polygon"]}', "is JSON, but no GeoJSON"),
        ('{"shapes": [{"points": [[1, 2]]}]}', "is JSON, but no GeoJSON"),
        ('[{"geometry": {"type": "Point", "coordinates": [1, 2]}}]', "holds no polygon"),
        ("[5]", "object 1: Input should be"),
        ('[{"geometry": {"type": "Polygon", "coordinates": [[1, 2]]}}]', "polygon 1: 0.0"),
        ('[{"geometry": {"type": "Polygon", "coordinates": [[[1, 2], [3], [4, 5]]]}}]', "lengths"),
    ],
)
def test_what_is_no_geojson_is_refused_with_one_line(
    document: str, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(document)
    with pytest.raises(LabelError) as caught:
        read_labels_of_image(path, IMAGE)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_an_empty_export_has_no_objects(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.geojson", {"type": "FeatureCollection", "features": []})
    labels = read_labels_of_image(path, IMAGE)
    assert labels.warnings == (f"{path} holds no outlines",)
    assert not labels.data[:].any()


def test_lines_and_degenerate_rings_are_counted(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[1, 1], [2, 2]]}
    cells = [feature(polygon(SQUARE)), feature(line), feature(polygon([[1, 1], [2, 2]]))]
    outlines = read_outlines(saved(tmp_path / "a.geojson", cells))
    assert len(outlines.objects) == 1
    assert [warning.split(": ", 1)[1] for warning in outlines.warnings] == [
        "1 objects hold points or lines, no area: left out",
        "1 objects have no three points: left out",
    ]


# --- ROIs of ImageJ --------------------------------------------------------------------------


def roi(roitype: ROI_TYPE, box: tuple[int, int, int, int], name: str = "") -> ImagejRoi:
    left, top, right, bottom = box
    return ImagejRoi(
        roitype=roitype, left=left, top=top, right=right, bottom=bottom, name=name, version=227
    )


def roi_set(path: Path, *rois: ImagejRoi) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number, each in enumerate(rois):
            archive.writestr(f"{each.name or number}.roi", each.tobytes())
    return path


def corners(points: list[tuple[float, float]], **place: Any) -> ImagejRoi:
    """A polygon as StarDist and Fiji write it."""
    made = ImagejRoi.frompoints(np.array(points), **place)
    made.roitype = ROI_TYPE.POLYGON
    return made


def test_shapes_of_fiji_cover_the_pixels_that_fiji_selects(tmp_path: Path) -> None:
    path = roi_set(
        tmp_path / "RoiSet.zip",
        roi(ROI_TYPE.RECT, (1, 2, 4, 5), "0003-0002"),
        roi(ROI_TYPE.OVAL, (5, 2, 9, 6), "0004-0007"),
        corners([(10, 2), (14, 2), (14, 4), (10, 4)], name="0003-0012"),
        corners([(10.5, 6.0), (13.5, 6.0), (13.5, 8.5), (10.5, 8.5)], name="fine"),
    )
    labels = read_labels_of_image(path, IMAGE)
    expected = np.zeros((12, 16))
    expected[2:5, 1:4] = 1
    expected[2:6, 5:9] = 2
    expected[[2, 2, 5, 5], [5, 8, 5, 8]] = 0  # the corners of a circle of 4 pixels
    expected[2:4, 10:14] = 3
    expected[6:8, 10:13] = 4  # centres at 10.5 and 8.5 lie on the left and on the lower line
    np.testing.assert_array_equal(labels.data[:], expected)


def test_points_lines_and_text_are_left_out(tmp_path: Path) -> None:
    text = roi(ROI_TYPE.RECT, (1, 2, 4, 5), "text")
    text.subtype = ROI_SUBTYPE.TEXT
    line = roi(ROI_TYPE.LINE, (1, 2, 4, 5), "line")
    point = ImagejRoi.frompoints([[3, 4]], name="point")
    point.roitype = ROI_TYPE.POINT
    path = roi_set(tmp_path / "RoiSet.zip", line, point, roi(ROI_TYPE.RECT, (1, 2, 4, 5), "a"))
    outlines = read_outlines(path)
    assert len(outlines.objects) == 1
    assert outlines.warnings == (f"{path}: 2 ROIs have no area: left out",)
    with pytest.raises(LabelError, match="no ROI with an area, but points, lines or text"):
        read_outlines(roi_set(tmp_path / "lines.zip", line, point))


def test_a_rectangle_with_fractions_of_pixels_is_not_rounded(tmp_path: Path) -> None:
    fine = roi(ROI_TYPE.RECT, (1, 2, 4, 5), "a")
    fine.options = ROI_OPTIONS.SUB_PIXEL_RESOLUTION
    fine.xd, fine.yd, fine.widthd, fine.heightd = 1.6, 2.4, 2.0, 2.0
    labels = read_labels_of_image(roi_set(tmp_path / "RoiSet.zip", fine), IMAGE)
    expected = np.zeros((12, 16))
    expected[2:4, 2:4] = 1
    np.testing.assert_array_equal(labels.data[:], expected)


@pytest.mark.parametrize(
    ("shape", "axes", "place", "plane"),
    [
        ((3,), "Z", {"position": 2}, (2,)),
        ((3,), "T", {"position": 1}, (1,)),
        ((3,), "T", {"t": 2}, (2,)),
        ((3,), "T", {"z": 2}, (2,)),  # ImageJ often takes time for depth
        ((2, 3), "TZ", {"c": 0, "z": 2, "t": 1}, (1, 2)),
        ((2, 3), "TZ", {"position": 4}, (1, 1)),
        ((1, 1), "TZ", {}, (0, 0)),
    ],
)
def test_positions_are_planes(
    shape: tuple[int, ...], axes: str, place: dict[str, int], plane: tuple[int, ...], tmp_path: Path
) -> None:
    path = roi_set(tmp_path / "RoiSet.zip", corners([(2, 1), (6, 1), (6, 5), (2, 5)], **place))
    labels = np.asarray(read_labels_of_image(path, stack(*shape, axes=axes)).data[:])
    assert (labels[plane] > 0).sum() == (labels > 0).sum() == 16


def test_a_roi_of_no_plane_is_refused_in_a_stack(tmp_path: Path) -> None:
    path = roi_set(tmp_path / "RoiSet.zip", corners([(2, 1), (6, 1), (6, 5)]))
    with pytest.raises(LabelError, match="set the positions of the ROIs in Fiji"):
        read_labels_of_image(path, stack(3, axes="Z"))


def test_a_single_roi_has_its_class_by_group(tmp_path: Path) -> None:
    path = tmp_path / "cell.roi"
    made = corners([(2, 1), (6, 1), (6, 5), (2, 5)])
    made.group = 4
    path.write_bytes(made.tobytes())
    (drawn,) = read_outlines(path).objects
    assert (drawn.class_name, drawn.label) == ("group 4", 1)
    path.write_bytes(b"Iout and nothing more")
    with pytest.raises(LabelError, match="cannot be read"):
        read_outlines(path)


def test_a_zip_of_other_files_and_a_broken_one_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.md", "hello")
    with pytest.raises(LabelError, match="holds neither ROIs nor GeoJSON"):
        read_outlines(path)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(LabelError, match="cannot be read"):
        read_outlines(path)
    with pytest.raises(LabelError, match="no file"):
        read_outlines(tmp_path / "none.geojson")


def test_without_roifile_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = roi_set(tmp_path / "RoiSet.zip", roi(ROI_TYPE.RECT, (1, 2, 4, 5), "a"))
    monkeypatch.setitem(sys.modules, "roifile", None)
    with pytest.raises(LabelError, match=r'pip install "napari-sam-microscopy\[fiji\]"'):
        read_outlines(path)


# --- Cellpose, and others --------------------------------------------------------------------


def test_outermost_pixels_of_cellpose_belong_to_the_object(tmp_path: Path) -> None:
    labels = np.zeros((12, 16), np.uint32)
    labels[1:6, 1:6], labels[1, 1], labels[7:10, 8:15], labels[9, 8] = 1, 0, 2, 0
    lines = []
    for label in (1, 2):
        mask = labels == label
        inner = find_contours(np.pad(mask, 1).astype(float), 0.99)[0] - 1  # through the pixels
        points = np.round(inner).astype(int)[:, ::-1]
        lines.append(",".join(map(str, points.ravel())))
    path = tmp_path / "a_cp_outlines.txt"
    path.write_text("\n".join(lines) + "\n\n")
    np.testing.assert_array_equal(read_labels_of_image(path, IMAGE).data[:], labels)
    path.write_text("1,2,3\n")
    with pytest.raises(LabelError, match="line 1, is no outline of Cellpose"):
        read_outlines(path)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("a_seg.npy", "choose File > Save masks as PNG/tif"),
        ("a.h5", "export Object Identities as tif"),
        ("a.ilp", "export Object Identities as tif"),
        ("a.qpdata", "Export objects as GeoJSON"),
    ],
)
def test_projects_of_other_programs_are_refused_with_the_way_out(
    name: str, advice: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(LabelError, match=advice):
        read_labels_of_image(tmp_path / name, IMAGE)


def test_outlines_need_their_image(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="give the image too"):
        read_labels_of_image(as_list(tmp_path / "cells"))
