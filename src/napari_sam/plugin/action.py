"""Action: something that the user can do in the dock, with key and texts; no Qt, no napari."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """An action of the user, by a key, a button or the mouse.

    The bindings of the layers, the key help and the buttons of the dock, and the table of keys in
    ``docs/reference.md`` are made from these values. ``actions.py`` has the function to a name.

    Parameters
    ----------
    name : str
        Unique among the actions.
    key : str
        As the key help shows it and napari binds it, for example ``"Ctrl-Z"``; a gesture of the
        mouse ends with ``"click"``; empty for a button without a key.
    text : str
        A few words for the key help in the dock; empty where the key help leaves the action out.
    tip : str
        Tooltip of the button; ``{name}`` stands for the key of an action. Empty without a button.
    help : str
        Markdown for the table of keys; empty where the action is not in it.
    """

    name: str
    key: str = ""
    text: str = ""
    tip: str = ""
    help: str = ""

    @property
    def is_bound(self) -> bool:
        """Whether the action has a key of the keyboard."""
        return bool(self.key) and not self.key.endswith("click")
