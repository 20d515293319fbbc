"""Uploads are hostile until checked; a refused one leaves nothing behind."""

import io
import stat
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples

from roboconf_core.dm.archives import ArchiveLimits, extract_archive
from roboconf_core.errors import Code, InvalidModelError


@pytest.fixture
def into(tmp_path):
    directory = tmp_path / "into"
    directory.mkdir()
    return directory


def archive(tmp_path, *entries, compression=zipfile.ZIP_DEFLATED):
    """Make a ZIP file of (name or ZipInfo, content) pairs."""
    place = tmp_path / "upload.zip"
    with zipfile.ZipFile(place, "w", compression) as opened:
        for name, content in entries:
            opened.writestr(name, content)
    return place


def linked(name, target):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target


def refused(place, into, match, **limits):
    with pytest.raises(InvalidModelError, match=match) as caught:
        extract_archive(place, into, limits=ArchiveLimits(**limits))
    assert caught.value.problems[0].code is Code.DM_INVALID_ARCHIVE
    assert list(into.iterdir()) == []


def test_files_come_out_with_their_permissions(tmp_path, into):
    script = zipfile.ZipInfo("recipe/start.sh")
    script.external_attr = (stat.S_IFREG | 0o6775) << 16
    extract_archive(archive(tmp_path, (script, "#!/bin/sh"), ("a/b/c.txt", "text"), ("empty/", "")), into)
    assert (into / "recipe/start.sh").read_text() == "#!/bin/sh"
    assert stat.S_IMODE((into / "recipe/start.sh").stat().st_mode) == 0o755
    assert (into / "a/b/c.txt").read_text() == "text"
    assert (into / "empty").is_dir()


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/etc/evil", "a//b", "./a", "C:/evil", "a\\..\\evil", "a\nb", "..", "a/.."]
)
def test_a_name_that_leads_out_is_refused(tmp_path, into, name):
    refused(archive(tmp_path, ("fine.txt", "x"), (name, "x")), into, "name")
    assert not (tmp_path / "evil").exists()


def test_a_link_is_refused(tmp_path, into):
    refused(archive(tmp_path, linked("link", "/etc"), ("link/passwd", "x")), into, "links")


def test_a_special_file_is_refused(tmp_path, into):
    info = zipfile.ZipInfo("pipe")
    info.external_attr = (stat.S_IFIFO | 0o644) << 16
    refused(archive(tmp_path, (info, "")), into, "special")


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path, into):
    refused(archive(tmp_path, ("bomb", b"\0" * 20_000_000)), into, "far more", ratio=100)


def test_an_archive_that_announces_too_much_is_refused_unread(tmp_path, into):
    refused(archive(tmp_path, ("a", b"x" * 600), ("b", b"x" * 600)), into, "1200 bytes", total_bytes=1000)


def test_an_archive_that_lies_about_its_sizes_is_refused(tmp_path, into):
    place = archive(tmp_path, ("a", b"\0" * 5_000_000))
    content = place.read_bytes()
    place.write_bytes(content.replace(struct.pack("<L", 5_000_000), struct.pack("<L", 10)))
    refused(place, into, "ZIP|far more", total_bytes=100_000)


def test_too_many_entries_are_refused(tmp_path, into):
    refused(archive(tmp_path, *((f"f{n}", "") for n in range(11))), into, "11 entries", entries=10)


def test_one_large_file_is_refused(tmp_path, into):
    refused(archive(tmp_path, ("a", b"x" * 2000)), into, "far more", file_bytes=1000)


def test_a_deep_name_and_a_long_name_are_refused(tmp_path, into):
    refused(archive(tmp_path, ("/".join("d" * 33), "")), into, "too deep")
    refused(archive(tmp_path, ("x" * 256, "")), into, "too long")


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")  # it is what the test is about
def test_a_name_twice_is_refused(tmp_path, into):
    refused(archive(tmp_path, ("a", "1"), ("a", "2")), into, "twice")


def test_a_file_that_is_a_directory_too_is_refused(tmp_path, into):
    refused(archive(tmp_path, ("a", "1"), ("a/b", "2")), into, "both")
    refused(archive(tmp_path, ("a/b", "1"), ("a", "2")), into, "both")


def test_an_encrypted_entry_is_refused(tmp_path, into):
    place = archive(tmp_path, ("secret.txt", "x"))
    content = bytearray(place.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    place.write_bytes(content)
    refused(place, into, "encrypted")


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"PK\x03\x04 and nothing more"])
def test_what_is_no_archive_is_refused(tmp_path, into, content):
    place = tmp_path / "upload.zip"
    place.write_bytes(content)
    refused(place, into, "no usable ZIP")


def test_an_archive_whose_list_begins_before_it_is_refused(tmp_path, into):
    place = archive(tmp_path, ("a.txt", "x" * 500))
    content = bytearray(place.read_bytes())
    struct.pack_into("<L", content, content.index(b"PK\x05\x06") + 12, 0x7FFFFFFF)
    place.write_bytes(content)
    refused(place, into, "no usable ZIP")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_takes_memory_unseen_is_refused(tmp_path, into, method):
    refused(archive(tmp_path, ("a.txt", "x"), compression=method), into, "neither stored nor deflated")


def test_a_name_that_is_no_utf_8_is_refused_in_plain_words(tmp_path, into):
    place = archive(tmp_path, ("\u00e9.txt", "x"))
    place.write_bytes(place.read_bytes().replace("\u00e9".encode(), b"\xff\xfe"))
    refused(place, into, "a name in it is no UTF-8")


def test_too_many_directories_are_refused_although_they_are_only_parts_of_names(tmp_path, into):
    refused(archive(tmp_path, *((f"{n}/{n}/{n}/f", "") for n in range(5))), into, "16 directories", directories=15)


def test_a_path_that_is_too_long_is_refused(tmp_path, into):
    refused(archive(tmp_path, ("/".join(["x" * 250] * 5), "")), into, "too long")


def test_an_archive_that_is_larger_than_what_may_come_out_is_refused_unread(tmp_path, into):
    place = tmp_path / "upload.zip"
    place.write_bytes(b"x" * 2000)
    refused(place, into, "2000 bytes, more than 1000", total_bytes=1000)


def test_archives_in_an_archive_stay_as_they_are(tmp_path, into):
    inner = archive(tmp_path, ("bomb", b"\0" * 100_000)).read_bytes()
    extract_archive(archive(tmp_path, ("recipe/a.zip", inner)), into)
    assert (into / "recipe" / "a.zip").read_bytes() == inner


def with_large_sizes():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        with opened.open(zipfile.ZipInfo("d/a.txt"), "w", force_zip64=True) as file:
            file.write(b"hello" * 50)
        info = zipfile.ZipInfo("b")
        info.extra = struct.pack("<HHQQQ", 1, 24, 5, 5, 0)
        opened.writestr(info, "hello")
    return buffer.getvalue()


@given(changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=examples(200), deadline=None)
def test_whatever_is_damaged_is_borne(tmp_path_factory, changes):
    content = bytearray(with_large_sizes())
    for at, byte in changes:
        content[at % len(content)] = byte
    top = Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp()))
    (top / "upload.zip").write_bytes(content)
    (top / "into").mkdir()
    try:
        extract_archive(top / "upload.zip", top / "into")
    except InvalidModelError:
        assert list((top / "into").iterdir()) == []
    assert sorted(entry.name for entry in top.iterdir()) == ["into", "upload.zip"]


def test_a_damaged_archive_is_refused(tmp_path, into):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as opened:
        opened.writestr("a.txt", "the content of a file")
    place = tmp_path / "upload.zip"
    place.write_bytes(buffer.getvalue().replace(b"the content", b"THE CONTENT"))
    refused(place, into, "no usable ZIP")
