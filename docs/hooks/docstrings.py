"""Extension of griffe: docstrings are adapted to mkdocstrings before the API pages are made.

- Sphinx roles, such as ``:meth:`open```, become links, for mkdocstrings knows Markdown links only.
  A role whose target is neither in the package nor in a library is a warning, which ends a strict
  build. A target that is on no page of the site is shown as code.
- Parameters that share one description become separate entries, since griffe would give all of them
  the type of the first.
"""

import re
import sys
from collections.abc import Iterator
from typing import Any

import griffe

ROLE = re.compile(
    r":(?:attr|class|data|exc|func|meth|mod):`(?:(?P<text>[^`<]+?)\s*<)?(?P<target>~?[\w.]+)>?`"
)
SHARED = re.compile(r"^(?P<names>\w+(?:, \w+)+)\n(?P<text>(?: {4}.*(?:\n|\Z))+)", re.MULTILINE)
LIBRARIES = sys.stdlib_module_names | {"dask", "napari", "numpy", "qtpy", "torch", "zarr"}
"""Packages whose names a role may have; they are shown as code."""

log = griffe.get_logger("mkdocs.hooks.docstrings")


class Docstrings(griffe.Extension):
    """Changes all docstrings of the package, when the package is read."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Go through modules, classes, functions and attributes."""
        objects = [pkg, *_below(pkg)]
        paths = [member.path for member in objects]
        for member in objects:
            if member.docstring:
                text = _separate(member, member.docstring.value)
                member.docstring.value = _with_links(member, text, paths)


def _below(scope: griffe.Object) -> Iterator[griffe.Object]:
    for member in scope.members.values():
        if not member.is_alias:
            yield member
            yield from _below(member)


def _separate(scope: griffe.Object, text: str) -> str:
    """Repeat a shared description for each of its parameters."""
    known = {parameter.name for parameter in getattr(scope, "parameters", ())}

    def separate(entry: re.Match[str]) -> str:
        names = entry["names"].split(", ")
        if not known.issuperset(names):
            return entry[0]
        return "".join(f"{name}\n{entry['text'].rstrip()}\n" for name in names)

    return SHARED.sub(separate, text)


def _with_links(scope: griffe.Object, text: str, paths: list[str]) -> str:
    return ROLE.sub(lambda role: _link(scope, role, paths), text)


def _link(scope: griffe.Object, role: re.Match[str], paths: list[str]) -> str:
    target = role["target"].lstrip("~.")
    name = target.split(".")[-1] if role["target"].startswith("~") else role["text"] or target
    path = _resolve(scope, target, paths)
    if path is None and target.split(".")[0] in LIBRARIES:
        return f"`{name}`"
    if path is None:
        log.warning(f"{scope.path}: there is no {target!r} to refer to")
        return f"`{name}`"
    return f'<autoref identifier="{path}" optional><code>{name}</code></autoref>'


def _resolve(scope: griffe.Object, target: str, paths: list[str]) -> str | None:
    """Find a name in the class, then in the module, then by its path in the package.

    A name without a dot has to be of the class or the module: another module may have another
    thing of the same name, today or after the next change.
    """
    around: griffe.Object | None = scope
    while around is not None:
        try:
            return around[target].canonical_path
        except (KeyError, griffe.AliasResolutionError, griffe.CyclicAliasError):
            around = around.parent
    if "." not in target:
        return None
    ending = "." + target.removeprefix("napari_sam.")
    matches = [path for path in paths if path == target or path.endswith(ending)]
    return target if target in matches else matches[0] if len(matches) == 1 else None
