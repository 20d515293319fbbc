"""Bundles are addressed by their content, and always the same for the same files."""

import base64
import hashlib
import os
import tarfile

import pytest

from roboconf_core.dm.bundles import CHUNK_BYTES, BundleStore


@pytest.fixture
def bundles(tmp_path):
    directory = tmp_path / "bundles"
    directory.mkdir()
    return BundleStore(directory)


def recipe(directory, *, order=("scripts/start.sh", "a.txt")):
    for name in order:
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"content of {name}")
    (directory / "scripts/start.sh").chmod(0o755)
    (directory / "a.txt").chmod(0o640)
    (directory / "scripts").chmod(0o755)
    return directory


def archive_of(tmp_path, digest):
    return tmp_path / "bundles" / f"{digest.removeprefix('sha256:')}.tar.gz"


def test_the_same_files_make_the_same_bytes(bundles, tmp_path):
    first = recipe(tmp_path / "one")
    second = recipe(tmp_path / "two", order=("a.txt", "scripts/start.sh"))
    os.utime(second / "a.txt", (1, 1))
    digest = bundles.add(first)
    assert bundles.add(second) == digest
    assert digest == "sha256:" + hashlib.sha256(archive_of(tmp_path, digest).read_bytes()).hexdigest()
    assert [file.name for file in (tmp_path / "bundles").iterdir()] == [archive_of(tmp_path, digest).name]


def test_another_permission_makes_another_bundle(bundles, tmp_path):
    digest = bundles.add(recipe(tmp_path / "one"))
    (tmp_path / "one/a.txt").chmod(0o600)
    assert bundles.add(tmp_path / "one") != digest


def test_permissions_are_kept_and_owners_and_times_are_not(bundles, tmp_path):
    digest = bundles.add(recipe(tmp_path / "one"))
    with tarfile.open(archive_of(tmp_path, digest)) as archive:
        found = {info.name: (oct(info.mode), info.mtime, info.uid, info.uname) for info in archive}
    assert found == {
        "a.txt": ("0o640", 0, 0, ""),
        "scripts": ("0o755", 0, 0, ""),
        "scripts/start.sh": ("0o755", 0, 0, ""),
    }


def test_hidden_files_and_links_are_skipped(bundles, tmp_path):
    directory = recipe(tmp_path / "one")
    digest = bundles.add(directory)
    (directory / ".git").mkdir()
    (directory / ".git/config").write_text("secret")
    (directory / ".hidden").write_text("x")
    (directory / "passwd").symlink_to("/etc/passwd")
    assert bundles.add(directory) == digest


def test_chunks_make_the_bundle_again(bundles, tmp_path):
    directory = recipe(tmp_path / "one")
    (directory / "big").write_bytes(os.urandom(CHUNK_BYTES * 2 + 17))
    digest = bundles.add(directory)
    gathered = b""
    while True:
        chunk = bundles.chunk(digest, len(gathered))
        assert len(chunk.data) <= CHUNK_BYTES * 4 / 3 + 4
        gathered += base64.b64decode(chunk.data)
        if len(gathered) == chunk.size:
            break
    assert "sha256:" + hashlib.sha256(gathered).hexdigest() == digest
    assert bundles.chunk(digest, len(gathered) + 10).data == ""


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "sha256:../../etc/passwd", "", "sha256:" + "Z" * 64])
def test_an_unknown_bundle_has_size_zero(bundles, digest):
    assert (bundles.chunk(digest, 0).size, bundles.has(digest)) == (0, False)


def test_bundles_that_nothing_refers_to_are_removed(bundles, tmp_path):
    kept = bundles.add(recipe(tmp_path / "one"))
    (tmp_path / "one/a.txt").write_text("changed")
    gone = bundles.add(tmp_path / "one")
    (tmp_path / "bundles/.new-left-behind").write_text("")
    bundles.keep_only(frozenset({kept}))
    assert (bundles.has(kept), bundles.has(gone)) == (True, False)
    assert len(list((tmp_path / "bundles").iterdir())) == 1
