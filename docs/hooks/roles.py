"""Links for the Sphinx roles in docstrings, such as ``:meth:`open```, in the API pages.

mkdocstrings knows Markdown links only. A role whose target is nowhere in the package is a warning,
which ends a strict build. A target that is on no page of the site is shown as code.
"""

import re
from collections.abc import Iterator
from typing import Any

import griffe

ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):`(?P<target>~?[\w.]+)`")
log = griffe.get_logger("mkdocs.hooks.roles")


class Roles(griffe.Extension):
    """Replace the roles in all docstrings of the package by links, when the package is read."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Go through modules, classes, functions and attributes."""
        objects = [pkg, *_below(pkg)]
        paths = [member.path for member in objects]
        for member in objects:
            if member.docstring and ROLE.search(member.docstring.value):
                text = member.docstring.value
                member.docstring.value = ROLE.sub(lambda role: _link(member, role, paths), text)  # noqa: B023


def _below(scope: griffe.Object) -> Iterator[griffe.Object]:
    for member in scope.members.values():
        if not member.is_alias:
            yield member
            yield from _below(member)


def _link(scope: griffe.Object, role: re.Match[str], paths: list[str]) -> str:
    target = role["target"].removeprefix("~")
    name = target.split(".")[-1] if role["target"].startswith("~") else target
    path = _resolve(scope, target, paths)
    if path is None:
        log.warning(f"{scope.path}: there is no {target!r} to refer to")
        return f"`{name}`"
    return f'<autoref identifier="{path}" optional><code>{name}</code></autoref>'


def _resolve(scope: griffe.Object, target: str, paths: list[str]) -> str | None:
    """Find a name in the class, then in the module, then by its path in the package."""
    around: griffe.Object | None = scope
    while around is not None:
        try:
            return around[target].canonical_path
        except (KeyError, griffe.AliasResolutionError, griffe.CyclicAliasError):
            around = around.parent
    ending = "." + target.removeprefix("napari_sam.")
    matches = [path for path in paths if path == target or path.endswith(ending)]
    return target if target in matches else matches[0] if len(matches) == 1 else None
