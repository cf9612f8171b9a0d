"""``napari-sam models``: what is listed, downloaded, imported, verified, and what is refused."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import xxhash

from napari_sam.cli.app import run
from napari_sam.errors import ModelError
from napari_sam.model.config import HieraConfig, MemoryConfig, ModelConfig, TinyVitConfig, VitConfig
from napari_sam.weights import catalogue
from napari_sam.weights.card import ModelCard, WeightsFile
from napari_sam.weights.import_weights import family_of
from napari_sam.weights.store import ModelStore, default_root, micro_sam_root
from tests.weights.http_site import Site, serve

WEIGHTS, DECODER = b"weights" * 999, b"decoder" * 999
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAPARI_SAM_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("MICROSAM_CACHEDIR", str(tmp_path / "micro-sam"))
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        yield site


@pytest.fixture
def card(site: Site, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """A published model of two small files, in the catalogue for the time of a test."""
    files = (
        WeightsFile(
            "tiny_lm.pt",
            (site.add("/w", WEIGHTS),),
            f"xxh128:{xxhash.xxh128_hexdigest(WEIGHTS)}",
            len(WEIGHTS),
        ),
        WeightsFile(
            "tiny_lm_decoder.pt",
            (site.add("/d", DECODER),),
            f"sha256:{hashlib.sha256(DECODER).hexdigest()}",
            len(DECODER),
        ),
    )
    card = ModelCard("tiny_lm", "micro-sam", "vit_b", "CC0", "For tests.", files)
    monkeypatch.setitem(catalogue.MODELS, card.name, card)
    monkeypatch.setitem(catalogue._BY_NAME, card.name, card)
    return card


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Weights that napari-sam itself has written."""
    from napari_sam.weights.load import save_weights
    from tests.tiny import tiny_sam

    torch.manual_seed(1)
    save_weights(tiny_sam(), tmp_path / "mine.safetensors")
    return tmp_path / "mine.safetensors"


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``napari-sam models ...`` in this process: status, output, error."""

    def cli(*arguments: object) -> tuple[int, str, str]:
        status = run(["models", *map(str, arguments)])
        return status, *capsys.readouterr()

    return cli


def succeed(answer: tuple[int, str, str]) -> str:
    assert (answer[0], answer[2]) == (0, "")
    return answer[1]


def refused(answer: tuple[int, str, str]) -> str:
    status, _, error = answer
    assert status == 1
    assert error.startswith("napari-sam: ")
    assert error.count("\n") == 1
    return error


def listed(cli: Run, name: str) -> dict[str, object]:
    entries = json.loads(succeed(cli("list", "--json")))["models"]
    return next(entry for entry in entries if entry["name"] == name)


# ---------------------------------------------------------------- list and path


def test_list_says_what_is_here_and_what_it_costs(cli: Run, models: Path) -> None:
    out = succeed(cli("list"))
    assert out == succeed(cli())
    lines = {line.split()[0]: line for line in out.splitlines() if not line.startswith(" ")}
    assert set(catalogue.MODELS) < set(lines)
    assert lines["cells-tiny"].endswith("built in")
    assert "375 MB" in lines["vit_b"]
    assert "~413 MB" in lines["vit_b_lm"]
    assert lines["vit_b_lm"].endswith("-")
    assert "CC-BY-4.0" in out
    assert out.splitlines()[-1] == f"folder: {models}"
    assert not models.exists()


def test_list_for_machines(cli: Run, models: Path) -> None:
    summary = json.loads(succeed(cli("--json")))
    assert summary == json.loads(succeed(cli("list", "--json")))
    assert summary["folder"] == str(models)
    entry = next(entry for entry in summary["models"] if entry["name"] == "vit_b")
    assert (entry["family"], entry["size"], entry["bytes"]) == ("sam1", "vit_b", 375_042_383)
    assert (entry["licence"], entry["on_disk"], entry["files"]) == ("Apache-2.0", None, [])


@pytest.mark.parametrize(
    "command", [["list"], ["list", "--json"], ["verify"], ["path"], ["download", "cells-tiny"]]
)
def test_torch_is_not_imported_to_look_or_to_download(command: list[str]) -> None:
    code = (
        "import sys; from napari_sam.cli.app import run; status = run(['models', *sys.argv[1:]]);"
        "sys.exit(status or 2 * ('torch' in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_folder_is_the_users_choice(
    cli: Run, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert succeed(cli("path")) == f"{models}\n"
    monkeypatch.setenv("NAPARI_SAM_MODELS", " ")
    assert default_root().parts[-2:] == ("napari-sam", "models")
    monkeypatch.delenv("MICROSAM_CACHEDIR")
    assert micro_sam_root().name == "models"
    assert "micro_sam" in micro_sam_root().parts


# ---------------------------------------------------------------- download


def test_download_and_use(cli: Run, card: ModelCard, models: Path, site: Site) -> None:
    with pytest.raises(ModelError, match=r"tiny_lm is not on this machine.*download tiny_lm"):
        ModelStore().get("tiny_lm")
    out = succeed(cli("download", "Tiny-LM"))
    assert "tiny_lm" in out
    assert (models / "tiny_lm.pt").read_bytes() == WEIGHTS
    assert (models / "tiny_lm_decoder.pt").read_bytes() == DECODER
    stored = ModelStore().get("tiny_lm")
    assert stored.weights == models / "tiny_lm.pt"
    assert stored.decoder == models / "tiny_lm_decoder.pt"
    assert listed(cli, "tiny_lm")["on_disk"] == "downloaded"
    succeed(cli("download", "tiny_lm", "cells-tiny"))
    assert len(site.requests) == 2


def test_download_for_machines(cli: Run, card: ModelCard, models: Path) -> None:
    summary = json.loads(succeed(cli("download", "tiny_lm", "--json")))
    assert summary["models"][0]["files"] == [
        str(models / "tiny_lm.pt"), str(models / "tiny_lm_decoder.pt")
    ]  # fmt: skip


def test_names_are_checked_before_the_first_download(cli: Run, card: ModelCard, site: Site) -> None:
    assert "did you mean vit_b_lm" in refused(cli("download", "tiny_lm", "vit_b_ml"))
    assert "no model is named" in refused(cli("download"))
    assert site.requests == []


def test_failed_download_is_one_line(cli: Run, card: ModelCard, site: Site) -> None:
    site.pages.clear()
    line = refused(cli("download", "tiny_lm"))
    for words in ("tiny_lm.pt", f"{site.address}/w (404", "napari-sam models import tiny_lm.pt"):
        assert words in line


def test_bar_in_bytes(
    card: ModelCard, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert run(["models", "download", "tiny_lm"]) == 0
    assert "tiny_lm.pt" in capsys.readouterr().err


# ---------------------------------------------------------------- micro-sam's own cache


def test_weights_of_micro_sam_are_used_where_they_are(
    cli: Run, card: ModelCard, tmp_path: Path, models: Path, site: Site
) -> None:
    theirs = tmp_path / "micro-sam" / "models"
    theirs.mkdir(parents=True)
    (theirs / "tiny_lm").write_bytes(WEIGHTS)
    (theirs / "tiny_lm_decoder").write_bytes(DECODER)
    before = sorted((path, path.stat().st_mtime_ns) for path in theirs.rglob("*"))
    succeed(cli("download", "tiny_lm"))
    stored = ModelStore().get("tiny_lm")
    assert (stored.weights, stored.decoder) == (theirs / "tiny_lm", theirs / "tiny_lm_decoder")
    assert listed(cli, "tiny_lm")["on_disk"] == "micro-sam"
    assert sorted((path, path.stat().st_mtime_ns) for path in theirs.rglob("*")) == before
    assert site.requests == []
    assert not (models / "tiny_lm.pt").exists()


def test_older_version_of_micro_sam_is_not_taken_for_the_model(
    cli: Run, card: ModelCard, tmp_path: Path, models: Path, site: Site
) -> None:
    theirs = tmp_path / "micro-sam" / "models"
    theirs.mkdir(parents=True)
    (theirs / "tiny_lm").write_bytes(b"older version")
    (theirs / "tiny_lm_decoder").write_bytes(DECODER)
    succeed(cli("download", "tiny_lm"))
    stored = ModelStore().get("tiny_lm")
    assert (stored.weights, stored.decoder) == (models / "tiny_lm.pt", theirs / "tiny_lm_decoder")
    assert (theirs / "tiny_lm").read_bytes() == b"older version"
    assert [request.path for request in site.requests] == ["/w"]


# ---------------------------------------------------------------- import


def test_published_file_is_recognised_whatever_it_is_called(
    cli: Run, card: ModelCard, tmp_path: Path, models: Path, site: Site
) -> None:
    (tmp_path / "download(3)").write_bytes(WEIGHTS)
    (tmp_path / "vit_t_decoder.pt").write_bytes(DECODER)
    status, out, error = cli("import", tmp_path / "download(3)")
    assert (status, out) == (0, "tiny_lm\n")
    assert "another file, which is not here yet" in error
    assert succeed(cli("import", tmp_path / "vit_t_decoder.pt")) == "tiny_lm  (micro-sam)\n"
    assert ModelStore().get("tiny_lm").decoder == models / "tiny_lm_decoder.pt"
    assert (tmp_path / "download(3)").read_bytes() == WEIGHTS
    assert site.requests == []


def test_published_files_together(cli: Run, card: ModelCard, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(WEIGHTS)
    (tmp_path / "b").write_bytes(DECODER)
    arguments = ("import", tmp_path / "a", "--decoder", tmp_path / "b", "--as", "tiny_lm")
    summary = json.loads(succeed(cli(*arguments, "--json")))
    assert (summary["name"], summary["on_disk"]) == ("tiny_lm", "downloaded")


def test_damaged_file_of_ours_is_said_and_healed_by_import(
    cli: Run, card: ModelCard, tmp_path: Path, models: Path
) -> None:
    succeed(cli("download", "tiny_lm"))
    (models / "tiny_lm.pt").write_bytes(WEIGHTS[:-1])
    with pytest.raises(ModelError, match=r"tiny_lm is damaged \(tiny_lm.pt\)"):
        ModelStore().get("tiny_lm")
    (tmp_path / "good").write_bytes(WEIGHTS)
    succeed(cli("import", tmp_path / "good"))
    assert ModelStore().get("tiny_lm").weights == models / "tiny_lm.pt"


def test_own_model_is_imported_and_loads_by_name(cli: Run, own: Path, models: Path) -> None:
    from napari_sam.weights.load import load_model, weights_hash

    assert succeed(cli("import", own)) == "mine  (cells)\n"
    assert listed(cli, "mine")["on_disk"] == "imported"
    record = json.loads((models / "imported" / "mine" / "model.json").read_text())
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    assert record["files"] == [
        {"name": "weights.safetensors", "original": "mine.safetensors", "hash": f"sha256:{digest}"}
    ]
    assert weights_hash(load_model("mine")) == weights_hash(load_model(own))
    assert own.exists()


def test_import_under_another_name_and_replacing(cli: Run, own: Path) -> None:
    succeed(cli("import", own, "--as", "ours-v2"))
    first = ModelStore().get("ours-v2").weights.read_bytes()
    assert "imported before" in refused(cli("import", own, "--as", "ours-v2"))
    assert ModelStore().get("ours-v2").weights.read_bytes() == first
    succeed(cli("import", own, "--as", "ours-v2", "--overwrite"))
    folder = ModelStore().get("ours-v2").weights.parent
    assert [path.name for path in folder.parent.iterdir()] == ["ours-v2"]


def test_fine_tuned_checkpoint_with_its_decoder(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, Path | None]] = []

    def read(path: Path, decoder: Path | None, name: str) -> SimpleNamespace:
        asked.append((path, decoder))
        trunk = VitConfig(768, 12, 12, 14, (2, 5, 8, 11), relative_positions=True)
        return SimpleNamespace(config=ModelConfig("vit_b", trunk, instance_decoder="bilinear"))

    monkeypatch.setattr("napari_sam.weights.load.read_model", read)
    (tmp_path / "best.pt").write_bytes(b"model")
    (tmp_path / "best_decoder.pt").write_bytes(b"its decoder")
    arguments = ("import", tmp_path / "best.pt", "--as", "mine", "--decoder")
    succeed(cli(*arguments, tmp_path / "best_decoder.pt"))
    assert asked == [(tmp_path / "best.pt", tmp_path / "best_decoder.pt")]
    stored = ModelStore().get("mine")
    assert stored.family == "micro-sam"
    assert stored.weights.read_bytes() == b"model"
    assert stored.decoder is not None
    assert stored.decoder.read_bytes() == b"its decoder"


def test_another_file_does_not_take_the_name_of_a_published_model(
    cli: Run, own: Path, tmp_path: Path, models: Path
) -> None:
    line = refused(cli("import", own, "--as", "vit_b"))
    assert "not the file that is published as vit_b" in line
    assert "--as my-vit_b" in line
    fake = own.rename(tmp_path / "sam_vit_b_01ec64.pth")
    assert "--as my-vit_b" in refused(cli("import", fake))
    assert not models.exists()


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "", "a b", "x" * 65, "con."])
def test_names_that_are_none(cli: Run, own: Path, name: str) -> None:
    assert "cannot be the name" in refused(cli("import", own, "--as", name))


def test_nothing_is_kept_of_a_file_that_cannot_be_used(
    cli: Run, tmp_path: Path, models: Path
) -> None:
    page = tmp_path / "weights.pth"
    page.write_bytes(b"<html>Sign in</html>")
    assert "web page" in refused(cli("import", page))
    torch.save({"state": {"a": torch.ones(3)}}, page)
    assert "no tensors by name" in refused(cli("import", page))
    torch.save({"a": torch.ones(3)}, page)
    assert "no model that napari-sam knows" in refused(cli("import", page))
    assert "cannot be read" in refused(cli("import", tmp_path / "none.pt"))
    assert not models.exists()


def test_import_into_a_folder_that_cannot_be_written(
    cli: Run, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NAPARI_SAM_MODELS", str(tmp_path / "file"))
    line = refused(cli("import", own))
    assert "cannot be written" in line
    assert "NAPARI_SAM_MODELS" in line


def test_damaged_record_is_said_when_it_is_asked_for(cli: Run, own: Path, models: Path) -> None:
    succeed(cli("import", own))
    path = models / "imported" / "mine" / "model.json"
    whole = json.loads(path.read_text())
    (file,) = whole["files"]
    for record in (
        "{",
        [],
        whole | {"files": []},
        whole | {"files": None},
        whole | {"family": 3},
        whole | {"files": [file | {"name": "../../weights"}]},
        whole | {"files": [file | {"name": "weights\0"}]},
        whole | {"files": [file | {"hash": "md5:0"}]},
    ):
        path.write_text(record if isinstance(record, str) else json.dumps(record))
        assert "mine" not in succeed(cli("list"))
        with pytest.raises(ModelError, match="import mine again") as error:
            ModelStore().get("mine")
        assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize("content", ["", "[]", '{"size": "x"}', '{"size": 1e400}', "[" * 100_000])
def test_damaged_stamp_is_made_again(cli: Run, own: Path, models: Path, content: str) -> None:
    succeed(cli("import", own))
    (stamp,) = (models / ".checked").glob("mine.*.json")
    whole = json.loads(stamp.read_text())
    stamp.write_text(content)
    assert ModelStore().get("mine").name == "mine"
    assert json.loads(stamp.read_text()) == whole


def test_family_of_every_architecture() -> None:
    vit = VitConfig(192, 8, 6, 8, ())
    plain = ModelConfig("m", vit)
    hiera = HieraConfig(96, 1, (1, 2, 7, 2), (5, 7, 9))
    families = {
        "cells": plain,
        "sam1": replace(plain, trunk=replace(vit, relative_positions=True)),
        "mobile-sam": replace(plain, trunk=TinyVitConfig()),
        "micro-sam": replace(plain, trunk=TinyVitConfig(), instance_decoder="bilinear"),
        "sam2": replace(plain, trunk=hiera, memory=MemoryConfig()),
        "efficient-tam": replace(plain, memory=MemoryConfig()),
    }
    assert {family: family_of(config) for family, config in families.items()} == {
        family: family for family in families
    }


# ---------------------------------------------------------------- verify


def test_verify_reads_every_file(cli: Run, card: ModelCard, own: Path, models: Path) -> None:
    succeed(cli("download", "tiny_lm"))
    succeed(cli("import", own))
    lines = [line.split()[:2] for line in succeed(cli("verify")).splitlines()]
    assert lines == [["cells-tiny", "built"], ["tiny_lm", "ok"], ["tiny_lm", "ok"], ["mine", "ok"]]
    assert succeed(cli("verify", "mine")).split()[:2] == ["mine", "ok"]


def test_verify_sees_what_the_stamp_does_not(cli: Run, card: ModelCard, models: Path) -> None:
    succeed(cli("download", "tiny_lm"))
    state = (models / "tiny_lm.pt").stat()
    (models / "tiny_lm.pt").write_bytes(bytes(len(WEIGHTS)))
    os.utime(models / "tiny_lm.pt", ns=(state.st_atime_ns, state.st_mtime_ns))
    assert ModelStore().get("tiny_lm").weights  # same size and time: not hashed again
    line = refused(cli("verify"))
    assert str(models / "tiny_lm.pt") in line
    assert "tiny_lm_decoder.pt" not in line
    with pytest.raises(ModelError, match="damaged"):
        ModelStore().get("tiny_lm")  # from now on it is known
    succeed(cli("download", "tiny_lm"))
    succeed(cli("verify", "tiny_lm"))


def test_verify_of_what_is_not_here(cli: Run) -> None:
    assert "download vit_b" in refused(cli("verify", "cells-tiny", "vit_b"))
    assert "no model 'vit_bb'" in refused(cli("verify", "vit_bb"))


def test_damaged_import_is_not_loaded(cli: Run, own: Path) -> None:
    succeed(cli("import", own))
    stored = ModelStore().get("mine")
    stored.weights.write_bytes(b"other")
    assert "mine" in refused(cli("verify"))
    with pytest.raises(ModelError, match="import mine again"):
        ModelStore().get("mine")


# ---------------------------------------------------------------- models of other commands


@pytest.fixture
def loadable(site: Site, own: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """A published model that can be loaded, in the catalogue for the time of a test."""
    content = own.read_bytes()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    file = WeightsFile("tiny.safetensors", (site.add("/t", content),), digest, len(content))
    card = ModelCard("tiny", "cells", "tiny", "CC0", "For tests.", (file,))
    monkeypatch.setitem(catalogue.MODELS, card.name, card)
    monkeypatch.setitem(catalogue._BY_NAME, card.name, card)
    return card


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Noise, and a click on it."""
    np.save(tmp_path / "cells.npy", np.random.default_rng(0).integers(0, 255, (40, 48), np.uint8))
    (tmp_path / "clicks.csv").write_text("index,axis-0,axis-1\n0,20,20\n")
    return tmp_path / "cells.npy"


def arguments(command: str, image: Path, model: str) -> list[str]:
    folder = image.parent
    more = {
        "segment": ["-o", f"{folder}/labels.tif", "--points", f"{folder}/clicks.csv", "--no-cache"],
        "embed": ["--cache-dir", f"{folder}/cache"],
        "demo": ["-o", f"{folder}/demo"],
    }
    return [command, *([] if command == "demo" else [str(image)]), "--model", model, *more[command]]


@pytest.mark.parametrize("command", ["segment", "embed", "demo"])
def test_other_commands_download_their_model(
    command: str,
    loadable: ModelCard,
    image: Path,
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert run(arguments(command, image, "tiny")) == 0
    assert "tiny.safetensors:" in capsys.readouterr().err
    assert (models / "tiny.safetensors").is_file()


def test_no_bar_for_machines(
    loadable: ModelCard,
    image: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert run([*arguments("segment", image, "tiny"), "--json"]) == 0
    out, error = capsys.readouterr()
    assert "tiny.safetensors" not in error
    assert json.loads(out)["model"] == "tiny-random"


@pytest.mark.long
@pytest.mark.parametrize("command", ["segment", "embed", "demo"])
def test_without_a_network_one_line_says_what_to_do(
    command: str,
    image: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serve() as site:
        address = f"{site.address}/t"
    file = WeightsFile("tiny.safetensors", (address,), f"sha256:{'0' * 64}", 1000)
    card = ModelCard("tiny", "cells", "tiny", "CC0", "For tests.", (file,))
    monkeypatch.setitem(catalogue._BY_NAME, card.name, card)
    status = run(arguments(command, image, "tiny"))
    line = refused((status, *capsys.readouterr()))
    for words in ("tiny.safetensors", address, "napari-sam models import tiny.safetensors"):
        assert words in line


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to whole consoles only")
def test_ctrl_c_while_downloading_keeps_what_came(
    site: Site, loadable: ModelCard, image: Path, models: Path
) -> None:
    site.pages["/t"].drip = 0.05
    (url,), known, size = loadable.weights.urls, loadable.weights.hash, loadable.weights.bytes
    code = (
        "import sys; from napari_sam.weights import catalogue;"
        "from napari_sam.weights.card import ModelCard, WeightsFile;"
        f"file = WeightsFile('tiny.safetensors', ({url!r},), {known!r}, {size});"
        "card = ModelCard('tiny', 'cells', 'tiny', 'CC0', 'For tests.', (file,));"
        "catalogue._BY_NAME['tiny'] = card; from napari_sam.cli import main; main()"
    )
    command = [sys.executable, "-c", code, *arguments("segment", image, "tiny")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        partial = models / f".tiny.safetensors.{(known or '')[7:15]}.partial"
        while not (partial.exists() and partial.stat().st_size):
            assert running.poll() is None, running.communicate()
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        out, error = running.communicate(timeout=300)
    assert (running.returncode, out) == (130, "")
    assert error == "napari-sam: stopped by Ctrl-C\n"
    assert partial.stat().st_size
    assert not (image.parent / "labels.tif").exists()
