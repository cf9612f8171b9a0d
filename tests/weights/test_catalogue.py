"""The table of models: complete, unambiguous, and without torch."""

import re
import subprocess
import sys
from collections import Counter

import pytest

from napari_sam.weights.catalogue import MODELS, find_by_hash, find_card, unknown_model

PUBLISHED = [card for card in MODELS.values() if not card.in_package]


def test_every_public_model_is_there() -> None:
    micro_sam = [f"vit_{s}_{kind}" for kind in ("lm", "em_organelles") for s in "tbl"]
    micro_sam += [f"vit_{s}_histopathology" for s in "blh"] + ["vit_b_medical_imaging"]
    sizes = ("tiny", "small", "base_plus", "large")
    sam2 = [f"sam{version}_{size}" for version in ("2.1", "2.0") for size in sizes]
    tam = [f"efficienttam_{s}" for s in ("s", "ti", "s_512x512", "ti_512x512")]
    expected = {"cells-tiny", "vit_b", "vit_l", "vit_h", "vit_t", *micro_sam, *sam2, *tam}
    assert set(MODELS) == expected


@pytest.mark.parametrize("card", PUBLISHED, ids=lambda card: card.name)
def test_every_file_has_a_hash_an_address_and_a_size(card: object) -> None:
    for file in card.files:  # type: ignore[attr-defined]
        assert re.fullmatch(r"sha256:[0-9a-f]{64}|xxh128:[0-9a-f]{32}", file.hash)
        assert file.urls
        assert all(re.fullmatch(r"https://[\w.-]+/[\w./-]+", url) for url in file.urls)
        assert file.bytes > 30e6


def test_files_and_hashes_are_those_of_one_model_only() -> None:
    files = [file for card in PUBLISHED for file in card.files]
    for values in (
        [f.name for f in files],
        [f.hash for f in files],
        [u for f in files for u in f.urls],
    ):
        assert [value for value, count in Counter(values).items() if count > 1] == []


def test_names_mean_one_model() -> None:
    names = [name for card in MODELS.values() for name in (card.name, *card.aliases)]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    for card in MODELS.values():
        assert [n for n in (card.name, *card.aliases) if find_card(n) is not card] == []


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("tiny", "sam2.1_tiny"),
        ("sam2.1_hiera_tiny", "sam2.1_tiny"),
        ("facebook/sam2.1-hiera-base-plus", "sam2.1_base_plus"),
        ("sam2.1_hiera_b+", "sam2.1_base_plus"),
        ("sam2_hiera_tiny", "sam2.0_tiny"),
        ("mobile_sam", "vit_t"),
        ("SAM_ViT_B", "vit_b"),
        ("sam_vit_h_4b8939", "vit_h"),
        ("vit-b-lm", "vit_b_lm"),
        ("cells_tiny", "cells-tiny"),
        ("efficienttam", "efficienttam_s"),
    ],
)
def test_users_type_what_they_know(name: str, model: str) -> None:
    assert find_card(name) is MODELS[model]


@pytest.mark.parametrize("name", ["", "vit_b.pth", "runs/vit_b", "vit_x"])
def test_other_names_are_no_model(name: str) -> None:
    assert find_card(name) is None


def test_only_generalists_have_decoders() -> None:
    with_decoder = {card.name for card in MODELS.values() if card.decoder}
    assert with_decoder == {card.name for card in MODELS.values() if card.family == "micro-sam"}


def test_hash_tells_the_file() -> None:
    card = MODELS["vit_b_lm"]
    assert card.decoder is not None
    assert find_by_hash({"sha256:0", str(card.decoder.hash)}) == (card, card.decoder)
    assert find_by_hash({"sha256:0"}) is None


def test_unknown_name_says_what_is_meant() -> None:
    assert str(unknown_model("vit_b_ml")).startswith("no model 'vit_b_ml': did you mean vit_b_lm")
    assert "my-cells" in str(unknown_model("my-cell", ("my-cells",)))
    assert "did you mean" not in str(unknown_model("xyz"))


def test_torch_stays_out() -> None:
    modules = (f"napari_sam.weights.{name}" for name in ("store", "download", "import_weights"))
    code = f"import sys, {', '.join(modules)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
