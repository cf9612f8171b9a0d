"""The other distribution of the same import name is found, and named in one line."""

from pathlib import Path

import pytest

from napari_sam.installation import conflict


def install(site: Path, name: str, version: str) -> None:
    """What an installer leaves of a distribution, as far as Python looks for it."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(text, encoding="utf-8")


def test_nothing_is_said_where_only_this_plugin_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "napari-sam-microscopy", "0.1.0")
    monkeypatch.syspath_prepend(tmp_path)
    assert conflict() is None


def test_the_other_plugin_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "napari-sam", "0.4.13")
    monkeypatch.syspath_prepend(tmp_path)
    line = conflict()
    assert line is not None
    assert line.startswith("napari-sam 0.4.13 is installed too")
    assert line.endswith(
        "pip uninstall -y napari-sam napari-sam-microscopy && pip install napari-sam-microscopy"
    )
    assert "\n" not in line
