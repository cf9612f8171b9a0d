"""Fuzzing of documents: damaged files are given to all public entries that read documents.

Each case is a small whole file or folder of one kind, damaged by one or several mutations: other
JSON values and types, fields deleted or added, deep nesting, huge numbers, NaN, cut files, changed
bytes, damaged zip entries, changed tensors' headers. The entry must read it, or raise an error of
this package with a message of one line. Anything else is printed with its seed, and the exit status
is 1.

    python -m benchmarks.fuzz_documents --cases 10000
    python -m benchmarks.fuzz_documents --kind weights --seed 4711 --cases 1
"""

import argparse
import collections
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fuzz_kinds import KINDS
from benchmarks.fuzz_mutations import mutate
from napari_sam.errors import NapariSamError

SLOW_SECONDS = 20.0
"""Seconds of a processor beyond which a case fails: a document must not keep a reader busy."""

MOST_MEMORY = 12 * 10**9
"""Bytes of address space of the process; libraries take some of it before the first case."""

LONGEST_LINE = 1500
"""Characters of a message beyond which it is no single line for people."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a case: read, refused with a line, or failed with the traceback."""

    kind: str
    seed: int
    status: str
    detail: str = ""


def run_case(name: str, seed: int, whole: Path, scratch: Path) -> Outcome:
    """Damage a copy of a whole example, and read it.

    Parameters
    ----------
    name : str
        Key of :data:`KINDS`.
    seed : int
        Seed of the damage.
    whole : Path
        Folder of the example that is not damaged.
    scratch : Path
        Folder for the copy; replaced.
    """
    kind, chance = KINDS[name], random.Random(f"{name} {seed}")
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(whole, scratch)
    for _ in range(chance.choice((1, 1, 1, 2))):
        targets = [path for path in kind.targets(scratch) if path.is_file()]
        if targets:
            mutate(chance.choice(targets), chance)
    started = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind.read(scratch)
    except NapariSamError as error:
        if "\n" in str(error) or len(str(error)) > LONGEST_LINE:
            return Outcome(name, seed, "failed", f"no single line: {str(error)[:300]!r}")
        status, detail = "refused", str(error)
    except Exception:
        return Outcome(name, seed, "failed", traceback.format_exc(limit=-6))
    else:
        status, detail = "read", ""
    if time.process_time() - started > SLOW_SECONDS:
        return Outcome(name, seed, "failed", f"{time.process_time() - started:.0f} s")
    return Outcome(name, seed, status, detail)


def run_cases(names: list[str], first: int, cases: int, folder: Path) -> Iterator[Outcome]:
    """Run cases, the kinds in turn; `folder` is used for examples and copies."""
    examples: dict[str, Path] = {}
    for number in range(cases):
        name = names[number % len(names)]
        if name not in examples:
            examples[name] = folder / "whole" / name
            examples[name].mkdir(parents=True)
            KINDS[name].make(examples[name])
        seed = first + number // len(names)
        yield run_case(name, seed, examples[name], folder / "case")


def main() -> int:
    """Run the cases that the options ask for; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="first seed")
    parser.add_argument("--kind", choices=sorted(KINDS), action="append")
    options = parser.parse_args()
    with suppress(ImportError, ValueError, OSError):  # a damaged size must not fill the machine
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_SAM_CACHE_DIR"] = str(Path(folder) / "user cache")
        names = options.kind or list(KINDS)
        for outcome in run_cases(names, options.seed, options.cases, Path(folder)):
            counts[outcome.kind][outcome.status] += 1
            if outcome.status == "failed":
                print(f"--- {outcome.kind}, seed {outcome.seed}\n{outcome.detail}", flush=True)
    for name, by_status in counts.items():
        words = [f"{by_status[status]:>8} {status}" for status in ("read", "refused", "failed")]
        print(f"{name:20}{''.join(words)}")
    failed = sum(by_status["failed"] for by_status in counts.values())
    print(f"{options.cases} cases, {failed} uncaught")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
