"""Groups of options: dataclasses that commands take, flat for the parser."""

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from napari_sam.cli.option_groups import expand_groups

Calls = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Colours:
    """Two options."""

    inside: Annotated[str, typer.Option(help="Of objects.")] = "red"
    outside: Annotated[str, typer.Option(help="Of the background.")] = "blue"


@pytest.fixture
def calls() -> Calls:
    return []


@pytest.fixture
def program(calls: Calls) -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)

    @app.command()
    @expand_groups
    def paint(
        image: Annotated[str, typer.Argument()],
        *,
        first: Annotated[int, typer.Option()] = 1,
        colours: Colours,
        last: Annotated[bool, typer.Option("--last")] = False,
    ) -> None:
        """Paint an image."""
        calls.append((image, first, colours, last))

    return app


def test_a_command_gets_its_group_as_one_value(program: typer.Typer, calls: Calls) -> None:
    CliRunner().invoke(program, ["a.tif", "--outside", "green", "--last"], catch_exceptions=False)
    CliRunner().invoke(program, ["a.tif"], catch_exceptions=False)
    assert calls == [("a.tif", 1, Colours("red", "green"), True), ("a.tif", 1, Colours(), False)]


def test_help_lists_the_options_of_a_group_where_the_command_takes_it(program: typer.Typer) -> None:
    text = CliRunner().invoke(program, ["--help"], catch_exceptions=False).output
    assert "Paint an image." in text
    places = [text.index(option) for option in ("--first", "--inside", "--outside", "--last")]
    assert places == sorted(places)
