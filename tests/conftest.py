"""What several test modules share: a cache folder of the run's own, real images, a tiny model."""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from napari_sam.model.sam import Sam
    from tests.bench import GatedSam, Open

# A suite that a shell runs in the background inherits that Ctrl-C is ignored, and so would the
# programs that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Leave what earlier tests have imported and made out of the search for garbage.

    napari's fixture searches a dozen times for each viewer, each time among all objects of the
    process: that took most of the time of the suite.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the cache or the settings of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAPARI_SAM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("NAPARI_SAM_JOURNAL_DIR", str(tmp_path_factory.mktemp("journals")))
        patch.setenv("NAPARI_SAM_MODELS", str(tmp_path_factory.mktemp("models")))
        patch.setenv("MICROSAM_CACHEDIR", str(tmp_path_factory.mktemp("micro_sam")))
        patch.setenv("NAPARI_CONFIG", "")  # napari's own word for settings that are not kept
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real micrographs with ground truth; the test is skipped where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no folder ../shared/data beside this repository")
    return SHARED_DATA


@pytest.fixture
def tiny_model() -> "Sam":
    """Random model of two layers, the same in every test: fast, and no better than chance."""
    import torch

    from napari_sam.model.config import ModelConfig
    from napari_sam.model.sam import Sam

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Sam(ModelConfig.tiny_random()).eval()


# --- the dock: imports are inside, for most tests need no window -----------------------------


@pytest.fixture
def own_journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test is offered what another one accepted."""
    monkeypatch.setenv("NAPARI_SAM_JOURNAL_DIR", str(tmp_path / "journals"))


@pytest.fixture(scope="module")
def gated_model() -> "GatedSam":
    """A random model whose image encoder can be held."""
    from tests.bench import GatedSam

    return GatedSam().eval()


@pytest.fixture
def open_dock(
    make_napari_viewer_proxy: Any, gated_model: "GatedSam", qtbot: Any, own_journals: None
) -> Iterator["Open"]:
    """Opens the dock in a viewer, with a random model."""
    from tests.bench import opening

    with opening(make_napari_viewer_proxy, gated_model, qtbot) as opened:
        yield opened


@pytest.fixture
def open_cells_tiny(
    make_napari_viewer_proxy: Any, qtbot: Any, own_journals: None
) -> Iterator["Open"]:
    """Opens the dock with the model that ships: a random one follows nothing."""
    from napari_sam.weights.load import load_model
    from tests.bench import opening

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
