"""An application directory on its way into a ZIP archive."""

import errno
import io
import os
import zipfile

import pytest

from roboconf_core.cli.archives import archive_of, identity_of
from roboconf_core.errors import Code, InvalidRequestError


@pytest.fixture
def directory(tmp_path):
    top = tmp_path / "shop"
    for name, text in {
        "descriptor/application.properties": "name = Été\nversion = 1.2\n",
        "graph/Web/.htaccess": "deny",
        "graph/Web/scripts/start.sh": "#!/bin/sh\n",
        ".git/config": "secret",
        ".swp": "",
    }.items():
        file = top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return top


def names_in(archive):
    return zipfile.ZipFile(io.BytesIO(archive)).namelist()


def test_all_files_are_taken_but_what_is_hidden_at_the_top(directory):
    assert names_in(archive_of(directory)) == [
        "descriptor/application.properties",
        "graph/Web/.htaccess",
        "graph/Web/scripts/start.sh",
    ]


def test_links_are_followed_but_not_around_in_circles(directory, tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "lib.sh").write_text("")
    (directory / "graph" / "Web" / "shared").symlink_to(tmp_path / "shared")
    (directory / "graph" / "Web" / "again").symlink_to(directory / "graph")
    names = names_in(archive_of(directory))
    assert "graph/Web/shared/lib.sh" in names
    assert not [name for name in names if "again" in name]


def test_a_file_from_before_1980_is_no_hindrance(directory):
    os.utime(directory / "graph" / "Web" / "scripts" / "start.sh", (0, 0))
    assert "graph/Web/scripts/start.sh" in names_in(archive_of(directory))


def test_what_is_no_regular_file_is_left_out(directory):
    os.mkfifo(directory / "graph" / "pipe")
    assert "graph/pipe" not in names_in(archive_of(directory))


def test_what_cannot_be_read_is_a_problem_with_its_place(directory):
    (directory / "graph" / "Web" / "broken").symlink_to("nowhere")
    with pytest.raises(InvalidRequestError) as caught:
        archive_of(directory)
    (problem,) = caught.value.problems
    assert problem.code is Code.P_IO_ERROR
    assert problem.where.file.endswith("graph/Web/broken")


def test_a_directory_that_may_not_be_listed_is_a_problem_not_left_out(directory, monkeypatch):
    closed = directory / "graph" / "Web" / "scripts"
    scandir = os.scandir

    def refusing(path):
        if os.fspath(path) == str(closed):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(InvalidRequestError, match=f"{closed}: error P_IO_ERROR: cannot be read: Permission denied"):
        archive_of(directory)


def test_an_archive_is_taken_as_it_is(tmp_path):
    (tmp_path / "shop.zip").write_bytes(b"PK whatever")
    assert archive_of(tmp_path / "shop.zip") == b"PK whatever"


def test_name_and_version_are_read_from_the_archive(directory, tmp_path):
    assert identity_of(archive_of(directory)) == ("Ete", "1.2")
    assert identity_of(archive_of(tmp_path)) == ("Ete", "1.2"), "in a top directory"
    assert identity_of(archive_of(directory / "graph")) is None
    assert identity_of(b"no archive") is None
