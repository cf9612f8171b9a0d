"""Random mouse, keys and buttons on the dock; ``benchmarks/fuzz_dock.py`` does many more."""

from pathlib import Path
from typing import Any

import pytest

from tests.plugin.bench import Bench, Open, opening, picture
from tests.plugin.fuzz import Fuzz
from tests.plugin.fuzz_learning import (
    LearningFuzz,
    lessons_of_few_steps,
)
from tests.plugin.sure_model import discs, sure_model


@pytest.mark.long
@pytest.mark.parametrize("with_breaks", [False, True])
def test_random_events_leave_no_error_and_the_journal_replays_to_the_screen(
    open_dock: Open, confident: Any, qtbot: Any, tmp_path: Path, with_breaks: bool
) -> None:
    bench = open_dock(picture(3, 48, 64), show=True, axis_labels=("z", "y", "x"))
    benches = [bench]

    def reopened(bench: Bench) -> Bench:
        benches.append(Bench(bench.viewer, bench.model, qtbot))
        return benches[-1]

    result = Fuzz(bench, 5, tmp_path, with_breaks, reopened).run(10)
    assert result.faults == []
    assert len(result.events) == 10
    for each in benches[1:]:
        each.controller.close()
        each.wait(lambda each=each: not each.controller.model_view.busy)


@pytest.mark.long
def test_random_events_while_the_model_learns(
    make_napari_viewer_proxy: Any, own_journals: None, qtbot: Any, tmp_path: Path
) -> None:
    model = sure_model()
    with opening(make_napari_viewer_proxy, model, qtbot) as opened, lessons_of_few_steps(model, 4):
        bench = opened(discs(3), show=True, axis_labels=("z", "y", "x"))
        result = LearningFuzz(bench, 4, tmp_path, False, lambda old: old).run(12)
    assert result.faults == []
    assert len(result.events) == 12
