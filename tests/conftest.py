"""What several test modules share: a cache folder of the run's own, real images, a tiny model."""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from napari_sam.model.sam import Sam

# A suite that a shell runs in the background inherits that Ctrl-C is ignored, and so would the
# programs that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The time of an example is that of a machine with other work, too: no test fails for it.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


WINDOW_FIXTURES = {"make_napari_viewer", "make_napari_viewer_proxy", "qtbot"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test that opens a window, from the fixtures that it asks for."""
    for item in items:
        if WINDOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("window")


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
        patch.setenv("NAPARI_SAM_PRECISION", "fp32")  # the same on machines with and without bf16
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

    from tests.tiny import tiny_sam

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return tiny_sam().eval()
