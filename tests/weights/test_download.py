"""Downloads from a server on loopback that breaks off, stalls, lies and is not there."""

import hashlib
import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xxhash

from napari_sam.errors import ModelError
from napari_sam.weights.card import ModelCard, WeightsFile
from napari_sam.weights.checksum import FOLDER, is_published
from napari_sam.weights.download import DownloadStep, download_file, download_model
from napari_sam.weights.store import ModelStore
from napari_sam.weights.transfer import Patience
from tests.weights.http_site import Site, serve

CONTENT = np.random.default_rng(7).bytes(700_000)
HASTE = Patience(timeout=0.5, attempts=3, pause=0.01)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        yield site


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def weights(*urls: str, content: bytes = CONTENT, exact: bool = True) -> WeightsFile:
    return WeightsFile("w.pt", urls, sha256(content), len(content), exact)


def fetch(file: WeightsFile, root: Path, patience: Patience = HASTE) -> list[DownloadStep]:
    return list(download_file(file, root, patience))


def refusal(file: WeightsFile, root: Path, patience: Patience = HASTE) -> str:
    with pytest.raises(ModelError) as error:
        fetch(file, root, patience)
    assert not (root / "w.pt").exists()
    assert "\n" not in str(error.value)
    return str(error.value)


def partials(root: Path) -> list[Path]:
    return sorted(root.glob(".*.partial"))


# ---------------------------------------------------------------- what arrives


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize("exact", [True, False])
def test_file_arrives_and_progress_is_told(
    site: Site, tmp_path: Path, exact: bool, length: bool
) -> None:
    url = site.add("/w.pt", CONTENT, length=length)
    steps = fetch(weights(url, exact=exact), tmp_path / "new" / "folder")
    assert (tmp_path / "new" / "folder" / "w.pt").read_bytes() == CONTENT
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert (done[0], steps[-1]) == (0, DownloadStep("w.pt", len(CONTENT), len(CONTENT)))
    if exact or length:
        assert {step.total for step in steps} == {len(CONTENT)}
    assert partials(tmp_path / "new" / "folder") == []


def test_xxh128_as_micro_sam_publishes_it(site: Site, tmp_path: Path) -> None:
    digest = f"xxh128:{xxhash.xxh128_hexdigest(CONTENT)}"
    fetch(WeightsFile("w.pt", (site.add("/a", CONTENT),), digest, 1, exact=False), tmp_path)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    wrong = WeightsFile("v.pt", (f"{site.address}/a",), f"xxh128:{'0' * 32}", 1, exact=False)
    with pytest.raises(ModelError, match="hash differs"):
        fetch(wrong, tmp_path)


def test_what_is_here_is_not_downloaded_again(site: Site, tmp_path: Path) -> None:
    file = weights(site.add("/w.pt", CONTENT))
    fetch(file, tmp_path)
    fetch(file, tmp_path)
    assert len(site.requests) == 1


def test_damaged_file_is_replaced(site: Site, tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(b"damaged")
    fetch(weights(site.add("/w.pt", CONTENT)), tmp_path)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT


def test_redirections_are_followed(site: Site, tmp_path: Path) -> None:
    target = site.add("/cdn", CONTENT, breaks=[300_000])
    url = site.add("/w.pt", status=302, location=target)
    fetch(weights(url), tmp_path)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert [r.range for r in site.requests if r.path == "/cdn"] == [None, "bytes=300000-"]


def test_model_with_a_decoder_is_two_files_and_only_the_missing_one_is_asked_for(
    site: Site, tmp_path: Path
) -> None:
    decoder = b"decoder" * 9
    files = (
        weights(site.add("/w.pt", CONTENT)),
        WeightsFile("d.pt", (site.add("/d.pt", decoder),), sha256(decoder), len(decoder)),
    )
    card = ModelCard("m", "micro-sam", "vit_b", "CC0", "", files)
    store = ModelStore(tmp_path / "ours", tmp_path / "micro-sam")
    fetch(files[0], store.root)
    names = {step.file for step in download_model(card, store, HASTE)}
    assert (store.root / "d.pt").read_bytes() == decoder
    assert names == {"d.pt"}
    assert list(download_model(card, store, HASTE)) == []


# ---------------------------------------------------------------- what breaks, and goes on


def test_broken_connection_goes_on_where_it_ended(site: Site, tmp_path: Path) -> None:
    url = site.add("/w.pt", CONTENT, breaks=[100_000, 350_000])
    fetch(weights(url), tmp_path)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert [r.range for r in site.requests] == [None, "bytes=100000-", "bytes=450000-"]
    assert sum(r.sent for r in site.requests) == len(CONTENT)


def test_cancelled_download_goes_on_next_time(site: Site, tmp_path: Path) -> None:
    file = weights(site.add("/w.pt", CONTENT))
    steps = download_file(file, tmp_path, HASTE)
    cancelled_at = next(step.done for step in steps if step.done > 0)
    steps.close()  # type: ignore[attr-defined]
    assert not (tmp_path / "w.pt").exists()
    assert [path.stat().st_size for path in partials(tmp_path)] == [cancelled_at]
    again = fetch(file, tmp_path)
    assert again[0].done == cancelled_at
    assert site.requests[-1].range == f"bytes={cancelled_at}-"
    assert site.requests[-1].sent == len(CONTENT) - cancelled_at


def test_server_without_ranges_starts_again(site: Site, tmp_path: Path) -> None:
    url = site.add("/w.pt", CONTENT, ranges=False, breaks=[300_000])
    fetch(weights(url), tmp_path)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert [r.sent for r in site.requests] == [300_000, len(CONTENT)]


def test_partial_of_another_file_is_given_up(site: Site, tmp_path: Path) -> None:
    file = weights(site.add("/w.pt", CONTENT))
    steps = download_file(file, tmp_path, HASTE)
    next(step for step in steps if step.done > 0)
    steps.close()  # type: ignore[attr-defined]
    (partial,) = partials(tmp_path)
    partial.write_bytes(b"x" * 200_000)
    fetch(file, tmp_path)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert [r.range for r in site.requests[1:]] == ["bytes=200000-", None]


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) + 5])
@pytest.mark.parametrize("exact", [True, False])
def test_partial_as_long_as_the_file_or_longer(
    site: Site, tmp_path: Path, size: int, exact: bool
) -> None:
    file = weights(site.add("/w.pt", CONTENT), exact=exact)
    digits = str(file.hash).removeprefix("sha256:")
    (tmp_path / f".w.pt.{digits[:8]}.partial").write_bytes((CONTENT + b"12345")[:size])
    fetch(file, tmp_path)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_server_is_asked_again_and_then_the_next(
    site: Site, tmp_path: Path, status: int
) -> None:
    urls = (site.add("/busy", status=status), site.add("/w.pt", CONTENT))
    fetch(weights(*urls), tmp_path)
    assert [r.path for r in site.requests] == ["/busy"] * HASTE.attempts + ["/w.pt"]


def test_mirror_goes_on_with_what_the_first_address_gave(site: Site, tmp_path: Path) -> None:
    first = site.add("/first", CONTENT, breaks=[400_000, 0, 0, 0])
    fetch(weights(first, site.add("/mirror", CONTENT)), tmp_path)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert site.requests[-1].path == "/mirror"
    assert site.requests[-1].range == "bytes=400000-"


def test_wrong_content_then_a_good_mirror(site: Site, tmp_path: Path) -> None:
    bad = bytes(len(CONTENT))
    fetch(weights(site.add("/bad", bad), site.add("/good", CONTENT)), tmp_path)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert site.requests[-1].range is None
    assert is_published(tmp_path / "w.pt", sha256(CONTENT), tmp_path)


# ---------------------------------------------------------------- what is refused


def test_wrong_content_is_deleted_and_said(site: Site, tmp_path: Path) -> None:
    line = refusal(weights(site.add("/w.pt", bytes(len(CONTENT)))), tmp_path)
    assert "hash differs" in line
    assert partials(tmp_path) == []


def test_line_names_file_address_and_the_manual_way(site: Site, tmp_path: Path) -> None:
    one, two = f"{site.address}/none", site.add("/gone", status=410)
    line = refusal(weights(one, two), tmp_path)
    for words in ("w.pt", f"{one} (404 Not Found)", f"{two} (410 Gone)"):
        assert words in line
    assert line.endswith("napari-sam models import w.pt")
    assert len(site.requests) == 2  # not asked again


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/w.pt"
        line = refusal(weights(url), tmp_path)
    assert url in line
    assert "refused" in line
    assert "napari-sam models import w.pt" in line


def test_no_such_host(tmp_path: Path) -> None:
    line = refusal(weights("http://nowhere.invalid/w.pt"), tmp_path)
    assert "http://nowhere.invalid/w.pt" in line


def test_web_page_instead_of_weights(site: Site, tmp_path: Path) -> None:
    page = b"<!DOCTYPE html><title>Sign in</title>"
    url = site.add("/w.pt", page, kind="text/html; charset=utf-8")
    assert "login" in refusal(weights(url), tmp_path)


def test_file_of_another_size_is_not_even_downloaded(site: Site, tmp_path: Path) -> None:
    url = site.add("/w.pt", CONTENT + b"more")
    assert "700004 bytes instead of 700000" in refusal(weights(url), tmp_path)


def test_endless_answer_is_cut(site: Site, tmp_path: Path) -> None:
    url = site.add("/w.pt", CONTENT * 3, length=False)
    assert "more than the 700000 bytes" in refusal(weights(url), tmp_path)


@pytest.mark.parametrize("after", [0, 200_000])
def test_silent_server_is_given_up(site: Site, tmp_path: Path, after: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        if after:
            url = site.add("/w.pt", CONTENT, silence=1.5)
        else:
            url = f"http://127.0.0.1:{mute.getsockname()[1]}/w.pt"
        hasty = Patience(timeout=0.2, attempts=2, pause=0.01)
        assert "no answer in time" in refusal(weights(url), tmp_path, hasty)


def test_dripping_server_is_left_for_the_mirror(site: Site, tmp_path: Path) -> None:
    slow = site.add("/slow", CONTENT, drip=0.25)
    hasty = Patience(timeout=0.4, attempts=1, pause=0.01)
    fetch(weights(slow, site.add("/w.pt", CONTENT)), tmp_path, hasty)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert site.requests[-1].path == "/w.pt"


def test_encrypted_address_does_not_lead_to_an_open_one() -> None:
    from email.message import Message
    from urllib.request import Request

    from napari_sam.weights import transfer

    follow = transfer._Redirect().redirect_request
    secure = Request("https://a.example/w.pt")
    with pytest.raises(transfer.RefusedError, match="without encryption"):
        follow(secure, None, 302, "Found", Message(), "http://a.example/w.pt")  # type: ignore[arg-type]
    onwards = follow(secure, None, 302, "Found", Message(), "https://cdn.example/w.pt")  # type: ignore[arg-type]
    assert onwards is not None


# ---------------------------------------------------------------- where it is written


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is full")
def test_full_disk(site: Site, tmp_path: Path) -> None:
    file = weights(site.add("/w.pt", CONTENT))
    digits = str(file.hash).removeprefix("sha256:")
    (tmp_path / f".w.pt.{digits[:8]}.partial").symlink_to("/dev/full")
    line = refusal(file, tmp_path)
    assert "No space left" in line
    assert "NAPARI_SAM_MODELS" in line
    assert len(site.requests) == 1  # no mirror helps


def test_room_is_asked_for_before_the_download(site: Site, tmp_path: Path) -> None:
    size = 10**16
    file = WeightsFile("w.pt", (site.add("/w.pt", CONTENT, length=False),), "sha256:0", size)
    assert "10000000000 MB more are needed" in refusal(file, tmp_path)


def test_folder_that_cannot_be_written(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    places = [tmp_path / "file" / "models"]
    if sys.platform == "linux":
        places.append(Path("/sys/models"))  # nobody makes folders there, root included
    for place in places:
        line = refusal(weights(site.add("/w.pt", CONTENT)), place)
        assert str(place) in line
        assert "cannot be written" in line
        assert "NAPARI_SAM_MODELS" in line
    assert site.requests == []


def test_read_only_folder_still_gives_its_models(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = weights(site.add("/w.pt", CONTENT))
    (tmp_path / "w.pt").write_bytes(CONTENT)
    (tmp_path / FOLDER).write_text("no stamp can be written")
    card = ModelCard("m", "sam1", "vit_b", "CC0", "", (file,))
    assert ModelStore(tmp_path, tmp_path / "none").has(card, file) == tmp_path / "w.pt"


def _download(url: str, root: Path, barrier: "multiprocessing.synchronize.Barrier") -> None:
    barrier.wait(60)
    for _ in download_file(weights(url), root, Patience(5, 3, 0.01)):
        pass


def test_two_processes_download_once(site: Site, tmp_path: Path) -> None:
    url = site.add("/w.pt", CONTENT, drip=0.001)
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(3)
    both = [spawn.Process(target=_download, args=(url, tmp_path, barrier)) for _ in range(2)]
    for process in both:
        process.start()
    barrier.wait(60)
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert len(site.requests) == 1


def test_second_download_shows_what_the_first_has(site: Site, tmp_path: Path) -> None:
    file = weights(site.add("/w.pt", CONTENT))
    first = download_file(file, tmp_path, HASTE)
    reached = next(step.done for step in first if step.done > 0)
    second = download_file(file, tmp_path, HASTE)
    assert next(second).done >= reached
    first.close()  # type: ignore[attr-defined]  # the second takes over
    for _ in second:
        pass
    assert (tmp_path / "w.pt").read_bytes() == CONTENT


# ---------------------------------------------------------------- verified once


def test_stamp_saves_the_hash_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(CONTENT)
    assert is_published(path, sha256(CONTENT), tmp_path)
    counted: list[str] = []

    def count(file: Path, algorithm: str) -> str:
        counted.append(algorithm)
        return sha256(file.read_bytes())

    monkeypatch.setattr("napari_sam.weights.checksum.file_hash", count)
    assert is_published(path, sha256(CONTENT), tmp_path)
    assert counted == []
    assert is_published(path, sha256(CONTENT), tmp_path, fresh=True)
    assert counted == ["sha256"]
    time.sleep(0.02)
    path.write_bytes(CONTENT[::-1])
    assert not is_published(path, sha256(CONTENT), tmp_path)


@pytest.mark.parametrize("junk", ["", "{}", "[]", '{"hash": 3}', "\x00"])
def test_damaged_stamp_is_no_stamp(tmp_path: Path, junk: str) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(b"other")
    is_published(path, sha256(b"other"), tmp_path)
    (place,) = (tmp_path / FOLDER).iterdir()
    place.write_text(junk)
    assert is_published(path, sha256(b"other"), tmp_path)
    assert not is_published(path, sha256(CONTENT), tmp_path)
