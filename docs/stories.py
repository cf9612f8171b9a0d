"""Stories: what a film shows, step by step."""

from dataclasses import dataclass

Place = tuple[float, float]
BBox = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Step:
    """An action of the user, and the caption beside it.

    Parameters
    ----------
    text : str
        The caption, with names of :attr:`animation.Stage.facts` in braces.
    keys : str
        Keys that are pressed first, with spaces between; empty for none.
    place : tuple of float, optional
        Pixel yx of the image that is clicked on.
    corner : tuple of float, optional
        Pixel yx to which the mouse is dragged from `place`, instead of a click.
    button : str
        A button of the dock that is pressed; attributes of the dock, with dots between.
    work : str
        Caption when the work is done that the step begins, of which the film shows only beginning
        and end; empty for an answer that comes at once.
    milliseconds : int
        Time for which the result is seen.
    """

    text: str
    keys: str = ""
    place: Place | None = None
    corner: Place | None = None
    button: str = ""
    work: str = ""
    milliseconds: int = 1200


@dataclass(frozen=True, slots=True)
class Story:
    """A film.

    Parameters
    ----------
    view : tuple of float
        Pixel yx in the middle of the view.
    zoom : float
        Pixels of the screen for each of the world.
    steps : tuple of Step
    part : tuple of int, optional
        The part ``y0, x0, y1, x1`` of an image file that is opened, and that all places count from;
        None for the plugin's own sample of nuclei.
    gamma : float
        Of the image layer, which the model does not see; under 1 where dim is beside bright.
    """

    view: Place
    zoom: float
    steps: tuple[Step, ...]
    part: BBox | None = None
    gamma: float = 1.0


CLICKS = Story(
    (190, 272),
    9.0,
    (
        Step("Click on a cell", place=(164, 268)),
        Step("Enter: accept it", keys="Enter"),
        Step("The next one: too much of it?", place=(200, 272)),
        Step("Q, and click on what is not the object", keys="q", place=(212, 260)),
        Step("Enter", keys="Enter"),
        Step("Its neighbour", place=(213, 259)),
        Step("Enter", keys="Enter"),
    ),
)
"""Of the plugin's own sample of nuclei."""


def _click(text: str, place: Place, keys: str = "") -> Step:
    return Step(text, keys, place, milliseconds=1000)


def _box(text: str, place: Place, corner: Place, keys: str = "w") -> Step:
    return Step(text, keys, place, corner, milliseconds=1000)


def _accept(count: int) -> Step:
    return Step(f"Enter: {count} of 5", "Enter", milliseconds=500)


LEARNING = Story(
    (150, 166),
    1.9,
    (
        _click("A cell, and the first click is wrong", (108, 114)),
        Step("Escape", "Escape", milliseconds=500),
        _box("W: a box around it instead", (81, 96), (150, 135)),
        _accept(1),
        _box("The next: a box, and it is too small", (85, 134), (142, 185), keys=""),
        _click("Q, and click on what is missing", (92, 143), "q"),
        _accept(2),
        _box("W: a box", (181, 78), (232, 119)),
        _click("Q: missing", (187, 106), "q"),
        _click("Q: not the object", (199, 88), "q"),
        _accept(3),
        _box("W: a box", (26, 173), (97, 232)),
        _click("Q, Q: not the object", (45, 188), "q q"),
        _accept(4),
        _box("W: a box", (253, 81), (295, 143)),
        _click("Q: missing", (287, 137), "q"),
        _click("Q: not the object", (268, 95), "q"),
        _accept(5),
        Step("Find all objects", button="everything_box.button"),
        Step(
            "Whole image",
            button="everything_box.slice_button",
            work="{right} of {true} cells are right",
            milliseconds=3500,
        ),
        Step("Learning", button="learn_box.button"),
        Step(
            "Learn from the five accepted objects",
            button="learn_box.learn_button",
            work="{seconds} s later, cut here: {right} of {true} are right",
            milliseconds=5000,
        ),
    ),
    part=(200, 100, 500, 500),
    gamma=0.6,
)
"""Of ``qpi_adherent``: quantitative phase of adherent cells, Vicar et al. 2021, CC BY 4.0."""

STORIES = {"clicks": CLICKS, "learning": LEARNING}
"""By the name on the command line."""
