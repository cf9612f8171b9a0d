"""``napari-sam models``: list the models; download, import and verify weights on disk."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_sam.errors import ModelError

from .option_groups import expand_groups
from .options import DebugOption, OverwriteOption, ReportOptions
from .report import report, show_download, warn

if TYPE_CHECKING:
    from napari_sam.weights.card import ModelCard
    from napari_sam.weights.store import StoredModel

app = typer.Typer(
    help="List, download, import and verify models.", no_args_is_help=False, rich_markup_mode=None
)

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="NAME...", help="As napari-sam models lists them.")
]


@app.callback(invoke_without_command=True)
@expand_groups
def models(context: typer.Context, report_options: ReportOptions) -> None:
    """List, download, import and verify models."""
    if context.invoked_subcommand is None:
        _list(as_json=report_options.json)


@app.command("list")
@expand_groups
def list_models(report_options: ReportOptions) -> None:
    """List the models by name, with a mark for weights on this machine."""
    _list(as_json=report_options.json)


@app.command()
@expand_groups
def download(*, names: NamesArgument = None, report_options: ReportOptions) -> None:
    """Download models; what an interrupted download has left is used."""
    from napari_sam.weights.catalogue import find_card, unknown_model
    from napari_sam.weights.download import download_model
    from napari_sam.weights.store import ModelStore

    cards = []
    for name in names or ():
        if (card := find_card(name)) is None:
            raise unknown_model(name)
        cards.append(card)
    if not cards:
        raise ModelError("no model is named: napari-sam models lists those that there are")
    store = ModelStore()
    for card in cards:
        show_download(download_model(card, store), quiet=report_options.json)
        if not report_options.json:
            typer.echo(f"{card.name}  {_size(card)}  {store.get(card.name).weights}")
    if report_options.json:
        report({"models": [_described(store.get(card.name)) for card in cards]}, as_json=True)


@app.command("import")
@expand_groups
def import_model(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="PyTorch or safetensors file.")],
    *,
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Name to load it by.")
    ] = None,
    decoder: Annotated[
        Path | None, typer.Option(help="micro-sam's decoder for it, if that is a file of its own.")
    ] = None,
    overwrite: OverwriteOption = False,
    report_options: ReportOptions,
) -> None:
    """Copy the weights in FILE to where models are loaded from by name.

    A published file is recognised by its content and gets the name of its model: this is how a
    model is installed on a machine without a network. Other files are models of your own.
    """
    from napari_sam.weights.import_weights import import_weights
    from napari_sam.weights.store import ModelStore

    store = ModelStore()
    imported = import_weights(file, name=name, decoder=decoder, store=store, overwrite=overwrite)
    model = store.find(imported)
    if model is None:
        warn(f"{imported} has another file, which is not here yet: import or download it too")
    described = {"name": imported} if model is None else _described(model)
    if report_options.json:
        report(described, as_json=True)
    else:
        family = f"  ({model.family})" if model else ""
        typer.echo(f"{imported}{family}")


@app.command()
@expand_groups
def verify(*, names: NamesArgument = None, report_options: ReportOptions) -> None:
    """Compare weights on this machine with what was published or imported; by default all.

    The whole files are read. Exit status 1 if one of them differs.
    """
    from napari_sam.weights.catalogue import unknown_model
    from napari_sam.weights.store import ModelStore

    store = ModelStore()
    models = [store.find(name) for name in names] if names else store.installed()
    for name, model in zip(names or (), models, strict=False):
        if model is None:
            store.get(name)  # raises, with the reason: not on this machine, or damaged
            raise unknown_model(name)
    stored = [model for model in models if model is not None]
    results = [result for model in stored for result in _verify(model, store.root)]
    if report_options.json:
        report({"files": results}, as_json=True)
    else:
        for result in results:
            typer.echo(f"{result['model']:<24}{result['state']:<10}{result['path']}")
    bad = [result for result in results if result["state"] == "differs"]
    if bad:
        listed = ", ".join(result["path"] for result in bad)
        raise ModelError(
            f"not what was published or imported: {listed}; download {bad[0]['model']} again, or "
            "delete the file"
        )


@app.command()
def path(debug: DebugOption = False) -> None:
    """Print the folder of the weights."""
    from napari_sam.weights.store import ModelStore

    typer.echo(str(ModelStore().root))


def _list(*, as_json: bool) -> None:
    """Print the models of the catalogue, and imported models that are not in the catalogue."""
    from napari_sam.weights.catalogue import MODELS
    from napari_sam.weights.store import ModelStore

    store = ModelStore()
    installed = {model.name: model for model in store.installed()}
    imported = [model for model in installed.values() if model.card is None]
    if as_json:
        entries = [_entry(card, installed.get(card.name)) for card in MODELS.values()]
        entries += [_described(model) for model in imported]
        report({"folder": str(store.root), "models": entries}, as_json=True)
        return
    for card in MODELS.values():
        model = installed.get(card.name)
        place = model.origin if model else "-"
        typer.echo(f"{card.name:<24}{card.family:<15}{_size(card):<10}{place}")
        typer.echo(f"    {card.description} ({card.licence})")
    for model in imported:
        typer.echo(f"{model.name:<24}{model.family:<15}{_size_on_disk(model):<10}{model.origin}")
    typer.echo(f"folder: {store.root}")


def _entry(card: "ModelCard", model: "StoredModel | None") -> dict[str, Any]:
    """Describe a model of the catalogue for JSON; `model` is None if not on this machine."""
    return {
        "name": card.name,
        "family": card.family,
        "size": card.size,
        "bytes": card.bytes,
        "exact": card.exact,
        "licence": card.licence,
        "description": card.description,
        "aliases": list(card.aliases),
        "on_disk": model.origin if model else None,
        "files": [str(path) for path, _ in model.files()] if model else [],
    }


def _described(model: "StoredModel") -> dict[str, Any]:
    """Describe a stored model for JSON."""
    if model.card is not None:
        return _entry(model.card, model)
    files = [str(path) for path, _ in model.files()]
    return {
        "name": model.name, "family": model.family, "on_disk": model.origin, "files": files
    }  # fmt: skip


def _verify(model: "StoredModel", root: Path) -> list[dict[str, str]]:
    """Compare each file of a model with its checksum; `root` is the folder of the weights."""
    from napari_sam.weights.checksum import is_published

    results = []
    for file, checksum in model.files():
        same = checksum is None or is_published(file, checksum, root, fresh=True)
        # built-in weights have no checksum: pip compares those of the wheel
        state = "built in" if checksum is None else "ok" if same else "differs"
        results.append({"model": model.name, "path": str(file), "state": state})
    return results


def _size(card: "ModelCard") -> str:
    """Format the size of a download; "~" marks an inexact size."""
    return f"{'' if card.exact else '~'}{card.bytes / 1e6:.0f} MB"


def _size_on_disk(model: "StoredModel") -> str:
    """Format the size of all files of a model."""
    return f"{sum(path.stat().st_size for path, _ in model.files()) / 1e6:.0f} MB"
