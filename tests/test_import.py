"""Who imports whom: nothing heavy at import, and stages that know only what lies before them."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import napari_sam

PACKAGE = Path(napari_sam.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

STAGES = {
    "mosaic",
    "image",
    "tiles",
    "model",
    "weights",
    "embeddings",
    "prompts",
    "masks",
    "labels",
    "propagation",
    "journal",
    "measure",
    "evaluate",
    "learning",
    "finetuning",
    "classify",
    "export",
    "recipe",
    "folder",
    "tracking",
}
MAY_IMPORT = {
    "errors": set(),
    "installation": set(),
    "threads": set(),
    "document": {"errors"},
    "file_names": set(),
    "npz": {"errors"},
    "image": {"errors", "document"},
    "tiles": {"errors", "image"},
    "model": {"errors"},
    "weights": {"errors", "document", "model"},
    "prompts": {"errors", "document", "image", "tiles"},
    "embeddings": {"errors", "document", "file_names", "image", "tiles", "model"}
    | {"weights.families"},
    "masks": {"errors", "image", "tiles", "model", "embeddings", "prompts"},
    "labels": {"errors", "document", "file_names", "image", "masks.mask", "tiles.bbox"},
    "learning": {"errors", "document", "image", "tiles", "model", "weights", "prompts"}
    | {"embeddings", "masks", "labels", "evaluate.objects"},
    "finetuning": {"__version__", "errors", "document", "image", "tiles", "model", "weights"}
    | {"embeddings", "learning", "evaluate", "session", "overlay", "labels.files.atomic"},
    "classify": {"errors", "image", "tiles", "model", "embeddings", "masks.decode", "labels"},
    "journal": {"errors", "document", "file_names", "labels", "prompts"},
    "propagation": {"errors", "image", "tiles", "model", "embeddings", "prompts", "masks"},
    "measure": {"errors", "document", "image", "labels"},
    "evaluate": {
        "errors",
        "document",
        "npz",
        "image",
        "tiles",
        "prompts",
        "masks.mask",
        "masks.pixels.depth",
    }
    | {"session"},
    "export": {"errors", "file_names", "image", "labels", "measure", "evaluate.ground_truth"}
    | {"evaluate.objects"},
    "recipe": {"errors", "document", "file_names", "image", "labels", "journal"}
    | {"mosaic.mosaic", "encoded_image", "learning.delta", "learning.keep", "weights.load"}
    | {"weights.catalogue"},
    "folder": {"errors", "document", "file_names", "image", "labels.files"},
    "tracking": {"errors", "image", "labels", "propagation.assign"},
    "mosaic": {"errors", "document", "file_names", "npz", "image", "tiles", "embeddings", "masks"}
    | {"labels", "weights"},
}
"""Folder -> what it may import of ours, beside itself. What is not named here may import any
folder but `cli` and `plugin`, and these two everything but each other."""

MASKS = {
    "pixels": {"mask"},
    "second_look": {"mask", "decode", "decode_near", "mean", "own_prompts", "automatic"},
    "prompted": {"mask", "decode", "decode_near", "pixels", "second_look"},
    "automatic": {"mask", "decode", "mean", "pixels"},
}
"""Sub-package of masks/ -> the parts of masks/ that it may import, beside itself."""

PLUGIN_ORDER = (
    {"commands", "open_viewer"},
    {"controller"},
    {"connect_image", "connect_labels", "dock_status"},
    {"actions", "dock", "state_reader"},
    {"strokes", "table"},
    {"clicks"},
    {"folder"},
    {"everything", "learning", "objects"},
    {"tracking", "train"},
    {"ahead", "alike", "classes", "follow", "image_in_use", "models", "results"},
    {"desk", "state_watch"},
    {"workspace"},
    {"labels"},
    {"undo", "view"},
    {"layers", "status", "worker"},
    {"image", "keys", "samples", "settings", "widgets"},
    {"action"},
)
"""Sub-packages and modules of `plugin`, the highest first: each may import what stands in a later
set, and itself."""

ONLY_IN = {
    "napari": {"plugin"},
    "qtpy": {"plugin"},
    "magicgui": {"plugin"},
    "superqt": {"plugin"},
    "psygnal": {"plugin"},
    "pyqtgraph": {"plugin"},
    "torch": {"model", "weights", "embeddings", "masks", "propagation", "session", "plugin", "cli"}
    | {"cluster", "learning", "finetuning", "recipe"},
    "distributed": {"cluster"},
    "sklearn": {"classify"},
    "pylibCZIrw": {"image"},
    "nd2": {"image"},
    "liffile": {"image"},
    "laptrack": {"tracking"},
}
"""Third-party package -> the folders that may import it, at the top or inside a function."""

DISTRIBUTION = {
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "pooch": "pooch[xxhash]",
}
# magicgui, pandas, psygnal and superqt come with napari
WINDOW_OF_A_COMMAND = ("napari_sam.cli.view", "plugin.open_viewer.run_viewer")
"""The one command that opens a window, and the function that it may import from the plugin."""

OPTIONAL = {
    "napari",
    "magicgui",
    "pandas",
    "psygnal",
    "superqt",
    "npe2",
    "dask",
    "distributed",
    "laptrack",
    "pyarrow",
    "pyqtgraph",
    "roifile",
    "pylibCZIrw",
    "nd2",
    "liffile",
}


def fresh(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter that has imported nothing yet."""
    return subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, check=False
    )


def loaded_after(modules: list[str], of: set[str]) -> str:
    """Names out of `of` that a fresh interpreter has loaded after importing `modules`."""
    result = fresh(
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        f"print(*sorted({of!r} & set(sys.modules)))"
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
        ".__init__"
    )


def folder(path: Path) -> str:
    """First folder of a module in the package, or its own name at the top."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    """Absolute dotted name of everything that a module imports, at the top or anywhere below."""
    package = [*module_name(path).split("."), *(["_"] if path.name == "__init__.py" else [])]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = package[: -node.level] if node.level else []
            origin = ".".join([*parent, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def is_allowed(here: str, imported: str) -> bool:
    """Whether a folder may import a module of ours, named without the package."""
    target = imported.split(".")[0]
    if target == here or here == "__init__":
        return True
    if here in MAY_IMPORT:
        return any(f"{imported}.".startswith(f"{may}.") for may in MAY_IMPORT[here])
    return target not in {"cli", "plugin"}


def test_import_is_silent_even_where_warnings_are_errors() -> None:
    result = fresh("import napari_sam", "-W", "error")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_import_loads_nothing_heavy() -> None:
    heavy = {"torch", "napari", "qtpy", "magicgui", "numpy", "zarr", "skimage", "scipy", "tifffile"}
    heavy |= {"dask", "distributed", "sklearn", "laptrack"}
    assert loaded_after(["napari_sam"], heavy) == ""


def test_stages_before_the_model_run_without_torch() -> None:
    names = [
        module_name(p)
        for p in MODULES
        if folder(p) in {"image", "tiles", "prompts", "labels", "measure", "evaluate", "folder"}
    ]
    assert loaded_after([*names, "napari_sam.masks.mask"], {"torch"}) == ""


def test_everything_but_the_plugin_runs_without_napari_and_qt() -> None:
    names = [module_name(p) for p in MODULES if folder(p) != "plugin" and p.name != "__main__.py"]
    late = {"napari", "qtpy", "magicgui", "superqt", "PyQt6", "PySide6", "sklearn", "laptrack"}
    assert loaded_after(names, late) == ""


def test_the_dock_opens_without_what_only_some_of_its_work_needs() -> None:
    late = {"sklearn", "torch", "scipy.stats", "scipy.signal"}
    assert loaded_after(["napari_sam.plugin.controller"], late) == ""


def test_the_cache_is_listed_without_torch() -> None:
    assert loaded_after(["napari_sam.cli.cache", "napari_sam.embeddings"], {"torch"}) == ""


def test_formats_of_microscopes_are_loaded_with_a_file_of_theirs() -> None:
    late = {"pylibCZIrw", "nd2", "liffile", "dask"}
    assert loaded_after(["napari_sam.cli.app", "napari_sam.session"], late) == ""


def test_a_session_opens_without_what_only_some_of_its_work_needs() -> None:
    late = {"sklearn", "scipy.stats", "scipy.signal", "napari_sam.learning"}
    late |= {"napari_sam.propagation.propagate", "skimage.registration"}
    assert loaded_after(["napari_sam.session"], late) == ""


@pytest.mark.parametrize("name", napari_sam.__all__)
def test_public_name_is_there(name: str) -> None:
    assert name in dir(napari_sam)
    value = getattr(napari_sam, name)
    if name != "__version__":
        assert value.__name__ == name
        assert value.__module__.startswith("napari_sam.")


def test_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'napari_sam' has no attribute 'Sesion'"):
        napari_sam.Sesion  # noqa: B018


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_module_imports_only_what_its_folder_may(path: Path) -> None:
    names = [name for name in imports(path) if name.startswith("napari_sam.")]
    ours = [name.removeprefix("napari_sam.") for name in names]
    wrong = [name for name in ours if not is_allowed(folder(path), name)]
    assert [name for name in wrong if (module_name(path), name) != WINDOW_OF_A_COMMAND] == []


@pytest.mark.parametrize("part", MASKS)
def test_a_part_of_masks_imports_only_what_it_may(part: str) -> None:
    paths = sorted((PACKAGE / "masks" / part).glob("*.py"))
    names = {name for path in paths for name in imports(path)}
    parts = {name.split(".")[2] for name in names if name.startswith("napari_sam.masks.")}
    assert parts - {part} <= MASKS[part]


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if folder(p) == "plugin" and module_name(p).count(".") > 1],
    ids=module_name,
)
def test_plugin_module_imports_only_lower_ones(path: Path) -> None:
    def part(name: str) -> str:
        return name.removeprefix("napari_sam.plugin.").split(".")[0]

    here = part(module_name(path))
    (level,) = (i for i, names in enumerate(PLUGIN_ORDER) if here in names)
    lower = {here}.union(*PLUGIN_ORDER[level + 1 :])
    ours = [name for name in imports(path) if name.startswith("napari_sam.plugin.")]
    assert [name for name in ours if part(name) not in lower] == []


def test_no_module_imports_itself_through_others() -> None:
    names = {module_name(path) for path in MODULES}

    def module_of(imported: str) -> str:
        return imported if imported in names else imported.rpartition(".")[0]

    graph = {module_name(p): {module_of(name) for name in imports(p)} & names for p in MODULES}
    while leaves := [name for name, imported in graph.items() if not imported & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert graph == {}  # what is left imports a circle, or is in one


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_heavy_package_is_imported_only_where_it_belongs(path: Path) -> None:
    packages = {name.split(".")[0] for name in imports(path)}
    wrong = {name for name in packages & set(ONLY_IN) if folder(path) not in ONLY_IN[name]}
    assert wrong == set()


def test_third_party_imports_are_the_dependencies() -> None:
    project = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {line.split(">")[0].strip() for line in project["dependencies"]}
    imported = {name.split(".")[0] for path in MODULES for name in imports(path)}
    foreign = imported - set(sys.stdlib_module_names) - {"napari_sam"} - OPTIONAL
    assert {DISTRIBUTION.get(name, name) for name in foreign} == declared


def test_dependencies_have_lower_bounds_only() -> None:
    project = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    assert [line for line in project["dependencies"] if set(line) & set("<=!~,;") - {"="}] == []


def test_the_stages_are_the_folders() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders == STAGES | {"cli", "cluster", "plugin"}
