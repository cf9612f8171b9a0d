"""Mutations of documents: JSON values, texts, bytes, tables, zip archives, tensors' headers."""

import json
import random
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

_NASTY: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**400, -(10**30), 0.5, 1e308, float("nan"),
    float("inf"), "", "x", "\x00", "\ud800", "../../etc", "a" * 70_000, [], [[]], {}, [None],
    ["x", 1], {"x": 1}, [0] * 5000, "9" * 5000, "1.0", "nan", [-1, -1], [1e9, 1e9], {"0": {}},
]  # fmt: skip
"""Values that take the place of others in JSON."""


def mutate_json(value: Any, chance: random.Random) -> Any:
    """Change one place of a JSON value; returns the new value."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(sorted(value))
        change = chance.random()
        if change < 0.15:
            return {k: v for k, v in value.items() if k != key}
        if change < 0.2:
            return {**value, chance.choice(("x", "", "\ud800", key + "s")): chance.choice(_NASTY)}
        return {**value, key: mutate_json(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        place, change = chance.randrange(len(value)), chance.random()
        if change < 0.1:
            return value[:place] + value[place + 1 :]
        if change < 0.2:
            return value + [value[place]] * chance.choice((1, 3, 300))
        return [*value[:place], mutate_json(value[place], chance), *value[place + 1 :]]
    if isinstance(value, str) and value[:1] in "[{" and chance.random() < 0.8:
        try:  # JSON within JSON, as in the metadata of safetensors
            return json.dumps(mutate_json(json.loads(value), chance))
        except ValueError:
            pass
    if isinstance(value, int | float) and not isinstance(value, bool) and chance.random() < 0.5:
        return chance.choice((-value, value + 1, value * 1000, value / 3, str(value), [value]))
    if chance.random() < 0.03:
        deep: Any = value
        for _ in range(chance.choice((50, 900))):
            deep = [deep] if chance.random() < 0.5 else {"x": deep}
        return deep
    return chance.choice(_NASTY)


def mutate_text(data: bytes, chance: random.Random) -> bytes:
    """Change a JSON text as text, so that it is no JSON, or a strange one."""
    strange = (b"[" * 100_000, b'{"a":' * 50_000, b"NaN", b"-Infinity", b"1" * 6000, b"\xff", b"")
    other = (b"\xef\xbb\xbf" + data, data.decode(errors="replace").encode("utf-16"), data * 2)
    return chance.choice(strange + other + (b"\x00" * len(data), data + b"}"))


def mutate_bytes(data: bytes, chance: random.Random) -> bytes:
    """Cut, flip, insert, delete or repeat bytes."""
    change = chance.random()
    if change < 0.25:
        return data[: chance.randrange(len(data) + 1)]
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        if not out:
            break
        place = chance.randrange(len(out))
        if change < 0.6:
            out[place] = chance.randrange(256)
        elif change < 0.75:
            out[place:place] = bytes(chance.randrange(256) for _ in range(chance.choice((1, 9))))
        elif change < 0.9:
            del out[place : place + chance.choice((1, 4, 100))]
        else:
            out[place:place] = out[place : place + 50]
    return bytes(out)


def mutate_table(data: bytes, chance: random.Random) -> bytes:
    """Change the cells and lines of a CSV text."""
    rows = [line.split(",") for line in data.decode("utf-8", "replace").splitlines()]
    for _ in range(chance.choice((1, 1, 2, 5))):
        row = chance.choice(rows) if rows else []
        cells: list[str] = [str(value) for value in _NASTY if not isinstance(value, list | dict)]
        cells += ['"', '"a""', "a,b", "1.06", "-0", "1_000", "٣", "a\rb", "x" * 140_000]
        change = chance.random()
        if change < 0.6 and row:
            row[chance.randrange(len(row))] = chance.choice(cells)
        elif change < 0.75:
            row.append(chance.choice(cells))
        elif change < 0.9 and row:
            row.pop()
        else:
            rows.insert(0, [chance.choice(cells)])
    return "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass")


def mutate_zip(data: bytes, chance: random.Random) -> bytes:
    """Rewrite a zip archive with damaged, missing, doubled or packed entries."""
    target = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(target, "w") as new:
        chosen = chance.choice(old.namelist())
        for entry in old.infolist():
            content, name = old.read(entry), entry.filename
            if entry.filename == chosen:
                change = chance.random()
                if change < 0.15:
                    continue
                if change < 0.2:
                    name = chance.choice(("../x", "", "a" * 60_000, name.upper()))
                elif change < 0.55:
                    content = _mutate_npy(content, chance)
                else:
                    content = mutate_bytes(content, chance)
            packing = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, 14, 12))
            new.writestr(name, content, compress_type=packing)
    return target.getvalue()


def _mutate_npy(data: bytes, chance: random.Random) -> bytes:
    """Another header before the same values."""
    dtype = chance.choice(("|O", "<U9", "<c16", "|V8", "<f8", "<i8", "|u1", "<m8", "<q", ""))
    shape = chance.choice(
        ("(4000000000, 4000000000)", "(-1,)", "()", "(1e3,)", "(0,)", "(96, 128)", "(True,)", "x")
    )
    fields = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    text = (fields + " " * (-(len(fields) + 11) % 64)).encode() + b"\n"
    return (
        b"\x93NUMPY"
        + chance.choice((b"\1\0", b"\2\0", b"\3\0", b"\7\0"))
        + len(text).to_bytes(2, "little")
        + text
        + data[-2000:]
    )


def mutate_safetensors(data: bytes, chance: random.Random) -> bytes:
    """Change the JSON header of a safetensors file, most often the configuration in it."""
    size = int.from_bytes(data[:8], "little")
    head = json.loads(data[8 : 8 + size])
    if chance.random() < 0.8 and "__metadata__" in head:
        metadata = head["__metadata__"]
        key = chance.choice(sorted(metadata))
        value = json.loads(metadata[key])
        for _ in range(chance.choice((1, 1, 1, 2))):
            value = mutate_json(value, chance)
        head = head | {"__metadata__": metadata | {key: json.dumps(value)}}
    else:
        head = mutate_json(head, chance)
    text = json.dumps(head).encode("utf-8", "surrogatepass")
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def mutate(path: Path, chance: random.Random) -> None:
    """Damage a file, in the way that its kind asks for or as bytes."""
    if chance.random() < 0.02:
        path.unlink()
        if chance.random() < 0.5:
            path.mkdir()
        return
    data = path.read_bytes()
    try:
        damaged = _damaged(path, data, chance)
    except Exception:  # it was damaged before, and cannot be taken apart
        damaged = mutate_bytes(data, chance)
    path.write_bytes(damaged)


def _damaged(path: Path, data: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.25:
        return mutate_bytes(data, chance)
    if path.suffix in (".npz", ".pt"):
        return mutate_zip(data, chance)
    if path.suffix == ".safetensors":
        return mutate_safetensors(data, chance)
    if path.suffix == ".csv":
        return mutate_table(data, chance)
    if path.suffix in (".tif", ".npy") or data[:1] not in b"[{":
        return mutate_bytes(data, chance)
    if chance.random() < 0.1:
        return mutate_text(data, chance)
    lines = data.splitlines() if path.suffix == ".jsonl" else [data]
    place = chance.randrange(len(lines))
    value = json.loads(lines[place])
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        value = mutate_json(value, chance)
    lines[place] = json.dumps(value).encode("utf-8", "surrogatepass")
    return b"\n".join(lines) + (b"\n" if path.suffix == ".jsonl" else b"")
