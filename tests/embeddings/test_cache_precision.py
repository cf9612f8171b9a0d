"""Embeddings of two precisions on disk: kept apart, and old ones in float32 stay in use."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_sam import Session
from napari_sam.embeddings import CacheSpec
from napari_sam.model.precision import Precision
from napari_sam.model.sam import Sam

IMAGE = np.random.default_rng(0).integers(0, 255, (160, 200), np.uint8)
AUTO = (Precision.BF16, Precision.FP32)  # on a processor that is faster in bfloat16


def opened(model: Sam, folder: Path, *precisions: Precision) -> Session:
    model.precisions = precisions
    return Session.open(IMAGE, model=model, cache_dir=folder)


def encoded(session: Session) -> tuple[int, np.ndarray]:
    """Runs of the encoder, and the image embedding of the only tile."""
    (tile,) = session.encode()
    return session.encoder.calls, session.encoder.get(tile).to_arrays()["image_embedding"]


def test_fp32_never_reads_what_bf16_wrote(tiny_model: Sam, tmp_path: Path) -> None:
    _, alone = encoded(opened(tiny_model, tmp_path / "other", Precision.FP32))
    calls, rounded = encoded(opened(tiny_model, tmp_path / "one", Precision.BF16))
    again, exact = encoded(opened(tiny_model, tmp_path / "one", Precision.FP32))
    assert (calls, again) == (1, 1)
    assert np.array_equal(exact, alone)
    assert not np.array_equal(exact, rounded)


def test_auto_goes_on_with_embeddings_in_float32(tiny_model: Sam, tmp_path: Path) -> None:
    _, exact = encoded(opened(tiny_model, tmp_path / "one", Precision.FP32))
    session = opened(tiny_model, tmp_path / "one", *AUTO)
    calls, used = encoded(session)
    assert session.encoder.precision is Precision.FP32
    assert calls == 0
    assert np.array_equal(used, exact)


def test_auto_without_embeddings_takes_the_faster_precision(
    tiny_model: Sam, tmp_path: Path
) -> None:
    _, rounded = encoded(opened(tiny_model, tmp_path / "other", Precision.BF16))
    session = opened(tiny_model, tmp_path / "one", *AUTO)
    calls, used = encoded(session)
    assert session.encoder.precision is Precision.BF16
    assert calls == 1
    assert np.array_equal(used, rounded)
    assert encoded(opened(tiny_model, tmp_path / "one", *AUTO))[0] == 0


def test_a_session_changes_the_precision_of_a_model_only_if_told(tiny_model: Sam) -> None:
    tiny_model.precisions = (Precision.BF16,)
    Session.open(IMAGE, model=tiny_model, cache_dir=False)
    assert tiny_model.precisions == (Precision.BF16,)
    session = Session.open(IMAGE, model=tiny_model, cache_dir=False, precision="fp32")
    assert session.encoder.precision is Precision.FP32


@pytest.mark.parametrize("precision", Precision)
def test_the_precision_stands_in_the_name_and_the_attributes(precision: Precision) -> None:
    spec = CacheSpec("a.tif", "m", "0", "0-255", 64, 8, (1, 1), {"image_embedding": (4, 8, 8)})
    other = replace(spec, precision=precision)
    assert (other.group_name == spec.group_name) == (precision is Precision.FP32)
    assert other.attributes()["precision"] == precision.value
