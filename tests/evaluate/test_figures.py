"""Figures of accuracy: means over images and sets, and the table of them."""

import pytest

from napari_sam.evaluate.clicks import Protocol
from napari_sam.evaluate.figures import Outcome, macro_mean, summarise
from napari_sam.evaluate.matching import Detection
from napari_sam.evaluate.report import markdown, with_means
from tests.evaluate.drawing import answers


def test_figures_of_clicks() -> None:
    clicks = [answers(0.4, 0.6, 0.9, 0.9, 1.0), answers(0.8, 0.8, 0.8, 0.8, 0.8, 0.8), answers(1.0)]
    found = summarise([Outcome(clicks=clicks[:1]), Outcome(clicks=clicks[1:])], Protocol(most=6))
    assert found["objects"] == 3
    assert found["click_1_iou"] == pytest.approx((0.4 + 0.8 + 1) / 3)
    assert found["click_3_iou"] == pytest.approx((0.9 + 0.8 + 1) / 3)
    assert found["click_5_iou"] == pytest.approx((1.0 + 0.8 + 1) / 3)
    assert found["click_1_under_half"] == pytest.approx(1 / 3)
    assert found["click_1_iou_error"] == pytest.approx((0.1 + 0.3 + 0.5) / 3)
    assert found["noc"] == pytest.approx((3 + 6 + 1) / 3)
    assert found["never"] == pytest.approx(1 / 3)


def test_what_was_not_looked_at_is_not_there() -> None:
    assert summarise([], Protocol()) == {}
    found = summarise([Outcome(clicks=[answers(0.5)])], Protocol(most=1))
    assert {"click_3_iou", "box_iou", "plane_msa", "background_taken"}.isdisjoint(found)
    alone = summarise([Outcome(boxes=answers(0.75, predicted=float("nan")))], Protocol())
    assert alone == {"box_iou": 0.75, "box_under_half": 0}


def test_figures_of_clicks_into_the_background() -> None:
    clicks = [answers(1.0, score=20.0)]
    outcome = Outcome(clicks=clicks, background=[20.0, *[-20.0] * 3] * 5)
    found = summarise([outcome], Protocol())
    assert found["background_clicks"] == 20
    assert found["background_taken"] == 0.25
    assert found["background_score_error"] == pytest.approx(0.25)
    assert found["object_score_error"] == pytest.approx(0, abs=1e-6)
    assert found["objects_refused"] == 0
    few = summarise([Outcome(clicks=clicks, background=[20.0] * 19)], Protocol())
    assert "background_taken" not in few


def test_images_weigh_the_same_and_sets_too() -> None:
    good = Detection(1, 1, (1.0,) * 10, 0, 0, 0, 0)
    bad = Detection(9, 0, (0.0,) * 10, 9, 0, 0, 0)
    found = summarise([Outcome(plane=good), Outcome(plane=bad)], Protocol())
    assert (found["plane_msa"], found["plane_missed"]) == (0.5, 0.9)
    assert (found["plane_objects"], found["plane_missed_count"]) == (10, 9)
    mean = macro_mean([{"noc": 2.0, "objects": 10}, {"noc": 5.0, "objects": 990}, {"objects": 1}])
    assert mean == {"noc": 3.5, "objects": 1001}


def test_a_table_of_sets_and_methods() -> None:
    results = {
        "a": {"model": {"click_1_iou": 0.5, "objects": 3}, "flood": {"click_1_iou": 0.25}},
        "b": {"model": {"click_1_iou": 0.7, "objects": 4}},
    }
    assert markdown(with_means(results)).splitlines() == [
        "**Clicks and boxes**",
        "",
        "| set | method | objects | click 1 |",
        "|---|---|---|---|",
        "| a | model | 3 | 0.500 |",
        "| a | flood |  | 0.250 |",
        "| b | model | 4 | 0.700 |",
        "| mean over sets | model | 7 | 0.600 |",
        "| mean over sets | flood |  | 0.250 |",
    ]
