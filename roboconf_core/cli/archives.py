"""An application on its way to the deployment manager: a ZIP archive, and what it is called inside."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from roboconf_core.errors import Code, InvalidRequestError, Problem, Where

_DESCRIPTOR = "descriptor/application.properties"


def archive_of(path: Path) -> bytes:
    """Return an application directory as a ZIP archive; an archive as it is.

    Hidden files and directories at the top (``.git``) do not belong to an application and are left out.

    Raises:
        InvalidRequestError: If something of it cannot be read.
    """
    try:
        return _zipped(path) if path.is_dir() else path.read_bytes()
    except OSError as error:
        where = Where(file=str(error.filename or path))
        problem = Problem(
            Code.P_IO_ERROR, f"cannot be read: {error.strerror or error}", where, "make it readable, or take it away"
        )
        raise InvalidRequestError(problems=[problem]) from error


def identity_of(archive: bytes) -> tuple[str, str] | None:
    """Return name and version of the application in an archive; None when it has no readable descriptor."""
    from roboconf_core.dsl.descriptor import read_descriptor

    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            name = min((name for name in files.namelist() if _is_descriptor(name)), key=len)
            descriptor, _ = read_descriptor(files.read(name).decode(), name)
    except (ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return None
    return (descriptor.name, descriptor.version) if descriptor else None


def _is_descriptor(name: str) -> bool:
    """Tell whether it is the descriptor, at the root of the archive or in a top directory."""
    return name == _DESCRIPTOR or name.partition("/")[2] == _DESCRIPTOR


def _zipped(directory: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for file in _files_below(directory, ()):
            archive.write(file, file.relative_to(directory))
    return buffer.getvalue()


def _files_below(directory: Path, above: tuple[tuple[int, int], ...]) -> Iterator[Path]:
    """Return all regular files in a stable order; links are followed, but not around in circles."""
    entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    for entry in entries:
        if not above and entry.name.startswith("."):
            continue
        found = Path(entry.path)
        status = found.stat()
        if stat.S_ISREG(status.st_mode):
            yield found
        elif stat.S_ISDIR(status.st_mode) and (status.st_dev, status.st_ino) not in above:
            yield from _files_below(found, (*above, (status.st_dev, status.st_ino)))
