"""Damaged documents are read, or refused with one line, by every public entry that reads any."""

from pathlib import Path

import pytest

from benchmarks.fuzz_documents import run_cases
from benchmarks.fuzz_kinds import KINDS

CASES = 20
"""Cases of each kind; ``python -m benchmarks.fuzz_documents`` runs thousands."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_document_is_read_or_refused_with_one_line(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAPARI_SAM_CACHE_DIR", str(tmp_path / "cache"))
    outcomes = list(run_cases([kind], 0, CASES, tmp_path))
    assert [o for o in outcomes if o.status == "failed"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_document_is_read(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAPARI_SAM_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "whole"
    folder.mkdir()
    KINDS[kind].make(folder)
    assert KINDS[kind].targets(folder)
    if kind not in ("checkpoint", "store"):  # whole weights of these would take 100 MB
        KINDS[kind].read(folder)
