"""Undo and redo give the labels of every step, as copies of them would."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.labels.edit_history import EditHistory
from napari_sam.labels.paint import OverlapPolicy, paint
from napari_sam.masks.mask import Mask


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.one_of(
            st.just("undo"),
            st.just("redo"),
            st.lists(
                st.tuples(st.integers(0, 1), st.integers(0, 5), st.integers(1, 4)), max_size=3
            ),
        ),
        max_size=12,
    )
)
def test_history_equals_copies_of_the_labels(
    actions: list[str | list[tuple[int, int, int]]],
) -> None:
    labels, history = np.zeros((2, 8, 8), np.uint32), EditHistory()
    past, future = [labels.copy()], []
    for action in actions:
        if action == "undo":
            history.undo(labels)
            if len(past) > 1:
                future.append(past.pop())
        elif action == "redo":
            history.redo(labels)
            if future:
                past.append(future.pop())
        else:
            step = history.begin()
            future.clear()
            changed = False
            for plane, start, number in action:
                square = np.ones((3, 3), bool)
                mask = Mask((plane,), (start, start, start + 3, start + 3), square, 1, 1)
                edit = paint(mask, labels, number, OverlapPolicy.REPLACE)
                edit.apply(labels)
                step.add(edit)
                changed |= not edit.empty
            if changed:
                past.append(labels.copy())
        np.testing.assert_array_equal(labels, past[-1])
