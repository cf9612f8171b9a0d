"""Classes: what kinds of objects there are, and which object is of which kind."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from napari_sam.errors import LabelError

# Okabe and Ito's: told apart by all eyes.
_COLORS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")


@dataclass(frozen=True, slots=True)
class ObjectClass:
    """A kind of objects.

    Parameters
    ----------
    name : str
        For people.
    color : str
        ``"#rrggbb"``.

    Raises
    ------
    LabelError
        If there is no name, or the color is none.
    """

    name: str
    color: str

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise LabelError("a class needs a name: type one")
        digits = self.color.removeprefix("#")
        if len(self.color) != 7 or not set(digits.lower()) <= set("0123456789abcdef"):
            raise LabelError(f"{self.color!r} is no colour: use #rrggbb")

    @property
    def rgba(self) -> tuple[int, int, int, int]:
        """Red, green, blue, alpha, 0 to 255."""
        red, green, blue = (int(self.color[i : i + 2], 16) for i in (1, 3, 5))
        return red, green, blue, 255


@dataclass(frozen=True, slots=True)
class ClassTable:
    """Classes, and the objects that have one.

    Parameters
    ----------
    classes : tuple of ObjectClass
        In the order of the user; no name twice.
    of_label : mapping of int to str
        Label to the name of its class; only of labels that have one.
    """

    classes: tuple[ObjectClass, ...] = ()
    of_label: Mapping[int, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(one.name for one in self.classes)

    def named(self, name: str) -> ObjectClass | None:
        """The class of a name; None if there is none."""
        return next((one for one in self.classes if one.name == name), None)

    def class_of(self, label: int) -> str:
        """Name of the class of a label; empty if it has none."""
        return self.of_label.get(label, "")

    def color_of(self, label: int) -> tuple[int, int, int, int] | None:
        """Colour of the class of a label; None if it has none."""
        found = self.named(self.class_of(label))
        return None if found is None else found.rgba

    def add(self, name: str, color: str = "") -> "ClassTable":
        """With one more class.

        Parameters
        ----------
        name : str
            Spaces around it do not count.
        color : str
            By default one that no other class has, as long as there is one.

        Raises
        ------
        LabelError
            If there is a class of this name, or the name is empty.
        """
        name = name.strip()
        if self.named(name):
            raise LabelError(f"there is a class {name!r} already: use another name")
        used = {one.color for one in self.classes}
        free = [one for one in _COLORS if one not in used]
        color = color or (free or _COLORS)[0 if free else len(self.classes) % len(_COLORS)]
        return replace(self, classes=(*self.classes, ObjectClass(name, color)))

    def change(self, name: str, new: ObjectClass) -> "ClassTable":
        """With another name or colour of a class; its objects stay its own.

        Raises
        ------
        LabelError
            If another class has the new name already.
        """
        new = replace(new, name=new.name.strip())
        if new.name != name and self.named(new.name):
            raise LabelError(f"there is a class {new.name!r} already: use another name")
        classes = tuple(new if one.name == name else one for one in self.classes)
        of_label = {k: new.name if v == name else v for k, v in self.of_label.items()}
        return ClassTable(classes, of_label)

    def remove(self, name: str) -> "ClassTable":
        """Without a class; its objects have none then."""
        classes = tuple(one for one in self.classes if one.name != name)
        return ClassTable(classes, {k: v for k, v in self.of_label.items() if v != name})

    def assign(self, names: Mapping[int, str]) -> "ClassTable":
        """With other classes of some labels.

        Parameters
        ----------
        names : mapping of int to str
            Label to the name of a class; an empty one, or one that is none, takes the class away.
        """
        if not names:
            return self
        known = set(self.names)
        of_label = {**self.of_label, **names}
        return replace(self, of_label={k: v for k, v in of_label.items() if v in known})

    def only(self, names: Mapping[int, str]) -> "ClassTable":
        """Of some labels alone, the classes that they get; see :meth:`assign`."""
        wanted = set(names.values())
        return ClassTable(tuple(one for one in self.classes if one.name in wanted), dict(names))

    def with_classes(self, classes: Iterable[ObjectClass]) -> "ClassTable":
        """With those classes too whose names are not there yet."""
        new = tuple(one for one in classes if self.named(one.name) is None)
        return replace(self, classes=(*self.classes, *new)) if new else self

    def to_json(self) -> dict[str, Any]:
        """As JSON takes it."""
        classes = [{"name": one.name, "color": one.color} for one in self.classes]
        return {"classes": classes, "labels": {str(k): v for k, v in self.of_label.items()}}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """From :meth:`to_json`.

        Raises
        ------
        LabelError
            If the record is not one.
        """
        try:
            classes = tuple(
                ObjectClass(str(one["name"]), str(one["color"])) for one in record["classes"]
            )
            return cls(classes, {int(k): str(v) for k, v in record.get("labels", {}).items()})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise LabelError(f"a table of classes is damaged: {error}") from error
