"""Hook of mkdocs: files, folders and modules that the developers' pages name are there."""

import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
PAGES = re.compile(r"design|contributing|how-to-add")
CODE = re.compile(r"`([^`\n]+)`")
FILE, FOLDER = re.compile(r"[\w/.*-]+\.(py|md|toml|txt|yaml|yml)"), re.compile(r"[\w/]+/")
MODULE = re.compile(r"napari_sam(\.\w+)+")
TO_COME = re.compile(r"NAME|site/")
"""Names that stand for a new file, and folders that come into being when something is run."""

log = logging.getLogger("mkdocs.hooks.paths")


def on_page_markdown(markdown: str, page: Page, **_: object) -> None:
    """Warn of each path in the code spans of a page that is not in the repository."""
    if PAGES.match(page.file.src_uri):
        for text in wrong_names(markdown):
            log.warning(f"{page.file.src_uri}: there is no {text}")


def wrong_names(markdown: str) -> Iterator[str]:
    """Code spans that look like a file, a folder or a module, and are none."""
    for span in CODE.finditer(markdown):
        text = span[1]
        if TO_COME.search(text):
            continue
        if FILE.fullmatch(text) or FOLDER.fullmatch(text):
            parts = Path(text).parts
            if not any(Path(path).match("/".join(parts)) for path in paths()):
                yield text
        elif MODULE.fullmatch(text) and not is_name(text):
            yield text


@cache
def paths() -> tuple[str, ...]:
    """All files and folders of the repository, relative to its top."""
    tops = ("src", "tests", "training", "benchmarks", "docs", ".ci", ".github")
    below = [path for top in tops for path in (ROOT / top).rglob("*")]
    every = [*ROOT.glob("*.*"), *(ROOT / top for top in tops), *below]
    kept = [path for path in every if "__pycache__" not in path.parts]
    return tuple(path.relative_to(ROOT).as_posix() for path in kept)


def is_name(dotted: str) -> bool:
    """Whether a dotted name is a module, or a word in the module that its beginning names."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        module = ROOT.joinpath("src", *parts[:end])
        for file in (module.with_suffix(".py"), module / "__init__.py"):
            if file.is_file():
                text = file.read_text(encoding="utf-8")
                return all(re.search(rf"\b{part}\b", text) for part in parts[end:])
    return False
