"""Hooks of mkdocs: pages made of the files at the top of the repository, and a check of the API."""

import ast
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""File at the top of the repository -> the page of the site that shows it."""

LINK_UP = re.compile(rf"\]\((?P<up>(?:\.\./)*)\.\./(?P<file>{'|'.join(map(re.escape, PAGES))})")
LINK_BESIDE = re.compile(rf"\]\((?P<file>{'|'.join(map(re.escape, PAGES))})")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file of :data:`PAGES`, with its links as seen from docs/."""
    for name, page in PAGES.items():
        text = (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")
        text = LINK_BESIDE.sub(lambda link: f"]({PAGES[link['file']]}", text)
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Turn links to the files at the top, such as ``../README.md``, into links to their pages."""
    return LINK_UP.sub(lambda link: f"]({link['up']}{PAGES[link['file']]}", markdown)


def on_post_build(config: MkDocsConfig) -> None:
    """End the build if a name in ``napari_sam.__all__`` has no entry in the API pages."""
    anchors = config.plugins["autorefs"]
    missing = []
    for path in public_names():
        try:
            anchors.get_item_url(path)
        except KeyError:
            missing.append(path)
    if missing:
        raise PluginError(f"no page in docs/api/ documents {', '.join(missing)}")


def public_names() -> list[str]:
    """Full paths of all public names but the version, read without importing the package."""
    source = (ROOT / "src" / "napari_sam" / "__init__.py").read_text(encoding="utf-8")
    constants = {
        node.targets[0].id: node.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    modules = ast.literal_eval(constants["_MODULES"])
    names = set(ast.literal_eval(constants["__all__"])) - {"__version__"}
    return [f"napari_sam.{modules[name]}.{name}" for name in sorted(names)]
