"""Fixtures of the tests of the dock: imports are inside, for most tests need no window."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.bench import GatedSam, Open


@pytest.fixture
def own_journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test is offered what another one accepted."""
    monkeypatch.setenv("NAPARI_SAM_JOURNAL_DIR", str(tmp_path / "journals"))


@pytest.fixture(scope="module")
def gated_model() -> "GatedSam":
    """A random model whose image encoder can be held."""
    from tests.plugin.bench import GatedSam

    return GatedSam().eval()


@pytest.fixture
def open_dock(
    make_napari_viewer_proxy: Any, gated_model: "GatedSam", qtbot: Any, own_journals: None
) -> Iterator["Open"]:
    """Opens the dock in a viewer, with a random model."""
    from tests.plugin.bench import opening

    with opening(make_napari_viewer_proxy, gated_model, qtbot) as opened:
        yield opened


@pytest.fixture
def open_cells_tiny(
    make_napari_viewer_proxy: Any, qtbot: Any, own_journals: None
) -> Iterator["Open"]:
    """Opens the dock with the model that ships: a random one follows nothing."""
    from napari_sam.weights.load import load_model
    from tests.plugin.bench import opening

    with opening(make_napari_viewer_proxy, load_model("cells-tiny"), qtbot) as opened:
        yield opened


@pytest.fixture
def confident(gated_model: "GatedSam") -> Iterator["GatedSam"]:
    """The random model, sure of itself, so that it finds objects everywhere."""
    import torch

    decoder = gated_model.mask_decoder
    heads = (decoder.iou_head, decoder.object_score_head)
    biases = [list(head.parameters())[-1] for head in heads]
    proposing = gated_model.get_submodule("image_encoder.pyramid.proposals").bias
    drawing = [p for net in decoder.hypernetworks for p in list(net.parameters())[-2:]]
    before = [parameter.detach().clone() for parameter in (*biases, proposing, *drawing)]
    with torch.no_grad():
        for bias in biases:
            bias.fill_(5.0)
        proposing[:2] += 3.0
        for parameter in drawing:
            parameter.mul_(100)  # masks that do not hang on their threshold
    yield gated_model
    with torch.no_grad():
        for parameter, old in zip((*biases, proposing, *drawing), before, strict=True):
            parameter.copy_(old)
