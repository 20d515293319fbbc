"""Application templates: from an uploaded archive to a loaded template with its recipes bundled."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from roboconf_core.dm.archives import ArchiveLimits, extract_archive
from roboconf_core.dm.bundles import BundleStore
from roboconf_core.dm.home import sync_directory
from roboconf_core.dsl.loader import LoadedApplication, application_root, load_application
from roboconf_core.errors import Code, InvalidModelError, PluginError, Problem, has_errors
from roboconf_core.hooks.manager import Plugins
from roboconf_core.model.application import ApplicationTemplate, TargetDefinition
from roboconf_core.model.graph import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedTemplate:
    """A template that is ready to be added to the core."""

    template: ApplicationTemplate
    content: str
    """Digest of all its files: the name of its directory."""
    warnings: tuple[Problem, ...] = ()


class TemplateStore:
    """Turns uploads into templates; keeps their files as ``templates/<content>/`` and their recipes as bundles."""

    def __init__(
        self, directory: Path, *, bundles: BundleStore, plugins: Plugins, limits: ArchiveLimits | None = None
    ) -> None:
        self._directory = directory
        self._bundles = bundles
        self._plugins = plugins
        self._limits = limits

    def prepare(self, archive: Path) -> PreparedTemplate:
        """Extract, load and check an uploaded ZIP file; takes a while, call it from any thread.

        Raises:
            InvalidModelError: With all problems, if the archive or the application is not fit.
        """
        new = Path(tempfile.mkdtemp(dir=self._directory, prefix=".new-"))
        try:
            extract_archive(archive, new, limits=self._limits)
            root = application_root(new)
            loaded = load_application(root, check_recipe=self._plugins.check_recipe, shown="")
            problems = list(loaded.problems)
            if loaded.template is None or has_errors(problems):
                raise InvalidModelError(problems=problems)
            problems += missing_plugins(loaded.template, self._plugins)
            template = replace(loaded.template, bundles=self._bundled(loaded))
            content = content_digest(root)
            self._keep(root, content)
            return PreparedTemplate(template=template, content=content, warnings=tuple(problems))
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def load(self, content: str, bundles: Mapping[str, str]) -> ApplicationTemplate:
        """Load a kept template again, after a restart.

        Args:
            content: Digest of its files.
            bundles: Component to digest of its recipe, as they were when it was added: agents know them.

        Raises:
            InvalidModelError: If its files are gone or damaged.
        """
        root = self._directory / content
        loaded = load_application(root, shown="")
        if loaded.template is None or has_errors(loaded.problems):
            raise InvalidModelError(problems=loaded.problems)
        if not all(self._bundles.has(digest) for digest in bundles.values()):
            bundles = self._bundled(loaded)
        return replace(loaded.template, bundles=bundles)

    def keep_only(self, contents: frozenset[str]) -> None:
        """Remove the files of templates that are not there any more, and what an accident left behind."""
        for directory in self._directory.iterdir():
            if directory.name not in contents:
                shutil.rmtree(directory)

    def _bundled(self, loaded: LoadedApplication) -> dict[str, str]:
        """Bundle the recipes; what belongs to targets (and may be secret) is never sent to agents."""
        graph = loaded.template.graph if loaded.template else Graph()
        recipes = sorted(loaded.resources.items())
        return {component: self._bundles.add(recipe) for component, recipe in recipes if not graph.is_target(component)}

    def _keep(self, root: Path, content: str) -> None:
        place = self._directory / content
        if not place.exists():
            root.rename(place)
            sync_directory(self._directory)


def check_target(target: TargetDefinition, plugins: Plugins) -> list[Problem]:
    """Return what is wrong with a target: its handler is not installed, or refuses the properties."""
    try:
        handler = plugins.target(target.handler)
    except PluginError as error:
        return list(error.problems)
    return handler.check(target.properties)


def missing_plugins(template: ApplicationTemplate, plugins: Plugins) -> list[Problem]:
    """Return a warning for each installer and target handler that no installed plugin offers."""
    graph = template.graph
    installers = {graph.installer_of(name) for name in graph.components if not graph.is_target(name)}
    questions: list[tuple[Callable[[str], object], Iterable[str]]] = [
        (plugins.installer, sorted(name for name in installers if name)),
        (plugins.target, sorted({target.handler for target in template.targets.values()})),
    ]
    return [problem for ask, names in questions for name in names for problem in _missing(ask, name)]


def _missing(ask: Callable[[str], object], name: str) -> list[Problem]:
    try:
        ask(name)
    except PluginError as error:
        return [Problem(Code.PLUGIN_MISSING, found.message, hint=found.hint) for found in error.problems]
    return []


def content_digest(directory: Path) -> str:
    """Return a digest (hexadecimal SHA-256) of all names, permissions and contents below a directory."""
    whole = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            with path.open("rb") as stream:
                content = hashlib.file_digest(stream, "sha256").hexdigest()
            executable = bool(path.stat().st_mode & 0o100)
            whole.update(f"{path.relative_to(directory).as_posix()}\0{executable}\0{content}\n".encode())
    return whole.hexdigest()
