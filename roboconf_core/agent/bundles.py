"""Fetches recipes into a cache that is addressed by content, and unpacks them.

The agent asks for a bundle from an offset on and the deployment manager answers with one
chunk; the answer to it is the next request. What was received stays in a ``.part`` file, so
that a broken connection or a restart goes on where it was. A bundle is used only after its
digest was found right.
"""

from __future__ import annotations

import binascii
import hashlib
import logging
import os
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

from roboconf_core.agent.events import BundleArrived, BundleFailed
from roboconf_core.errors import Code, LifecycleError
from roboconf_core.messages.types import BundleChunk, BundleRequested

log = logging.getLogger(__name__)

MAX_BYTES = 1024 * 1024 * 1024
"""A bundle that claims to be longer is refused."""
PATIENCE_S = 5.0
"""Without an answer, a chunk is asked for again after this..."""
TRIES = 4
"""...and given up after so many times, each twice as patient as the one before."""

KEPT_S = 30 * 86400.0
"""A bundle that was not asked for since is removed when the agent starts."""

MAX_ENTRIES = 10_000
MAX_UNPACKED_BYTES = 2 * 1024 * 1024 * 1024
MAX_RATIO = 200
"""Unpacked bytes per packed byte, once more than 16 MiB came out."""

Told = Callable[[BundleArrived | BundleFailed], None]


class _Fetch:
    """One bundle on its way."""

    def __init__(self, part: Path, now: float) -> None:
        self.part = part
        self.offset = part.stat().st_size if part.exists() else 0
        self.tries = 0
        self.due = now
        self.verifying = False


class BundleCache:
    """The bundles of one agent. All methods but ``file`` belong to the runner's core thread."""

    def __init__(
        self,
        directory: Path,
        *,
        send: Callable[[BundleRequested], None],
        tell: Told,
        verify: Callable[[str, Path, Callable[[bool], None]], None],
    ) -> None:
        """Make the cache.

        Args:
            directory: Where the bundles are; made by the caller.
            send: Sends a request to the deployment manager.
            tell: Hears what arrived or failed.
            verify: Compares a file with its digest elsewhere, and calls back in the core thread.
        """
        self._directory = directory
        self._send = send
        self._tell = tell
        self._verify = verify
        self._fetches: dict[str, _Fetch] = {}
        self._verified: set[str] = set()
        self._connected = False

    def file(self, digest: str) -> Path:
        """Return where a bundle is, once it arrived.

        Raises:
            LifecycleError: If the digest has not the form ``sha256:<64 hexadecimal digits>``.
        """
        kind, _, name = digest.partition(":")
        if kind != "sha256" or len(name) != 64 or not set(name) <= set("0123456789abcdef"):
            raise LifecycleError(f"'{digest}' is no digest of a bundle", code=Code.AGENT_BUNDLE)
        return self._directory / f"{name}.tar.gz"

    def clean(self, wall: float) -> None:
        """Remove what nobody asked for in a long time; for any thread, before the first ``fetch``."""
        for path in self._directory.iterdir():
            if path.stat().st_mtime < wall - KEPT_S:
                path.unlink()

    def fetch(self, digest: str, now: float) -> None:
        """Bring a bundle into the cache, unless it is there or on its way; ``tell`` hears how that ended."""
        if digest in self._verified:
            self._tell(BundleArrived(digest))
        elif digest not in self._fetches:
            try:
                file = self.file(digest)
            except LifecycleError as error:
                self._tell(BundleFailed(digest, str(error)))
                return
            fetch = self._fetches[digest] = _Fetch(file.with_suffix(".part"), now)
            if file.exists():
                os.utime(file)
                self._check(digest, fetch, file)
            elif self._connected:
                self._request(digest, fetch, now)

    def connected(self, now: float) -> None:
        """Ask for what is missing: requests may have been lost with the last connection."""
        self._connected = True
        for digest, fetch in self._fetches.items():
            fetch.tries = 0
            self._request(digest, fetch, now)

    def disconnected(self) -> None:
        """Wait for the next connection."""
        self._connected = False

    def take(self, chunk: BundleChunk, now: float) -> None:
        """Take in a chunk; one that does not continue what is here is ignored."""
        fetch = self._fetches.get(chunk.digest)
        if fetch is None or fetch.verifying or (chunk.size > 0 and chunk.offset != fetch.offset):
            return
        if not 0 < chunk.size <= MAX_BYTES:
            reason = f"is too long ({chunk.size} bytes)" if chunk.size else "is not there"
            self._fail(chunk.digest, f"the bundle {reason} at the deployment manager")
            return
        self._append(chunk, fetch, now)

    def tick(self, now: float) -> None:
        """Ask again for chunks that did not come in time, or give up."""
        for digest, fetch in list(self._fetches.items()):
            if self._connected and not fetch.verifying and fetch.due <= now:
                if fetch.tries >= TRIES:
                    self._fail(digest, "the deployment manager does not send the bundle")
                else:
                    self._request(digest, fetch, now)

    def due(self) -> float | None:
        """Return when ``tick`` is to be called next, or None."""
        waiting = [fetch.due for fetch in self._fetches.values() if not fetch.verifying]
        return min(waiting) if waiting and self._connected else None

    def _request(self, digest: str, fetch: _Fetch, now: float) -> None:
        if not fetch.verifying:
            fetch.due = now + PATIENCE_S * 2**fetch.tries
            fetch.tries += 1
            self._send(BundleRequested(digest=digest, offset=fetch.offset))

    def _append(self, chunk: BundleChunk, fetch: _Fetch, now: float) -> None:
        try:
            data = binascii.a2b_base64(chunk.data, strict_mode=True)
        except ValueError as error:
            log.warning("a chunk of bundle %s is damaged: %s", chunk.digest, error)
            return
        try:
            with fetch.part.open("ab") as file:
                file.truncate(fetch.offset)
                file.write(data)
        except OSError as error:
            self._fail(chunk.digest, f"the bundle cannot be kept: {error.strerror}")
            return
        fetch.offset += len(data)
        fetch.tries = 0
        if fetch.offset >= chunk.size:
            self._check(chunk.digest, fetch, fetch.part)
        elif data:
            self._request(chunk.digest, fetch, now)

    def _check(self, digest: str, fetch: _Fetch, file: Path) -> None:
        fetch.verifying = True
        self._verify(digest.removeprefix("sha256:"), file, lambda right: self._checked(digest, file, right))

    def _checked(self, digest: str, file: Path, right: bool) -> None:
        if not right:
            file.unlink(missing_ok=True)
            self._fail(digest, "the bundle was damaged")
            return
        file.replace(self.file(digest))
        self._verified.add(digest)
        del self._fetches[digest]
        self._tell(BundleArrived(digest))

    def _fail(self, digest: str, reason: str) -> None:
        del self._fetches[digest]
        self._tell(BundleFailed(digest, reason))


def has_digest(file: Path, hexadecimal: str) -> bool:
    """Tell whether a file's SHA-256 is the given one."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == hexadecimal
    except OSError:
        log.warning("%s cannot be read", file, exc_info=True)
        return False


def unpack(bundle: Path, directory: Path) -> None:
    """Unpack a bundle into an empty directory; only plain files and directories, with their modes.

    Raises:
        LifecycleError: If the bundle is damaged, leads out of the directory, holds anything
            but files and directories, or is larger than a recipe may be.
        OSError: If the disk refuses.
    """
    allowed = max(16 * 1024 * 1024, min(MAX_UNPACKED_BYTES, bundle.stat().st_size * MAX_RATIO))
    try:
        with tarfile.open(bundle, "r|gz") as archive:
            for number, member in enumerate(archive, 1):
                allowed -= member.size
                if allowed < 0 or number > MAX_ENTRIES:
                    raise LifecycleError("the bundle is larger than a recipe may be", code=Code.AGENT_BUNDLE)
                _unpack_member(archive, member, directory)
    except (tarfile.TarError, EOFError, ValueError, binascii.Error) as error:
        raise LifecycleError(f"the bundle is damaged: {error}", code=Code.AGENT_BUNDLE) from error


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, directory: Path) -> None:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or "\0" in member.name:
        raise LifecycleError(f"'{member.name}' leads out of the recipe", code=Code.AGENT_BUNDLE)
    path = directory / name
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    content = archive.extractfile(member) if member.isreg() else None
    if content is None:
        raise LifecycleError(f"'{member.name}' is neither a file nor a directory", code=Code.AGENT_BUNDLE)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        _copy(content, file)
        os.fchmod(file.fileno(), member.mode & 0o755 | 0o600)


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    while block := source.read(256 * 1024):
        target.write(block)
