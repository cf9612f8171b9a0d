"""``napari-sam view`` where no window can be, and the program's name alone."""

import sys

import pytest

from napari_sam.cli.app import run


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a screen is always there")
def test_without_a_screen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says what works without a screen."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert run(["view"]) == 1
    assert "use napari-sam segment" in capsys.readouterr().err


def test_name_alone_says_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    """The program without arguments names the three commands to begin with."""
    assert run([]) == 0
    lines = capsys.readouterr().out
    assert all(f"napari-sam {command}" in lines for command in ("demo", "view", "segment"))
