"""The worker: the window goes on, the newest click wins, late answers are dropped."""

import gc
import threading
from collections.abc import Generator

import numpy as np
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QTimer

from napari_sam.plugin.worker.events import Event, Progress
from napari_sam.plugin.worker.jobs import Job, JobRunner, Priority
from tests.plugin.bench import Open, picture


def test_the_gui_goes_on_while_the_model_works(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.model.threads.clear()
    ticks: list[int] = []
    timer = QTimer(bench.dock)
    timer.timeout.connect(lambda: ticks.append(1))
    timer.start(5)
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        ticks.clear()
        bench.wait(lambda: len(ticks) >= 20)
        assert bench.dock.cancel_button.isEnabled()
    timer.stop()
    bench.idle()
    assert bench.model.threads
    assert threading.get_ident() not in bench.model.threads
    assert not bench.dock.cancel_button.isEnabled()


def test_work_waits_while_paused_and_the_most_urgent_begins_first(qtbot: QtBot) -> None:
    runner, order = JobRunner(), []

    def job(name: str, priority: Priority) -> Job:
        def steps() -> Generator[Event, None, None]:
            order.append(name)
            yield Progress(name)

        return Job(steps(), lambda event: None, priority=priority)

    runner.pause(200)
    runner.submit(job("encode", Priority.AHEAD))
    runner.submit(job("click", Priority.CLICK))
    qtbot.wait(20)
    assert order == []
    assert runner.busy
    qtbot.waitUntil(lambda: not runner.busy)
    assert order == ["click", "encode"]
    runner.submit(job("next", Priority.CLICK))
    qtbot.waitUntil(lambda: not runner.busy)
    assert order[-1] == "next"


def test_the_newest_click_wins(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.add(30, 30)
        bench.add(10, 40)
    bench.idle()
    expected = bench.expected(points=[(20, 20), (30, 30), (10, 40)])
    np.testing.assert_array_equal(bench.shown(), expected)


def test_an_answer_after_escape_is_not_shown(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.drop()
    bench.idle()
    assert not bench.shown().any()
    assert not bench.controller.object.masks


def test_enter_before_the_answer_accepts_it_when_it_comes(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    expected = bench.expected(points=[(20, 20)])
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.accept()
        assert len(bench.layer("points").data) == 0
        bench.add(30, 40)  # already the next object
    bench.idle()
    np.testing.assert_array_equal(bench.layer("labels").data, expected.astype(np.uint32))
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[(30, 40)]))


def test_cancel_stops_the_work(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.dock.cancel_button.click()
    bench.idle()
    assert not bench.controller.object.masks
    bench.add(21, 21)
    bench.idle()
    assert bench.controller.object.masks


def test_jobs_that_are_over_are_forgotten(open_dock: Open) -> None:
    """The workers of jobs are kept by napari until the window is closed."""
    bench = open_dock(picture(40, 48))
    for row in (10, 20, 30):
        bench.add(row, 20)
        bench.idle()
        bench.accept()
        bench.idle()
    gc.collect()
    assert [job for job in gc.get_objects() if type(job) is Job] == []
