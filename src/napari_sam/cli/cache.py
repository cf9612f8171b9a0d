"""``napari-sam cache``: list, check, exchange and delete embeddings of the cache on disk."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .micro_sam import export_micro_sam, import_micro_sam
from .option_groups import expand_groups
from .options import CacheDirOption, ReportOptions
from .report import progress, report

if TYPE_CHECKING:
    from napari_sam.embeddings import CacheEntry

app = typer.Typer(
    help="Show, check, exchange or empty the embedding cache.",
    no_args_is_help=False,
    rich_markup_mode=None,
)
app.command()(import_micro_sam)
app.command()(export_micro_sam)


@app.callback(invoke_without_command=True)
def cache(context: typer.Context) -> None:
    """Show, check, exchange or empty the embedding cache."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
@expand_groups
def info(*, cache_dir: CacheDirOption = None, report_options: ReportOptions) -> None:
    """List the images whose embeddings are kept, most recently used first."""
    from napari_sam.embeddings import byte_budget, cache_info, default_root

    root = default_root() if cache_dir is None else cache_dir
    entries = cache_info(root)
    total, budget = sum(entry.bytes for entry in entries), byte_budget()
    if report_options.json:
        values = [_plain(entry) for entry in entries]
        summary = {"folder": str(root), "bytes": total, "budget": budget, "images": values}
        report(summary, as_json=True)
        return
    typer.echo(f"{root}: {_size(total)} of at most {_size(budget)}")
    for entry in entries:
        typer.echo(_line(entry))


@app.command()
@expand_groups
def clear(
    *,
    cache_dir: CacheDirOption = None,
    image: Annotated[
        str | None, typer.Option(help="Only this one, as cache info shows it; all by default.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Only of this model; all by default.")] = None,
    report_options: ReportOptions,
) -> None:
    """Delete embeddings; they are computed again when they are needed."""
    from napari_sam.embeddings import clear_cache

    freed = clear_cache(cache_dir, image=image, model=model)
    _report_freed(freed, as_json=report_options.json)


@app.command()
@expand_groups
def prune(
    *,
    max_size: Annotated[str, typer.Option(help="Such as 5GB: what may stay.")],
    cache_dir: CacheDirOption = None,
    report_options: ReportOptions,
) -> None:
    """Delete the embeddings that were used longest ago, until the rest is small enough."""
    from napari_sam.embeddings import prune_cache

    freed = prune_cache(cache_dir, max_size=max_size)
    _report_freed(freed, as_json=report_options.json)


def _report_freed(freed: int, *, as_json: bool) -> None:
    """Print the bytes of deleted embeddings."""
    if as_json:
        report({"freed": freed}, as_json=True)
    else:
        typer.echo(f"{_size(freed)} freed")


@app.command()
@expand_groups
def verify(*, cache_dir: CacheDirOption = None, report_options: ReportOptions) -> None:
    """Read all embeddings and compare them to their checksums; damaged ones are deleted."""
    from napari_sam.embeddings import cache_info, verify_cache

    total = sum(entry.tiles_done for entry in cache_info(cache_dir))
    steps = progress(verify_cache(cache_dir), total, "verify", quiet=report_options.json)
    good = [step.good for step in steps]  # one a tile
    summary = {"good": sum(good), "damaged": len(good) - sum(good)}
    if report_options.json:
        report(summary, as_json=True)
        return
    deleted = "; they are deleted, and computed again when they are needed"
    typer.echo(
        f"{summary['good']} tiles are good, {summary['damaged']} were damaged"
        f"{deleted if summary['damaged'] else ''}"
    )


def _plain(entry: "CacheEntry") -> dict[str, Any]:
    """Turn an entry into values for JSON."""
    return {**asdict(entry), "path": str(entry.path)}


def _line(entry: "CacheEntry") -> str:
    used = datetime.fromtimestamp(entry.last_used) if entry.last_used else None
    when = f"used {used:%Y-%m-%d %H:%M}" if used else "never used"
    tiles = f"{entry.tiles_done} of {entry.tiles_total} tiles"
    return f"{entry.image}  {entry.model}  {tiles}  {_size(entry.bytes)}  {when}"


def _size(count: int) -> str:
    """Format a number of bytes with three digits and a unit, in powers of 1000: ``1.23 GB``."""
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.3g} {unit}"
