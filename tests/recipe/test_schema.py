"""The schema: recipes that are written fit it, and the committed file is that of the records."""

import json
from pathlib import Path

import jsonschema
import pytest

from napari_sam import Session
from napari_sam.recipe.schema import recipe_schema
from tests.plugin.sure_model import discs, sure_model

COMMITTED = Path(__file__).parents[2] / "docs" / "recipe.schema.json"


def test_the_committed_schema_is_that_of_the_records() -> None:
    assert json.loads(COMMITTED.read_text("utf-8")) == json.loads(json.dumps(recipe_schema())), (
        "write it anew: napari-sam recipe --schema > docs/recipe.schema.json"
    )


def test_a_written_recipe_fits_the_schema_and_an_edited_one_does_not(tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(recipe_schema())
    session = Session.open(discs(), model=sure_model(), cache_dir=False)
    session.commit(session.predict(points=[(12, 12)]))
    session.save(tmp_path / "labels.tif")
    recipe = json.loads((tmp_path / "labels.tif.recipe.json").read_text("utf-8"))
    validator.validate(recipe)
    validator.validate(recipe | {"field": "of a later version"})
    for edited in (recipe | {"outputs": "labels.tif"}, recipe | {"command": "cook"}):
        with pytest.raises(jsonschema.ValidationError):
            validator.validate(edited)
    del recipe["environment"]
    with pytest.raises(jsonschema.ValidationError, match="environment"):
        validator.validate(recipe)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(recipe_schema())
