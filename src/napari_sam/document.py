"""Document: JSON of foreign origin, parsed into typed records."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from napari_sam.errors import NapariSamError, cut

Record = TypeVar("Record")


def parse_document(
    kind: type[Record],
    content: object,
    name: str,
    error: type[NapariSamError],
    advice: str = "",
) -> Record:
    """Parse a document into a record of checked fields.

    Every reader of files that others may have written, or a killed process damaged, calls this, and
    looks at no field before.

    Parameters
    ----------
    kind : type
        A dataclass, TypedDict or pydantic model. A field without a default is required; fields that
        `kind` does not name are left out.
    content : object
        JSON in UTF-8 as str or bytes, or the value that was read from it: a mapping for a record.
    name : str
        The file, as the message should name it.
    error : type of NapariSamError
        Raised for a document that does not fit.
    advice : str
        The end of the message: what the user can do.

    Returns
    -------
    Record
        A value of `kind`.

    Raises
    ------
    NapariSamError
        Of the class `error`: if the content is no JSON, or a field is missing or of another type.
        The message names the file and the first such field.
    """
    from pydantic import ValidationError  # here, for `import napari_sam` stays light

    adapter = _adapter(kind)  # type: ignore[arg-type]  # a class can be hashed
    try:
        if isinstance(content, str | bytes):
            record = adapter.validate_json(content)
        else:
            values = dict(content) if isinstance(content, Mapping) else content
            record = adapter.validate_python(values)
    except ValidationError as invalid:
        raise error(_message(name, invalid.errors(include_url=False)[0], advice)) from None
    return record  # type: ignore[no-any-return]


@cache
def _adapter(kind: Any) -> Any:
    """Return pydantic's parser of a type; building it takes some milliseconds."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _message(name: str, problem: Mapping[str, Any], advice: str) -> str:
    """Format a problem that pydantic found, as the line for the user."""
    field = ".".join(str(part) for part in problem["loc"])
    place = f"{name}: {cut(field)}" if field else name
    ending = f": {advice}" if advice else ""
    return " ".join(f"{place}: {cut(problem['msg'])}{ending}".split())
