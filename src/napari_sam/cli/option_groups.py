"""Option groups: dataclasses of options as parameters of commands."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any


def expand_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Replace the parameters of a command that are dataclasses by the fields of the dataclasses.

    typer reads the options of a command from its signature and knows no groups. The function
    returned has a flat signature for typer to read; called with the parsed values, it makes the
    dataclasses and calls the command. ``--help`` lists the fields at the place of the parameter.

    Parameters
    ----------
    command : callable
        Function that runs the command. Its parameters, and the fields of its dataclasses, are
        annotated for typer.

    Returns
    -------
    callable
        The same command, to be registered with typer.
    """
    signature = inspect.signature(command, eval_str=True)
    groups = {
        parameter.name: parameter.annotation
        for parameter in signature.parameters.values()
        if _is_group(parameter.annotation)
    }

    @wraps(command)
    def run(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        command(**values)

    flat = [option for parameter in signature.parameters.values() for option in _options(parameter)]
    run.__signature__ = signature.replace(parameters=flat)  # type: ignore[attr-defined]
    return run


def _is_group(annotation: Any) -> bool:
    """Whether the annotation of a parameter is a dataclass."""
    return isinstance(annotation, type) and is_dataclass(annotation)


def _options(parameter: inspect.Parameter) -> Iterator[inspect.Parameter]:
    """Yield the options for a parameter: the fields of a dataclass, or the parameter itself."""
    options = [parameter]
    if _is_group(parameter.annotation):
        fields_as_parameters = inspect.signature(parameter.annotation, eval_str=True).parameters
        options = list(fields_as_parameters.values())
    for option in options:
        # by keyword alone, so that an option with a default may stand before one without
        yield option.replace(kind=inspect.Parameter.KEYWORD_ONLY)
