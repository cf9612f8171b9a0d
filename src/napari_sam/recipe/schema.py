"""Schema: fields of a recipe as a JSON schema, for other programs."""

from typing import Any

from .record import VERSION, Recipe


def recipe_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a recipe, generated from :class:`~.record.Recipe`.

    Fields that the schema does not name are allowed, as later versions add some.
    """
    from pydantic import TypeAdapter

    schema = TypeAdapter(Recipe).json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"napari-sam recipe {VERSION}",
        **{name: value for name, value in schema.items() if name not in ("title", "description")},
    }
