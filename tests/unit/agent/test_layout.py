from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from roboconf_core.agent.layout import Layout, escape, remove


@given(st.text(max_size=400), st.text(max_size=400))
def test_names_never_clash_and_stay_in_their_directory(one, other):
    assert (escape(one) == escape(other)) == (one == other)
    name = escape(one)
    assert "/" not in name
    assert "\0" not in name
    assert name not in ("", ".", "..")
    assert len(name.encode()) <= 200


def test_names_that_clash_in_the_original_have_directories_of_their_own(tmp_path):
    layout = Layout(tmp_path)
    paths = ["/a/b", "/a_b", "/a b", "/a%2Fb", "/../b", "/" + "long" * 100, "/" + "long" * 101]
    assert len({layout.instance("bash", path) for path in paths}) == len(paths)
    assert layout.instance("bash", "/a/b") == tmp_path / "work" / "bash" / "a%2Fb"
    assert layout.instance("Bash", "/a/b") == layout.instance("bash", "/a/b")


def test_others_may_look_into_working_directories_only(tmp_path):
    layout = Layout(tmp_path / "agent")
    layout.make()
    layout.make()
    modes = {path.name: path.stat().st_mode & 0o077 for path in layout.directory.iterdir()}
    assert {name for name, mode in modes.items() if mode == 0} == {"state", "output", "cache", "trash"}
    assert modes["work"] != 0
    assert modes["run"] != 0


def test_removing_does_not_follow_links(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    victim = tmp_path / "victim"
    (victim / "deep").mkdir(parents=True)
    (victim / "deep" / "link").symlink_to(tmp_path / "kept")
    (victim / "dangling").symlink_to("nowhere")
    remove(victim)
    assert not victim.exists()
    assert (tmp_path / "kept" / "file").exists()


def test_discarding_frees_the_place_at_once(tmp_path):
    layout = Layout(tmp_path / "agent")
    layout.make()
    place = layout.instance("bash", "/a")
    place.mkdir(parents=True)
    moved = layout.discard(place)
    assert moved is not None
    assert not place.exists()
    assert layout.discard(place) is None
