"""A model that learned is saved under a name, and is a model like any other from then on."""

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_sam import Session
from napari_sam.errors import ModelError
from napari_sam.learning.save_model import save_model
from napari_sam.weights.store import ModelStore
from tests.learning.rings import rings
from tests.learning.test_delta import delta_of
from tests.tiny import tiny_sam


@pytest.fixture(autouse=True)
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of weights of a user without any."""
    monkeypatch.setenv("NAPARI_SAM_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def test_a_saved_model_answers_as_the_learned_one_did() -> None:
    torch.manual_seed(0)
    model = tiny_sam().eval()
    learned = delta_of(model).applied_to(model)
    assert save_model(learned, "my-neurons") == "my-neurons"
    image, _ = rings()
    answers = []
    for by in (model, learned, "my-neurons"):
        session = Session.open(image, model=by, cache_dir=False, device="cpu")
        answers.append(session.predict(points=[(36, 36)]).low_res_logits)
    assert np.abs(answers[0] - answers[1]).max() > 1e-4
    np.testing.assert_allclose(answers[1], answers[2], atol=1e-6)
    saved = session.model.state_dict()
    assert all(torch.equal(saved[key], value) for key, value in learned.state_dict().items())
    assert session.model.config.name == "my-neurons"
    assert learned.config.name == "tiny-random"
    assert [m.name for m in ModelStore().installed() if m.origin == "imported"] == ["my-neurons"]


def test_a_name_is_taken_once_unless_overwritten() -> None:
    save_model(tiny_sam(), "my-cells")
    with pytest.raises(ModelError, match="a model my-cells is there already: choose another name"):
        save_model(tiny_sam(), "my-cells")
    assert save_model(tiny_sam(), "my-cells", overwrite=True) == "my-cells"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cells-tiny", "is the name of a published model: choose another"),
        ("sam-vit-b", "is the name of a published model: choose another"),
        ("", "cannot be the name of a model: choose up to 64 letters"),
        ("../mine", "cannot be the name of a model"),
        ("n" * 65, "cannot be the name of a model"),
    ],
)
def test_a_name_that_cannot_be_is_one_line(name: str, message: str, own_models: Path) -> None:
    with pytest.raises(ModelError, match=message) as raised:
        save_model(tiny_sam(), name)
    assert "\n" not in str(raised.value)
    assert not own_models.exists()
