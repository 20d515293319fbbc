from __future__ import annotations

import base64
import hashlib
import io
import os
import tarfile

import pytest

from roboconf_core.agent import bundles
from roboconf_core.agent.bundles import BundleCache, has_digest, unpack
from roboconf_core.agent.events import BundleArrived, BundleFailed
from roboconf_core.errors import LifecycleError
from roboconf_core.messages.types import BundleChunk

DATA = os.urandom(10_000)
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()


class Agent:
    """A cache with what it asked for and told, and a deployment manager that answers."""

    def __init__(self, directory):
        self.requests, self.told = [], []
        self.cache = BundleCache(
            directory,
            send=self.requests.append,
            tell=self.told.append,
            verify=lambda digest, file, told: told(has_digest(file, digest)),
        )
        self.cache.connected(0.0)

    def answer(self, data=DATA, size=4096, now=1.0):
        request = self.requests.pop(0)
        part = base64.b64encode(data[request.offset : request.offset + size]).decode()
        chunk = BundleChunk(digest=request.digest, offset=request.offset, size=len(data), data=part)
        self.cache.take(chunk, now)
        return chunk


@pytest.fixture
def agent(tmp_path):
    return Agent(tmp_path)


def test_bundle_is_asked_for_chunk_by_chunk_and_arrives_once(agent):
    agent.cache.fetch(DIGEST, 0.0)
    agent.cache.fetch(DIGEST, 0.0)
    for _ in range(3):
        assert agent.told == []
        agent.answer()
    assert agent.told == [BundleArrived(DIGEST)]
    assert agent.requests == []
    assert agent.cache.file(DIGEST).read_bytes() == DATA
    assert agent.cache.due() is None


def test_bundle_that_is_in_the_cache_is_not_asked_for(agent, tmp_path):
    agent.cache.file(DIGEST).write_bytes(DATA)
    agent.cache.fetch(DIGEST, 0.0)
    agent.cache.fetch(DIGEST, 0.0)
    assert agent.told == [BundleArrived(DIGEST)] * 2
    assert agent.requests == []


def test_damaged_file_in_the_cache_is_never_used(agent):
    agent.cache.file(DIGEST).write_bytes(DATA[:-1])
    agent.cache.fetch(DIGEST, 0.0)
    assert agent.told == [BundleFailed(DIGEST, "the bundle was damaged")]
    agent.cache.fetch(DIGEST, 1.0)
    for _ in range(3):
        agent.answer()
    assert agent.told[1:] == [BundleArrived(DIGEST)]


def test_repeated_late_and_strange_chunks_change_nothing(agent):
    agent.cache.fetch(DIGEST, 0.0)
    first = agent.answer()
    agent.cache.take(first, 1.0)
    agent.cache.take(BundleChunk(digest=DIGEST, offset=8192, size=len(DATA), data="AAAA"), 1.0)
    agent.cache.take(BundleChunk(digest="sha256:" + "0" * 64, offset=0, size=1, data="AAAA"), 1.0)
    agent.answer()
    agent.answer()
    agent.cache.take(first, 1.0)
    assert agent.told == [BundleArrived(DIGEST)]


def test_restarted_agent_goes_on_where_it_was(agent, tmp_path):
    agent.cache.fetch(DIGEST, 0.0)
    agent.answer()
    again = Agent(tmp_path)
    again.cache.fetch(DIGEST, 0.0)
    assert again.requests[0].offset == 4096
    again.answer()
    again.answer()
    assert again.told == [BundleArrived(DIGEST)]


def test_reconnection_asks_again(agent):
    agent.cache.fetch(DIGEST, 0.0)
    agent.cache.disconnected()
    assert agent.cache.due() is None
    agent.cache.connected(100.0)
    assert [request.offset for request in agent.requests] == [0, 0]


def test_silent_manager_is_asked_again_and_given_up_then(agent):
    agent.cache.fetch(DIGEST, 0.0)
    times = []
    while not agent.told:
        times.append(agent.cache.due())
        agent.cache.tick(times[-1] - 0.01)
        agent.cache.tick(times[-1])
    assert times == [5.0, 15.0, 35.0, 75.0]
    assert len(agent.requests) == 4
    assert agent.told == [BundleFailed(DIGEST, "the deployment manager does not send the bundle")]


def test_unknown_bundle_fails(agent):
    agent.cache.fetch(DIGEST, 0.0)
    agent.cache.take(BundleChunk(digest=DIGEST, offset=0, size=0, data=""), 1.0)
    assert agent.told == [BundleFailed(DIGEST, "the bundle is not there at the deployment manager")]


def test_bundle_with_other_content_is_refused(agent):
    agent.cache.fetch(DIGEST, 0.0)
    agent.answer(b"x" * 100)
    assert agent.told == [BundleFailed(DIGEST, "the bundle was damaged")]
    assert not agent.cache.file(DIGEST).exists()


def test_bundle_that_claims_to_be_huge_is_refused(agent):
    agent.cache.fetch(DIGEST, 0.0)
    agent.cache.take(BundleChunk(digest=DIGEST, offset=0, size=2**40, data="AAAA"), 1.0)
    assert "too long" in agent.told[0].reason


@pytest.mark.parametrize("digest", ["", "sha256:../../x", "md5:" + "0" * 64, "sha256:" + "g" * 64])
def test_digest_that_could_be_a_path_is_refused(agent, digest):
    agent.cache.fetch(digest, 0.0)
    assert isinstance(agent.told[0], BundleFailed)
    with pytest.raises(LifecycleError, match="no digest"):
        agent.cache.file(digest)


def test_bundles_that_nobody_asks_for_are_removed_after_a_month(agent, tmp_path):
    agent.cache.file(DIGEST).write_bytes(DATA)
    for name in ("old.tar.gz", "half.part"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 1000.0))
    os.utime(agent.cache.file(DIGEST), (0, 1000.0))
    agent.cache.fetch(DIGEST, 0.0)
    agent.cache.clean(1001.0 + bundles.KEPT_S)
    assert list(tmp_path.iterdir()) == [agent.cache.file(DIGEST)]


def packed(tmp_path, *members):
    """Return a bundle of (name or TarInfo, content) pairs."""
    path = tmp_path / "bundle.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(content or b"")
            archive.addfile(info, io.BytesIO(content) if content is not None else None)
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_unpacking_keeps_content_and_the_right_to_execute(tmp_path):
    script = tarfile.TarInfo("scripts/start.sh")
    script.mode = 0o4777
    plain = tarfile.TarInfo("a b/ü.txt")
    plain.mode = 0o644
    target = tmp_path / "out"
    target.mkdir()
    unpack(packed(tmp_path, (special("a b", tarfile.DIRTYPE), None), (script, b"#!"), (plain, b"x" * 70000)), target)
    assert (target / "a b" / "ü.txt").read_bytes() == b"x" * 70000
    assert (target / "scripts" / "start.sh").stat().st_mode & 0o7777 == 0o755
    assert (target / "a b" / "ü.txt").stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize(
    "member",
    [
        "/etc/evil",
        "../evil",
        "a/../../evil",
        special("link", tarfile.SYMTYPE, "/etc/passwd"),
        special("link", tarfile.LNKTYPE, "x"),
        special("fifo", tarfile.FIFOTYPE),
        special("device", tarfile.CHRTYPE),
    ],
)
def test_unpacking_refuses_what_leads_out_or_is_no_file(tmp_path, member):
    target = tmp_path / "out" / "deep"
    target.mkdir(parents=True)
    content = b"x" if isinstance(member, str) else None
    with pytest.raises(LifecycleError, match=r"leads out|neither a file"):
        unpack(packed(tmp_path, (member, content)), target)
    assert list(target.iterdir()) == []
    assert sorted(tmp_path.iterdir()) == [tmp_path / "bundle.tar.gz", tmp_path / "out"]


def test_unpacking_refuses_bombs(tmp_path, monkeypatch):
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(LifecycleError, match="larger"):
        unpack(packed(tmp_path, ("big", bytes(60 * 1024 * 1024))), target)
    monkeypatch.setattr(bundles, "MAX_ENTRIES", 3)
    with pytest.raises(LifecycleError, match="larger"):
        unpack(packed(tmp_path, *((f"f{n}", b"") for n in range(4))), target)


def test_unpacking_reports_damage(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    path = packed(tmp_path, ("a", os.urandom(50_000)))
    content = path.read_bytes()
    for damaged in (b"no archive", b"", content[:20_000], content[:100] + b"\0" * 50 + content[150:]):
        path.write_bytes(damaged)
        with pytest.raises(LifecycleError, match="damaged"):
            unpack(path, target)
        for file in target.iterdir():
            file.unlink()
