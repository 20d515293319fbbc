"""Safe extraction of uploaded ZIP files: hostile until checked."""

from __future__ import annotations

import errno
import shutil
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from roboconf_core.errors import Code, InvalidModelError, Problem, Where

_BLOCK_BYTES = 256 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What all programs that make archives can use; the others need much more memory than they announce."""
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, ValueError)
"""What reading an archive with wrong headers or contents ends in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """How much an archive may hold; whatever its headers say, the bytes that come out are counted."""

    entries: int = 10_000
    total_bytes: int = 512 * 1024 * 1024
    file_bytes: int = 256 * 1024 * 1024
    ratio: int = 200
    """Bytes that come out per byte of the archive, once more than ``ratio_from_bytes`` came out."""
    ratio_from_bytes: int = 1024 * 1024
    directories: int = 10_000
    """Those that are only parts of names included."""
    depth: int = 32
    name_bytes: int = 255
    """Of one part of a path."""
    path_bytes: int = 1024


def extract_archive(archive: Path, directory: Path, *, limits: ArchiveLimits | None = None) -> None:
    """Extract a ZIP file into an empty directory.

    Only plain files and directories come out, with the permissions of their owner (never
    set-user-id and the like). Nothing is left behind when the archive is refused.

    Raises:
        InvalidModelError: If it is no ZIP file, is damaged or encrypted, goes beyond a limit,
            or holds links, names twice, or names that lead out of the directory.
    """
    limits = limits or ArchiveLimits()
    try:
        size_bytes = archive.stat().st_size
        if size_bytes > limits.total_bytes:
            raise _refused(f"the archive has {size_bytes} bytes, more than {limits.total_bytes}")
        with zipfile.ZipFile(archive) as opened:
            members = _checked_members(opened, limits)
            _extract(opened, members, size_bytes, directory, limits)
    except InvalidModelError:
        _empty(directory)
        raise
    except _DAMAGED as error:
        _empty(directory)
        raise _damaged(error) from error
    except OSError as error:
        _empty(directory)
        if error.errno != errno.EINVAL:
            raise
        raise _damaged(error) from error  # its headers point before its beginning


def _damaged(error: Exception) -> InvalidModelError:
    reason = "a name in it is no UTF-8" if isinstance(error, UnicodeError) else str(error)
    return _refused(f"the upload is no usable ZIP file: {reason}", "send a ZIP of the application's directory")


def _checked_members(archive: zipfile.ZipFile, limits: ArchiveLimits) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    infos = archive.infolist()
    if len(infos) > limits.entries:
        raise _refused(f"the archive has {len(infos)} entries, more than {limits.entries}")
    if (total := sum(info.file_size for info in infos)) > limits.total_bytes:
        raise _refused(f"the archive's files have {total} bytes, more than {limits.total_bytes}")
    members = [(info, _checked_path(info, limits)) for info in infos]
    seen: set[PurePosixPath] = set()
    for info, path in members:
        if path in seen and not info.is_dir():
            raise _refused("the archive holds this name twice", file=info.filename)
        seen.add(path)
    directories = {parent for path in seen for parent in path.parents}
    if len(directories) > limits.directories:
        raise _refused(f"the archive has {len(directories)} directories, more than {limits.directories}")
    return members


def _checked_path(info: zipfile.ZipInfo, limits: ArchiveLimits) -> PurePosixPath:
    name = info.orig_filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused("links and special files are not accepted", "replace it by a plain file", file=name)
    if info.compress_type not in _METHODS:
        raise _refused("the entry is neither stored nor deflated", "use the usual compression", file=name)
    if info.flag_bits & 0x1:
        raise _refused("encrypted entries are not accepted", file=name)
    if "\\" in name or "\0" in name or any(ord(letter) < 32 for letter in name):
        raise _refused("a name holds a backslash or a control character", file=name.replace("\0", "?"))
    parts = name.rstrip("/").split("/")
    if name.startswith("/") or ":" in parts[0] or any(part in ("", ".", "..") for part in parts):
        raise _refused(
            "a name leads out of the archive", "use names relative to the application's directory", file=name
        )
    too_long = len(name.encode()) > limits.path_bytes or any(len(part.encode()) > limits.name_bytes for part in parts)
    if too_long or len(parts) > limits.depth:
        raise _refused("a name is too long or too deep", file=name)
    return PurePosixPath(*parts)


def _extract(
    archive: zipfile.ZipFile,
    members: list[tuple[zipfile.ZipInfo, PurePosixPath]],
    size_bytes: int,
    directory: Path,
    limits: ArchiveLimits,
) -> None:
    allowed = min(limits.total_bytes, max(limits.ratio_from_bytes, size_bytes * limits.ratio))
    for info, path in members:
        place = directory / path
        try:
            if info.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            allowed -= _extract_file(archive, info, place, min(allowed, limits.file_bytes))
        except (FileExistsError, NotADirectoryError) as error:
            raise _refused("a name is both a file and a directory", file=info.filename) from error


def _extract_file(archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: Path, allowed_bytes: int) -> int:
    written = 0
    with archive.open(info) as source, place.open("xb") as target:
        while block := source.read(_BLOCK_BYTES):
            written += len(block)
            if written > allowed_bytes:
                raise _refused("the archive unpacks to far more than it may", file=info.filename)
            target.write(block)
    place.chmod(stat.S_IMODE(info.external_attr >> 16) & 0o755 | 0o600)
    return written


def _refused(message: str, hint: str = "", *, file: str = "") -> InvalidModelError:
    where = Where(file=file) if file else None
    return InvalidModelError(problems=[Problem(Code.DM_INVALID_ARCHIVE, message, where, hint)])


def _empty(directory: Path) -> None:
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
