"""Curve: the losses of a training as a picture in SVG."""

from collections.abc import Sequence

import numpy as np

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 640, 220, 52, 28
_MOST_POINTS = 300
"""Points of the line, at most: each is the mean of the steps around it."""


def curve_svg(losses: Sequence[float]) -> str:
    """Draw the losses, averaged over neighbouring steps, from left to right.

    Parameters
    ----------
    losses : sequence of float
        Loss of each step, at least one.

    Returns
    -------
    str
        An ``svg`` element.
    """
    values = np.array([part.mean() for part in _parts(losses)])
    steps = np.array([part.mean() for part in _parts(np.arange(1, len(losses) + 1))])
    low, high = 0.0, float(values.max()) * 1.05 or 1.0
    x = _LEFT + (steps - 1) / max(len(losses) - 1, 1) * (_WIDTH - _LEFT - 10)
    y = _HEIGHT - _BOTTOM - (values - low) / (high - low) * (_HEIGHT - _BOTTOM - 10)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img" '
        'aria-label="Loss of each step">'
        f'<path d="M{_LEFT} 10V{_HEIGHT - _BOTTOM}H{_WIDTH - 10}" class="axis"/>'
        f'<polyline points="{points}" class="line"/>'
        f'<text x="{_LEFT - 6}" y="16" text-anchor="end">{high:.2f}</text>'
        f'<text x="{_LEFT - 6}" y="{_HEIGHT - _BOTTOM}" text-anchor="end">0</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">step 1</text>'
        f'<text x="{_WIDTH - 10}" y="{_HEIGHT - 8}" text-anchor="end">{len(losses)}</text>'
        "</svg>"
    )


def _parts(values: Sequence[float] | np.ndarray) -> list[np.ndarray]:
    """Split into parts of about equal length, one for each point."""
    array = np.asarray(values, float)
    return np.array_split(array, min(_MOST_POINTS, max(len(array) // 5, min(len(array), 50))))
