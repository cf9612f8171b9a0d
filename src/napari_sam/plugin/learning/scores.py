"""Scores: accepted objects judge a lesson against the model without the lesson; no Qt."""

from collections.abc import Sequence

from napari_sam.plugin.worker.events import Scored

LAST = 5
"""Number of accepted objects, the newest, that judge what was learned."""

FEWEST = 3
"""Number of judging objects below which nothing is decided."""


def verdict(scores: Sequence[Scored]) -> str:
    """Reason to take a lesson off; empty while the lesson stays.

    It is taken off when clicks and boxes fit the last objects that the user accepted less well than
    those of the model as it was, on average.

    Parameters
    ----------
    scores : sequence of Scored
        Of the objects accepted since the lesson, the newest last.
    """
    last = scores[-LAST:]
    if len(last) < FEWEST:
        return ""
    before, after = (
        sum(values) / len(last) for values in zip(*((s.before, s.after) for s in last), strict=True)
    )
    if after >= before:
        return ""
    return (
        f"The lesson is taken off: the model as it was fits the last {len(last)} objects better "
        f"({before:.0%} instead of {after:.0%})."
    )
