"""Random mouse, keys and buttons on the dock; ``benchmarks/fuzz_dock.py`` does many more."""

from pathlib import Path
from typing import Any

import pytest

from tests.plugin.bench import Bench, Open, picture
from tests.plugin.fuzz import Fuzz


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
