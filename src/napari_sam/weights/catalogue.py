"""Catalogue of the public models: names, addresses, sizes and hashes of their weights.

The module does not import torch, so that models are listed and downloaded without delay. Every
published file has a hash, without exception. A file without a published hash is not downloaded; the
user imports it with ``napari-sam models import``.

Sources of the hashes: Meta's and MobileSAM's SHA-256 are recorded by many independent projects;
micro-sam records XXH128 in its own source (``micro_sam/util.py``); those of EfficientTAM are
recorded by the mirror below and, for the 1024 px models, by independent projects.
"""

from collections.abc import Iterator
from difflib import get_close_matches

from napari_sam.errors import ModelError

from .card import ModelCard, WeightsFile

__all__ = ["MODELS", "ModelCard", "WeightsFile", "find_by_hash", "find_card", "unknown_model"]

_META = "https://dl.fbaipublicfiles.com"
_HUB = "https://huggingface.co"
_BIOIMAGE_IO = "https://uk1s3.embassy.ebi.ac.uk/public-datasets/bioimage.io"
_GWDG = "https://owncloud.gwdg.de/index.php/s"
_MOBILE_SAM_COMMIT = "f706ad9c4eb7f219c00d9050e46328518ffb65d2"
_EFFICIENT_TAM_MIRROR = "cubert-gmbh/efficient-track-anything"
_EFFICIENT_TAM_COMMIT = "3dfd0228d7774b94c24116cf729e03c209ff448a"

_DECODER_BYTES = 38_400_000
"""Approximate size of micro-sam's decoder: 9.6 million float32 values with every encoder."""


def _built_in() -> ModelCard:
    return ModelCard(
        "cells-tiny",
        "cells",
        "tiny",
        "BSD-3-Clause; trained on CC0, MIT and CC BY 3.0 images",
        "Nuclei, cells, axons and neurites; ships with napari-sam, made for the CPU.",
        (WeightsFile("cells-tiny.safetensors", (), None, 12_500_000, exact=False),),
    )


def _sam1(size: str, suffix: str, digest: str, count: str) -> ModelCard:
    name = f"sam_{size}_{suffix}.pth"
    mirror = f"{_HUB}/ybelkada/segment-anything/resolve/main/checkpoints/{name}"
    urls = (f"{_META}/segment_anything/{name}", mirror)
    file = WeightsFile(name, urls, f"sha256:{digest}", int(count))
    description = f"Photographs, and a start for everything else; Meta's SAM, {_SAM1_SIZES[size]}."
    return ModelCard(size, "sam1", size, "Apache-2.0", description, (file,), (f"sam_{size}",))


_SAM1_SIZES = {"vit_b": "base", "vit_l": "large, wants a GPU", "vit_h": "huge, wants a GPU"}

_SAM1 = """
vit_b 01ec64 ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912 375042383
vit_l 0b3195 3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622 1249524607
vit_h 4b8939 a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e 2564550879
"""
"""Columns: size of the encoder, suffix of the file name, SHA-256, bytes."""


def _mobile_sam() -> ModelCard:
    pinned = f"https://github.com/ChaoningZhang/MobileSAM/raw/{_MOBILE_SAM_COMMIT}"
    file = WeightsFile(
        "mobile_sam.pt",
        (f"{pinned}/weights/mobile_sam.pt", f"{_GWDG}/TuDzuwVDHd1ZDnQ/download"),
        "sha256:6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f",
        40_728_226,
    )
    description = "Photographs, and a start for everything else; MobileSAM, small and fast."
    aliases = ("mobile_sam", "mobilesam", "sam_vit_t")
    return ModelCard("vit_t", "mobile-sam", "vit_t", "Apache-2.0", description, (file,), aliases)


def _micro_sam(kind: str, size: str, place: str, *digests: str) -> ModelCard:
    """Card of a generalist of micro-sam, from the BioImage.IO zoo or the authors' file share."""
    name = f"{size}_{kind}"
    if place == "share":
        urls = tuple(f"{_GWDG}/{share}/download" for share in _SHARES[name])
    else:
        base = f"{_BIOIMAGE_IO}/{place}/files/{size}"
        urls = (f"{base}.pt", f"{base}_decoder.pt")
    sizes = (_MICRO_SAM_BYTES[size], _DECODER_BYTES)
    files = tuple(
        WeightsFile(f"{name}{part}.pt", (url,), f"xxh128:{digest}", count, exact=False)
        for part, url, digest, count in zip(("", "_decoder"), urls, digests, sizes, strict=True)
    )
    description = f"{_MICRO_SAM_USE[kind]} micro-sam's generalist, with its decoder."
    return ModelCard(name, "micro-sam", size, "CC-BY-4.0", description, files)


_MICRO_SAM_BYTES = {
    "vit_t": 40_700_000,
    "vit_b": 375_000_000,
    "vit_l": 1_250_000_000,
    "vit_h": 2_565_000_000,
}
"""Approximate sizes: float32 weights of the architectures of Meta and MobileSAM."""

_MICRO_SAM_USE = {
    "lm": "Light microscopy: cells and nuclei, fluorescence and label-free.",
    "em_organelles": "Electron microscopy: mitochondria, nuclei and other organelles.",
    "histopathology": "Histopathology: nuclei in H&E-stained tissue.",
    "medical_imaging": "Medical images: organs and lesions in CT, MRI, ultrasound and others.",
}

_MICRO_SAM = {
    "lm": """
vit_t faithful-chicken/1.1 72ec5074774761a6e5c05a08942f981e 3e914a5f397b0312cdd36813031f8823
vit_b diplomatic-bug/1.2 fe9252a29f3f4ea53c15a06de471e186 708b15ac620e235f90bb38612c4929ba
vit_l idealistic-rat/1.2 017f20677997d628426dec80a8018f9d 2faeafa03819dfe03e7c46a44aaac64a
""",
    "em_organelles": """
vit_t greedy-whale/1 253474720c497cce605e57c9b1d18fd9 8f897c7bb93174a4d1638827c4dd6f44
vit_b noisy-ox/1.2 f3bf2ed83d691456bae2c3f9a05fb438 bb6398956a6b0132c26b631c14f95ce2
vit_l humorous-crab/1.2 810b084b6e51acdbf760a993d8619f2d 334877640bfdaaabce533e3252a17294
""",
    "histopathology": """
vit_b share ffd1a2cd84570458b257bd95fdd8f974 6a66194dcb6e36199cbee2214ecf7213
vit_l share b591833c89754271023e901281dee3f2 46aab7765d4400e039772d5a50b55c04
vit_h share bd1856dafc156a43fb3aa705f1a6e92e 3ed9f87e46ad5e16935bd8d722c8dc47
""",
    "medical_imaging": """
vit_b share 40169f1e3c03a4b67bff58249c176d92 9e498b12f526f119b96c88be76e3b2ed
""",
}
"""Columns: size of the encoder, id in the zoo or ``share``, XXH128 of weights and of decoder."""

_SHARES = {
    "vit_b_histopathology": ("sBB4H8CTmIoBZsQ", "KO9AWqynI7SFOBj"),
    "vit_l_histopathology": ("IZgnn1cpBq2PHod", "oIs6VSmkOp7XrKF"),
    "vit_h_histopathology": ("L7AcvVz7DoWJ2RZ", "1qAKxy5H0jgwZvM"),
    "vit_b_medical_imaging": ("f5Ol4FrjPQWfjUF", "ahd3ZhZl2e0RIwz"),
}
"""Models outside of the zoo: ids of the file shares of weights and of decoder."""


def _sam2(version: str, size: str, digest: str, count: str) -> ModelCard:
    folder, stem = _SAM2_RELEASES[version]
    name = f"{stem}_hiera_{size}.pt"
    mirror = f"{_HUB}/facebook/{stem}-hiera-{size.replace('_', '-')}/resolve/main/{name}"
    url = f"{_META}/segment_anything_2/{folder}/{name}"
    return ModelCard(
        f"sam{version}_{size}",
        "sam2",
        size,
        "Apache-2.0",
        f"Photographs, and objects followed through stacks and time; SAM {version}, {size}.",
        (WeightsFile(name, (url, mirror), f"sha256:{digest}", int(count)),),
        # a size without a release means the later release
        (f"{stem}_hiera_{size}", *((size,) if version == "2.1" else ())),
        version,
    )


_SAM2_RELEASES = {"2.0": ("072824", "sam2"), "2.1": ("092824", "sam2.1")}

_SAM2 = """
2.1 tiny 7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69 156008466
2.1 small 6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38 184416285
2.1 base_plus a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5 323606802
2.1 large 2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318 898083611
2.0 tiny 65b50056e05bcb13694174f51bb6da89c894b57b75ccdf0ba6352c597c5d1125 155906050
2.0 small 95949964d4e548409021d47b22712d5f1abf2564cc0c3c765ba599a24ac7dce3 184309650
2.0 base_plus d0bb7f236400a49669ffdd1be617959a8b1d1065081789d7bbff88eded3a8071 323493298
2.0 large 7442e4e9b732a508f80e141e7c2913437a3610ee0c77381a66658c3a445df87b 897952466
"""
"""Columns: release, size of the encoder, SHA-256, bytes."""


def _efficient_tam(size: str, digest: str, count: str) -> ModelCard:
    name = f"efficienttam_{size}"
    original = f"{_HUB}/yunyangx/efficient-track-anything/resolve/main/{name}.pt"
    mirror = f"{_HUB}/{_EFFICIENT_TAM_MIRROR}/resolve/{_EFFICIENT_TAM_COMMIT}/{name}.pt"
    pixels = 512 if size.endswith("512x512") else 1024
    return ModelCard(
        name,
        "efficient-tam",
        size,
        "Apache-2.0",
        f"Objects followed through stacks and time, small and fast; windows of {pixels} px.",
        (WeightsFile(f"{name}.pt", (original, mirror), f"sha256:{digest}", int(count)),),
        (f"efficient_tam_{size}", *(("efficienttam",) if size == "s" else ())),
    )


_EFFICIENT_TAM = """
s 2b572be30d9e96ee29c8d785fe157c6b079ede7d56fbc8a3671d4120e63c89cd 136375868
ti acbb17b28cca1f860acee09c9ecb6efdb732080dc7a85a07292c31813175fa7d 71616316
s_512x512 67b5840012737ed2c94a4cb8787c5c1b27b3a946045d2e602e65ef77230b6085 136379145
ti_512x512 7d4d652a465f0081391050932f45d8a66768ccc99c8ea393ce8a5927e83f3b9b 71620052
"""
"""Columns: size of the encoder, SHA-256, bytes."""


def _rows(table: str) -> Iterator[list[str]]:
    return (line.split() for line in table.strip().splitlines())


def _all_cards() -> Iterator[ModelCard]:
    yield _built_in()
    yield from (_sam1(*row) for row in _rows(_SAM1))
    yield _mobile_sam()
    yield from (_micro_sam(kind, *row) for kind in _MICRO_SAM for row in _rows(_MICRO_SAM[kind]))
    yield from (_sam2(*row) for row in _rows(_SAM2))
    yield from (_efficient_tam(*row) for row in _rows(_EFFICIENT_TAM))


MODELS = {card.name: card for card in _all_cards()}
"""Name -> card of all models of the catalogue, in the order of lists."""


def _plain(name: str) -> str:
    """Normalised name for comparison: ``facebook/sam2.1-hiera-tiny`` is ``sam2.1_hiera_tiny``."""
    plain = name.strip().lower().removeprefix("facebook/").replace("-", "_")
    return plain[:-2] + "base_plus" if plain.endswith("_b+") else plain


def _names(card: ModelCard) -> set[str]:
    stems = (file.name.rpartition(".")[0] for file in card.files)
    return {_plain(name) for name in (card.name, *card.aliases, *stems)}


_BY_NAME = {name: card for card in MODELS.values() for name in _names(card)}


def find_card(name: str) -> ModelCard | None:
    """Look up a model by name, alias or file name.

    Parameters
    ----------
    name : str
        Name, alias, or file name without suffix; case and hyphens are ignored.

    Returns
    -------
    ModelCard or None
        None if the catalogue has no such model.
    """
    return _BY_NAME.get(_plain(name))


def find_by_hash(hashes: set[str]) -> tuple[ModelCard, WeightsFile] | None:
    """Look up a published file by hash.

    Parameters
    ----------
    hashes : set of str
        Hashes of one file, as ``sha256:...`` and ``xxh128:...``.

    Returns
    -------
    ModelCard, WeightsFile
        The model and its file; None if the hashes belong to no published file.
    """
    for card in MODELS.values():
        for file in card.files:
            if file.hash in hashes:
                return card, file
    return None


def unknown_model(name: str, imported: tuple[str, ...] = ()) -> ModelError:
    """Error for a name without a model, with suggestions of similar names.

    Parameters
    ----------
    name : str
        Name that was not found.
    imported : tuple of str
        Names of imported models, to suggest beside those of the catalogue.

    Returns
    -------
    ModelError
        To be raised.
    """
    names = {key: card.name for key, card in _BY_NAME.items()} | {_plain(n): n for n in imported}
    close = get_close_matches(_plain(name), names, n=6, cutoff=0.6)
    similar = list(dict.fromkeys(names[key] for key in close))[:3]
    question = f"did you mean {' or '.join(similar)}? " if similar else ""
    return ModelError(
        f"no model {name!r}: {question}napari-sam models lists those that there are, and "
        "napari-sam models import adds a file"
    )
