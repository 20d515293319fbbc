"""From an uploaded archive to a template with its recipes bundled, and back after a restart."""

import io
import tarfile
from zipfile import ZipFile

import pytest
from managers import FILES, zipped

from roboconf_core.dm.bundles import BundleStore
from roboconf_core.dm.templates import TemplateStore, check_target, content_digest
from roboconf_core.errors import Code, InvalidModelError
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.model.application import TargetDefinition


@pytest.fixture
def plugins():
    return load_plugins(entry_points=False)


@pytest.fixture
def store(tmp_path, plugins):
    for name in ("templates", "bundles"):
        (tmp_path / name).mkdir()
    return TemplateStore(tmp_path / "templates", bundles=BundleStore(tmp_path / "bundles"), plugins=plugins)


def prepared(store, tmp_path, content=None):
    archive = tmp_path / "upload.zip"
    archive.write_bytes(zipped() if content is None else content)
    return store.prepare(archive)


def names_in(tmp_path, digest):
    with tarfile.open(tmp_path / "bundles" / f"{digest.removeprefix('sha256:')}.tar.gz") as archive:
        return sorted(archive.getnames())


def test_an_upload_becomes_a_template_with_one_bundle_per_recipe(store, tmp_path):
    found = prepared(store, tmp_path)
    assert found.template.key == "Lamp - 1.0"
    assert set(found.template.bundles) == {"Db", "Web"}
    assert names_in(tmp_path, found.template.bundles["Web"]) == ["scripts", "scripts/start.sh"]
    assert [entry.name for entry in (tmp_path / "templates").iterdir()] == [found.content]


def test_what_belongs_to_targets_is_never_sent_to_agents(store, tmp_path):
    content = zipped({"graph/VM/target.properties": FILES["graph/VM/target.properties"] + "flavor = s3cret\n"})
    prepared(store, tmp_path, content)
    for bundle in (tmp_path / "bundles").iterdir():
        with tarfile.open(bundle) as archive:
            assert not any("target.properties" in name for name in archive.getnames())


def test_the_directory_itself_may_be_the_root_of_the_archive(store, tmp_path):
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    assert prepared(store, tmp_path, buffer.getvalue()).template.key == "Lamp - 1.0"


def test_a_kept_template_is_the_same_after_a_restart(store, tmp_path):
    found = prepared(store, tmp_path)
    assert store.load(found.content, dict(found.template.bundles)) == found.template


def test_lost_bundles_are_made_again_after_a_restart(store, tmp_path):
    found = prepared(store, tmp_path)
    for bundle in (tmp_path / "bundles").iterdir():
        bundle.unlink()
    assert store.load(found.content, dict(found.template.bundles)).bundles == found.template.bundles
    assert len(list((tmp_path / "bundles").iterdir())) == 2


def test_lost_files_of_a_template_are_a_problem(store):
    with pytest.raises(InvalidModelError):
        store.load("0" * 64, {})


def test_all_problems_are_told_with_places_relative_to_the_application(store, tmp_path):
    graph = "VM {\n\tinstaller: target;\n\tchildren: Nothing;\n}\nDb {\n\tinstaller: bash;\n\tchildren: Void;\n}\n"
    with pytest.raises(InvalidModelError) as caught:
        prepared(store, tmp_path, zipped({"graph/main.graph": graph}))
    files = {problem.where.file for problem in caught.value.problems if problem.where and problem.where.line}
    assert "graph/main.graph" in files
    assert not any(str(tmp_path) in str(problem) for problem in caught.value.problems)
    assert list((tmp_path / "templates").iterdir()) == []


def test_plugins_that_will_be_missing_are_warned_about(store, tmp_path, monkeypatch):
    monkeypatch.setattr("roboconf_core.hooks.manager._is_installed", lambda distribution: False)
    found = [problem for problem in prepared(store, tmp_path).warnings if problem.code is Code.PLUGIN_MISSING]
    assert [problem.hint for problem in found] == ["pip install roboconf-bash", "pip install roboconf-scripted"]


def test_files_of_templates_that_are_gone_are_removed(store, tmp_path):
    kept = prepared(store, tmp_path)
    prepared(store, tmp_path, zipped({"graph/Web/scripts/start.sh": "changed"}))
    (tmp_path / "templates/.new-left-behind").mkdir()
    store.keep_only(frozenset({kept.content}))
    assert [entry.name for entry in (tmp_path / "templates").iterdir()] == [kept.content]


def test_the_content_decides_over_the_digest_and_times_do_not(tmp_path):
    for name, text in (("one", "a"), ("two", "a"), ("three", "b")):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub/file").write_text(text)
    one, two, three = (content_digest(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two != three


def test_a_target_of_an_unknown_handler_is_told_with_what_to_install(plugins):
    (problem,) = check_target(TargetDefinition(id="t", handler="iaas-ec2"), plugins)
    assert problem.hint == "pip install roboconf-aws"
