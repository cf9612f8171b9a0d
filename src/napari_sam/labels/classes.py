"""Classes: kinds of objects with names and colours, and the class of each object."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from napari_sam.document import parse_document
from napari_sam.errors import LabelError, cut

# Palette of Okabe and Ito, whose colours colour-blind people can tell apart.
_COLORS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")


@dataclass(frozen=True, slots=True)
class ObjectClass:
    """A kind of objects.

    Parameters
    ----------
    name : str
        Name that a user typed, not blank.
    color : str
        ``"#rrggbb"``.

    Raises
    ------
    LabelError
        If the name is blank, or the colour has another form.
    """

    name: str
    color: str

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise LabelError("a class needs a name: type one")
        digits = self.color.removeprefix("#")
        if len(self.color) != 7 or not set(digits.lower()) <= set("0123456789abcdef"):
            raise LabelError(f"{cut(self.color)!r} is no colour: use #rrggbb")

    @property
    def rgba(self) -> tuple[int, int, int, int]:
        """Red, green, blue, alpha, 0 to 255."""
        red, green, blue = (int(self.color[i : i + 2], 16) for i in (1, 3, 5))
        return red, green, blue, 255


@dataclass(frozen=True, slots=True)
class ClassTable:
    """Classes, and the class of each object that was classified; every change makes a new table.

    A class was given to an object by the user, or predicted from the objects with a given class.

    Parameters
    ----------
    classes : tuple of ObjectClass
        Classes in the order in which the user made them; names are unique.
    of_label : mapping of int to str
        Label to the name of its class; labels without a class are left out.
    predicted : mapping of int to float
        Label to the probability, 0 to 1, of its class, of labels whose class was predicted.
    """

    classes: tuple[ObjectClass, ...] = ()
    of_label: Mapping[int, str] = field(default_factory=dict)
    predicted: Mapping[int, float] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(object_class.name for object_class in self.classes)

    def named(self, name: str) -> ObjectClass | None:
        """The class of a name, or None."""
        return next((entry for entry in self.classes if entry.name == name), None)

    def class_of(self, label: int) -> str:
        """Name of the class of a label; empty for a label without a class."""
        return self.of_label.get(label, "")

    @property
    def given(self) -> dict[int, str]:
        """Label to the name of its class, of labels whose class the user gave."""
        return {k: name for k, name in self.of_label.items() if k not in self.predicted}

    def add(self, name: str, color: str = "") -> "ClassTable":
        """The table with one class more, at the end.

        Parameters
        ----------
        name : str
            Name of the class; spaces around the name are removed.
        color : str
            ``"#rrggbb"``; by default the first of the palette that no class has, or, if all are
            used, the palette from its start again.

        Raises
        ------
        LabelError
            If a class has this name already, or the name is blank.
        """
        name = name.strip()
        if self.named(name):
            raise LabelError(f"there is a class {name!r} already: use another name")
        used = {object_class.color for object_class in self.classes}
        free = [candidate for candidate in _COLORS if candidate not in used]
        color = color or (free or _COLORS)[0 if free else len(self.classes) % len(_COLORS)]
        return replace(self, classes=(*self.classes, ObjectClass(name, color)))

    def change(self, name: str, new: ObjectClass) -> "ClassTable":
        """The table with another name or colour of a class and the same objects.

        Raises
        ------
        LabelError
            If another class has the new name already.
        """
        new = replace(new, name=new.name.strip())
        if new.name != name and self.named(new.name):
            raise LabelError(f"there is a class {new.name!r} already: use another name")
        classes = tuple(new if entry.name == name else entry for entry in self.classes)
        of_label = {k: new.name if v == name else v for k, v in self.of_label.items()}
        return replace(self, classes=classes, of_label=of_label)

    def remove(self, name: str) -> "ClassTable":
        """The table without a class; objects of the class have no class then."""
        classes = tuple(entry for entry in self.classes if entry.name != name)
        of_label = {k: v for k, v in self.of_label.items() if v != name}
        return ClassTable(classes, of_label, _among(of_label, self.predicted))

    def assign(self, names: Mapping[int, str]) -> "ClassTable":
        """The table with other classes of some labels, given by the user.

        Parameters
        ----------
        names : mapping of int to str
            Label to the name of a class. An empty or unknown name takes the label's class away.
        """
        if not names:
            return self
        of_label = {**self.of_label, **names}
        present = set(self.names)
        return replace(
            self,
            of_label={k: v for k, v in of_label.items() if v in present},
            predicted={k: p for k, p in self.predicted.items() if k not in names},
        )

    def predict(self, predictions: Mapping[int, tuple[str, float]]) -> "ClassTable":
        """The table with predicted classes, instead of those predicted before.

        Parameters
        ----------
        predictions : mapping of int to (str, float)
            Label to the name of a class and its probability, 0 to 1. Labels with a given class
            keep it, and unknown names are left out.
        """
        given, present = self.given, set(self.names)
        new = {
            label: prediction
            for label, prediction in predictions.items()
            if label not in given and prediction[0] in present
        }
        return replace(
            self,
            of_label=given | {label: name for label, (name, _) in new.items()},
            # as files hold it, so that saved and restored tables are equal
            predicted={label: round(probability, 4) for label, (_, probability) in new.items()},
        )

    def only(self, names: Mapping[int, str]) -> "ClassTable":
        """A table of some labels alone, with their new classes; see :meth:`assign`."""
        used = set(names.values())
        return ClassTable(tuple(entry for entry in self.classes if entry.name in used), dict(names))

    def part(self, labels: Iterable[int]) -> "ClassTable":
        """The names of some labels' classes, for :meth:`put`; empty for a label without a class."""
        of_label = {label: self.class_of(label) for label in labels}
        return ClassTable((), of_label, _among(of_label, self.predicted))

    def put(self, part: "ClassTable") -> "ClassTable":
        """The table with another table's labels, their classes given or predicted as there.

        Classes of the other table are added, except for names that exist already.
        """
        new = tuple(entry for entry in part.classes if self.named(entry.name) is None)
        table = replace(self, classes=(*self.classes, *new)).assign(part.of_label)
        predicted = {**table.predicted, **part.predicted}
        return replace(table, predicted=_among(table.of_label, predicted))

    def renumbered(self, new: Callable[[int], int]) -> "ClassTable":
        """The table with other labels for the same objects."""
        return replace(
            self,
            of_label={new(label): name for label, name in self.of_label.items()},
            predicted={new(label): p for label, p in self.predicted.items()},
        )

    def to_json(self) -> dict[str, Any]:
        """The table as JSON values, for the journal and for OME-Zarr."""
        classes = [{"name": entry.name, "color": entry.color} for entry in self.classes]
        record = {"classes": classes, "labels": {str(k): v for k, v in self.of_label.items()}}
        if self.predicted:
            record["predicted"] = {str(k): p for k, p in self.predicted.items()}
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """The table from the values of :meth:`to_json`.

        Raises
        ------
        LabelError
            If the record has another form.
        """
        content = parse_document(_Table, record, "a table of classes", LabelError, "it is damaged")
        classes = tuple(ObjectClass(entry.name, entry.color) for entry in content.classes)
        return cls(classes, content.labels, _among(content.labels, content.predicted))


def _among(labels: Container[int], values: Mapping[int, float]) -> dict[int, float]:
    """Values of some labels alone."""
    return {label: value for label, value in values.items() if label in labels}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A class in :meth:`ClassTable.to_json`, not checked yet."""

    name: str
    color: str


@dataclass(frozen=True, slots=True)
class _Table:
    """Values of :meth:`ClassTable.to_json`: classes, and by label their names and probabilities."""

    classes: list[_Entry]
    labels: dict[int, str] = field(default_factory=dict)
    predicted: dict[int, float] = field(default_factory=dict)
