"""Keys of the dock: shown, and none of them taken from napari."""

import re
from collections.abc import Iterator
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image, Labels, Points, Shapes
from napari.settings import get_settings
from napari.utils.action_manager import action_manager
from napari.utils.key_bindings import coerce_keybinding
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLabel

from napari_sam.plugin.keys import ACTIONS, bound_actions, key_help, key_table, tip_of
from napari_sam.plugin.status.availability import NO_OBJECT
from tests.plugin.bench import Open, picture

OWNERS = (Image, Labels, Points, Shapes, ViewerModel)

# What they mean to napari while a shape is drawn they go on to mean; the dock sees to that. Undo
# and redo are what they are everywhere; selected clicks and boxes are deleted as ever.
SHARED = {"Enter", "Escape", "Ctrl+Z", "Ctrl+Shift+Z", "Delete", "Backspace"}


def of_napari() -> Iterator[tuple[str, str]]:
    """Keys that napari binds on its layers and its viewer, and to what."""
    for owner in OWNERS:
        for key, action in owner.class_keymap.items():
            yield str(coerce_keybinding(key)), f"{owner.__name__}: {action}"
    for name, keys in get_settings().shortcuts.shortcuts.items():
        if action_manager._actions[name].keymapprovider in OWNERS:
            for key in keys:
                yield str(coerce_keybinding(key)), name


def test_the_table_of_keys_in_the_reference_is_that_of_the_actions() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reference.md").read_text("utf-8")
    (table,) = re.findall("<!-- keys: begin -->(.*)<!-- keys: end -->", text, re.DOTALL)
    assert table.strip() == key_table()


def test_names_and_keys_of_the_actions_are_unique() -> None:
    names, keys = ([a.name for a in ACTIONS], [a.key for a in ACTIONS if a.key])
    assert len(set(names)) == len(names)
    assert len(set(keys)) == len(keys)


def test_a_tip_names_the_keys_of_its_actions() -> None:
    assert tip_of("undo") == "Take back what was last [Ctrl-Z]; the last accepted object: [U]"
    assert all(f"[{a.key}]" in tip_of(a.name) for a in ACTIONS if a.key and a.tip)
    assert not any(re.search("[{}]", tip_of(a.name)) for a in ACTIONS)


def test_no_key_of_the_dock_is_napari_s(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    taken = dict(of_napari())
    assert {"P", "S", "A", "L", "M", "Z", "V", "Enter"} <= taken.keys()  # it was read, and is full
    ours = {
        str(coerce_keybinding(key))
        for layer in bench.viewer.layers
        for key in layer.keymap
        if layer.name.startswith("SAM")
    }
    assert {"Q", "W", "G", "N", "K", "J", "U"} <= ours
    assert {key: taken[key] for key in ours - SHARED if key in taken} == {}


def test_every_key_that_is_bound_is_shown_and_the_other_way_round(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bound = {str(coerce_keybinding(key)) for key in bench.layer("points").keymap}
    shown = {
        str(coerce_keybinding(key))
        for text in key_help()
        for key in text.split(" / ")
        if "click" not in key
    }
    assert shown == bound


def test_every_key_has_an_action(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.idle()
    calls = bench.controller.actions._by_name
    assert calls.keys() == {action.name for action in bound_actions()}


def test_the_key_for_the_left_hand_accepts_as_enter_does(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), show=True)
    bench.click((20, 20))
    bench.idle()
    shown = bench.shown()
    assert shown.any()
    QTest.keyClick(bench.native, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    bench.idle()
    assert ((bench.layer("labels").data == 1) == shown).all()
    assert len(bench.layer("points").data) == 0
    QTest.keyClick(bench.native, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    bench.idle()
    assert NO_OBJECT in bench.dock.status.text()


def test_keys_are_folded_until_they_are_wanted(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), show=True)
    dock = bench.dock
    (row,) = (label for label in dock.keys.findChildren(QLabel) if label.text() == "<b>Enter</b>")
    assert not row.isVisible()
    QTest.mouseClick(dock.keys.button, Qt.MouseButton.LeftButton)
    assert row.isVisible()
    QTest.mouseClick(dock.class_box.button, Qt.MouseButton.LeftButton)
    assert not row.isVisible()
    assert dock.class_box.classes.isVisible()
    QTest.mouseClick(dock.keys.button, Qt.MouseButton.LeftButton)
    assert row.isVisible()
    assert not dock.class_box.classes.isVisible()
    QTest.mouseClick(dock.keys.button, Qt.MouseButton.LeftButton)
    assert not row.isVisible()
    assert not dock.keys.button.hasFocus()
