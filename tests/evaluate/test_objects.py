"""True objects: outlines, boxes, and which of them are prompted."""

from dataclasses import replace

import numpy as np

from napari_sam import Session
from napari_sam.evaluate.objects import objects_of, spread
from napari_sam.evaluate.prompted import answer_boxes
from napari_sam.model.sam import Sam
from tests.evaluate.drawing import mask_of


def test_small_objects_are_not_prompted_and_labels_may_be_large() -> None:
    labels = np.zeros((40, 40), np.uint32)
    labels[2:11, 3:14] = 4_000_000_000
    labels[20:22, 20:22] = 7
    (one,) = objects_of(labels)
    assert (one.bbox, one.click) == ((2, 3, 11, 14), (6, 7))
    assert one.box == ((2, 3), (10, 13))
    assert one.pixels.all()


def test_negative_labels_are_background() -> None:
    labels = np.full((9, 9), -1)
    labels[:6, :6] = 2
    assert [one.bbox for one in objects_of(labels)] == [(0, 0, 6, 6)]
    assert list(objects_of(np.full((9, 9), -1))) == []


def test_the_edge_of_the_image_is_an_outline() -> None:
    (one,) = objects_of(np.ones((7, 7), int))
    assert one.click == (3, 3)


def test_a_line_has_a_box_too(tiny_model: Sam) -> None:
    labels = np.zeros((40, 40), int)
    labels[5, 5:35] = 1
    (one,) = objects_of(labels)
    assert one.box == ((4.5, 5), (5.5, 34))
    session = Session.open(labels.astype(np.uint8), model=tiny_model, cache_dir=False)
    (answer,) = answer_boxes(session, [one], ())
    assert 0 <= answer.iou <= 1
    assert answer_boxes(session, [], ()) == ()


def test_objects_are_spread_evenly() -> None:
    (one,) = objects_of(np.ones((7, 7), int))
    many = [replace(one, click=(float(i), 0.0)) for i in range(10)]
    assert [int(o.click[0]) for o in spread(many, 3)] == [0, 3, 6]
    assert spread(many, 20) == many


def test_iou_with_a_mask_anywhere() -> None:
    (one,) = objects_of(np.pad(np.ones((6, 6), int), 2))
    whole, none = np.zeros((10, 10), bool), np.zeros((10, 10), bool)
    whole[2:8, 2:5] = True
    assert one.iou(mask_of(whole)) == 0.5
    assert one.iou(mask_of(none)) == 0
    whole[:, :] = True
    assert one.iou(mask_of(whole)) == 0.36
