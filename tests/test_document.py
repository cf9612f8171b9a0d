"""Documents from outside become typed records, or one line that names file and field."""

from dataclasses import dataclass

import pytest

from napari_sam.document import parse_document
from napari_sam.errors import ImageError


@dataclass(frozen=True, slots=True)
class Dataset:
    path: str
    scale: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Multiscale:
    datasets: list[Dataset]
    name: str = ""


def parse(content: object) -> Multiscale:
    return parse_document(Multiscale, content, "a.zarr", ImageError, "check the file")  # type: ignore[arg-type]


@pytest.mark.parametrize("as_mapping", [False, True])
def test_fields_are_read_and_unknown_ones_left_out(as_mapping: bool) -> None:
    mapping = {"datasets": [{"path": "0", "scale": [1, 0.5], "more": 1}], "version": "0.5"}
    text = b'{"datasets": [{"path": "0", "scale": [1, 0.5], "more": 1}], "version": "0.5"}'
    assert parse(mapping if as_mapping else text) == Multiscale([Dataset("0", (1.0, 0.5))])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{}", "a.zarr: datasets: Field required: check the file"),
        (b"[]", "a.zarr: Input should be"),
        (b'{"datasets": [{"path": 3}]}', "a.zarr: datasets.0.path: Input should be a valid string"),
        (b'{"datasets": 1', "a.zarr: Invalid JSON"),
        (b"\xff", "a.zarr: Invalid JSON"),
        ("[" * 100_000, "a.zarr: Invalid JSON"),
        ("\ud800", "a.zarr: Input should be"),
    ],
)
def test_other_content_is_one_line_with_file_and_field(content: object, message: str) -> None:
    with pytest.raises(ImageError) as raised:
        parse(content)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)
