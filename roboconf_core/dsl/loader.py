"""Loads the directory of an application template: descriptor, graph, instances, recipes, targets.

Source: Roboconf user guide, "Application Structure".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from roboconf_core.dsl.descriptor import read_descriptor
from roboconf_core.dsl.files import Directory, Sources, read_sources
from roboconf_core.dsl.graph_files import GraphOfFiles, build_graph
from roboconf_core.dsl.instance_files import build_instances
from roboconf_core.dsl.layout import check_locations, in_file_order
from roboconf_core.dsl.recipes import RecipesOfGraph, read_recipes
from roboconf_core.dsl.syntax import FileKind
from roboconf_core.errors import Code, Problem, Where, has_errors
from roboconf_core.model.application import ApplicationTemplate, Descriptor
from roboconf_core.model.checks_application import check_external_exports
from roboconf_core.model.graph import Component, Graph
from roboconf_core.model.instance import Instance

RecipeCheck = Callable[[Component, str, Path], Iterable[Problem]]
"""Called with a component (inherited imports included), its installer and its recipe directory."""


@dataclass(frozen=True, slots=True)
class LoadedApplication:
    """What a directory holds."""

    template: ApplicationTemplate | None
    """None when a problem is an error. Bundles are left to whoever packs them."""
    problems: list[Problem]
    """In the order of the files, each file from top to bottom."""
    resources: dict[str, Path] = field(default_factory=dict)
    """Component to the directory of its recipe, its own or that of the nearest super component;
    absent when there is none. Those of machines hold their targets."""


def load_application(
    directory: Path,
    *,
    check_recipe: RecipeCheck | None = None,
    shown: str | None = None,
    unsaved: Mapping[Path, str] | None = None,
) -> LoadedApplication:
    """Load an application template; whatever is there, nothing is raised.

    Args:
        directory: Holds ``descriptor/``, ``graph/`` and perhaps ``instances/``.
        check_recipe: Asked about the recipe of each component that has one.
        shown: What stands before the names of files in problems; the directory by default,
            an empty text for names relative to it.
        unsaved: Files that are open in an editor, with the text that counts instead of what is on the disk.
    """
    loader = _Loader(Directory(directory, str(directory) if shown is None else shown, unsaved or {}))
    if not loader.is_readable():
        return LoadedApplication(None, loader.problems)
    return loader.load(check_recipe)


def application_root(directory: Path) -> Path:
    """Return where the application of an extracted archive is: the directory, or the only directory in it."""
    visible = [entry for entry in directory.iterdir() if not entry.name.startswith((".", "__MACOSX"))]
    return visible[0] if len(visible) == 1 and visible[0].is_dir() else directory


class _Loader:
    def __init__(self, root: Directory) -> None:
        self._root = root
        self._read: set[str] = set()
        """Locations, from the root, of all graph and instances files that were read."""
        self.problems: list[Problem] = []

    def is_readable(self) -> bool:
        try:
            next(self._root.path.iterdir(), None)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            message = f"{self._root.shown or 'the directory'} cannot be read: {reason}"
            self.problems.append(Problem(Code.P_IO_ERROR, message, self._root.where()))
            return False
        return True

    def load(self, check_recipe: RecipeCheck | None) -> LoadedApplication:
        descriptor = self._load_descriptor()
        found = self._load_graph(descriptor)
        instances = self._load_instances(descriptor, found)
        recipes = RecipesOfGraph()
        if found and found.graph:
            recipes = read_recipes(self._root.sub("graph"), found.graph, check_recipe)
            self.problems += recipes.problems
        if descriptor and found and found.graph and not has_errors(self.problems):
            self.problems += check_external_exports(descriptor, found.graph)
        self.problems += check_locations(self._root, self._read)
        template = None
        if descriptor and found and found.graph and not has_errors(self.problems):
            template = _template(descriptor, found.graph, instances, recipes)
        return LoadedApplication(template, in_file_order(self.problems), recipes.resources)

    def _load_descriptor(self) -> Descriptor | None:
        directory = self._root.sub("descriptor")
        where = directory.where("application.properties")
        if not directory.path.is_dir():
            hint = "an application has the directories 'descriptor', 'graph' and 'instances'"
            message = "there is no directory 'descriptor'"
            self.problems.append(Problem(Code.PROJ_NO_DESC_DIR, message, directory.where(), hint))
            return None
        if not (directory.path / "application.properties").exists():
            message = "there is no descriptor 'application.properties'"
            self.problems.append(Problem(Code.PROJ_NO_DESC_FILE, message, where))
            return None
        text, problems = directory.read("application.properties")
        if text is None:
            code = Code.PROJ_READ_DESC_FILE
            self.problems += [Problem(code, each.message, each.where, each.hint) for each in problems]
            return None
        descriptor, problems = read_descriptor(text, where.file)
        self.problems += problems
        return descriptor

    def _load_graph(self, descriptor: Descriptor | None) -> GraphOfFiles | None:
        directory = self._root.sub("graph")
        if not directory.path.is_dir():
            message = "there is no directory 'graph'"
            self.problems.append(Problem(Code.PROJ_NO_GRAPH_DIR, message, directory.where()))
            return None
        entry = descriptor.graph_entry_point if descriptor else ""
        if not entry:
            return None
        place = descriptor.where_of("graph-entry-point") if descriptor else None
        sources = self._sources(directory, entry, FileKind.GRAPH, place)
        if sources is None:
            return None
        found = build_graph(sources)
        self.problems += found.problems
        return found

    def _load_instances(self, descriptor: Descriptor | None, found: GraphOfFiles | None) -> tuple[Instance, ...]:
        directory = self._root.sub("instances")
        if descriptor is None or not directory.path.is_dir():
            return ()
        if found is None:
            message, hint = "the instances are not read, because there is no graph", "mend the problems of the graph"
            problem = Problem(Code.CO_GRAPH_COULD_NOT_BE_BUILT, message, directory.where(), hint)
            self.problems.append(problem)
            return ()
        entry = descriptor.instance_entry_point
        if not entry:
            return ()
        place = descriptor.where_of("instance-entry-point")
        sources = self._sources(directory, entry, FileKind.INSTANCES, place)
        if sources is None:
            return ()
        instances = build_instances(sources, found.component_names, found.graph)
        self.problems += instances.problems
        return instances.roots

    def _sources(self, directory: Directory, entry: str, kind: FileKind, place: Where | None) -> Sources | None:
        location = directory.normalise(entry)
        if location is None or not (directory.path / location).exists():
            is_graph = kind is FileKind.GRAPH
            missing = Code.PROJ_MISSING_GRAPH_EP if is_graph else Code.PROJ_MISSING_INSTANCE_EP
            message = f"the entry point '{entry}' does not exist in {directory.shown}"
            hint = "locations cannot leave the directory" if location is None else ""
            self.problems.append(Problem(missing, message, place, hint))
            return None
        sources = read_sources(directory, location, kind)
        self._read |= {f"{directory.path.name}/{read}" for read in sources.attempted}
        return sources


def _template(
    descriptor: Descriptor, graph: Graph, instances: tuple[Instance, ...], recipes: RecipesOfGraph
) -> ApplicationTemplate:
    return ApplicationTemplate(
        descriptor=descriptor,
        graph=graph,
        instances=instances,
        settings=recipes.settings,
        targets=recipes.targets,
    )
