"""The steps of loading an application: each reads one part of it, and notes what is wrong.

Source: Roboconf user guide, "Application Structure".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from roboconf_core.dsl.autonomic.directory import ProbesOfDirectory, RulesOfDirectory, check_probes, check_rules
from roboconf_core.dsl.commands.directory import CommandsOfDirectory, check_commands
from roboconf_core.dsl.descriptor import read_descriptor
from roboconf_core.dsl.files import Directory, Sources, read_sources
from roboconf_core.dsl.graph_files import GraphOfFiles, build_graph
from roboconf_core.dsl.instance_files import build_instances
from roboconf_core.dsl.layout import COMMANDS, DESCRIPTOR, GRAPH, INSTANCES, PROBES, RULES
from roboconf_core.dsl.paths import exists, is_directory
from roboconf_core.dsl.projects import (
    DESCRIPTOR_FILE,
    graphs_in,
    has_readme,
    hint_for_missing_part,
    is_filled_in_by_maven,
)
from roboconf_core.dsl.syntax import FileKind
from roboconf_core.errors import Code, Problem, Where
from roboconf_core.model.application import Descriptor
from roboconf_core.model.instance import Instance

_GENERATED = "generated"
"""Name and version of a recipe that has no descriptor."""

FINE_IN_RECIPES = frozenset(
    {
        Code.RM_ROOT_INSTALLER_MUST_BE_TARGET,
        Code.RM_UNRESOLVABLE_FACET_VARIABLE,
        Code.RM_UNREACHABLE_COMPONENT,
        Code.RM_ORPHAN_FACET,
        Code.RM_ORPHAN_FACET_WITH_CHILDREN,
    }
)
"""What is told of an application, but not of a recipe: whoever uses it brings machines, and what it needs."""


@dataclass(slots=True, eq=False)
class Loading:
    """An application on its way from files to a model."""

    root: Directory
    is_recipe: bool = False
    read: set[str] = field(default_factory=set)
    """Locations, from the root, of all graph and instances files that were read."""
    problems: list[Problem] = field(default_factory=list)

    def descriptor(self) -> Descriptor | None:
        """Read the descriptor; a recipe without any gets one that begins with its first graph."""
        directory = self.root.sub(DESCRIPTOR)
        where = directory.where(DESCRIPTOR_FILE)
        if not is_directory(directory.path):
            if self.is_recipe:
                return self._generated_descriptor()
            hint = hint_for_missing_part(self.root, DESCRIPTOR)
            self._note(Code.PROJ_NO_DESC_DIR, f"there is no directory '{DESCRIPTOR}'", directory.where(), hint)
            return None
        if not exists(directory.path / DESCRIPTOR_FILE):
            self._note(Code.PROJ_NO_DESC_FILE, f"there is no descriptor '{DESCRIPTOR_FILE}'", where)
            return None
        text, problems = directory.read(DESCRIPTOR_FILE)
        if text is None:
            self.problems += [replace(problem, code=Code.PROJ_READ_DESC_FILE) for problem in problems]
            return None
        descriptor, problems = read_descriptor(text, where.file)
        if descriptor and is_filled_in_by_maven(self.root.path, descriptor.version):
            problems = [each for each in problems if each.code is not Code.RM_INVALID_APPLICATION_VERSION]
        self.problems += problems
        return descriptor

    def graph(self, descriptor: Descriptor | None) -> GraphOfFiles | None:
        """Read the graph that the descriptor names."""
        directory = self.root.sub(GRAPH)
        if not is_directory(directory.path):
            hint = hint_for_missing_part(self.root, GRAPH)
            self._note(Code.PROJ_NO_GRAPH_DIR, f"there is no directory '{GRAPH}'", directory.where(), hint)
            return None
        if descriptor is None or not descriptor.graph_entry_point:
            return None
        sources = self._sources(directory, descriptor, "graph-entry-point", FileKind.GRAPH)
        if sources is None:
            return None
        found = build_graph(sources)
        if self.is_recipe:
            found = replace(found, problems=[each for each in found.problems if each.code not in FINE_IN_RECIPES])
        self.problems += found.problems
        return found

    def instances(self, descriptor: Descriptor | None, found: GraphOfFiles | None) -> tuple[Instance, ...]:
        """Read the instances that the descriptor names; each root is told the name of the application."""
        directory = self.root.sub(INSTANCES)
        if descriptor is None or not is_directory(directory.path):
            return ()
        if found is None:
            message, hint = "the instances are not read, because there is no graph", "mend the problems of the graph"
            self._note(Code.CO_GRAPH_COULD_NOT_BE_BUILT, message, directory.where(), hint)
            return ()
        if not descriptor.instance_entry_point:
            return ()
        sources = self._sources(directory, descriptor, "instance-entry-point", FileKind.INSTANCES)
        if sources is None:
            return ()
        instances = build_instances(sources, found.component_names, found.graph)
        self.problems += instances.problems
        datum = {"application.name": descriptor.name}
        return tuple(replace(root, data={**root.data, **datum}) for root in instances.roots)

    def commands(self, found: GraphOfFiles | None, roots: Sequence[Instance] | None) -> CommandsOfDirectory:
        """Read the commands, and compare them with graph and instances as far as these are sound."""
        directory = self.root.sub(COMMANDS)
        if not is_directory(directory.path):
            return CommandsOfDirectory()
        commands = check_commands(directory, found.graph if found else None, roots)
        self.problems += commands.problems
        return commands

    def rules(self, command_names: Sequence[str]) -> RulesOfDirectory:
        """Read the rules, and compare them with the commands that there are."""
        directory = self.root.sub(RULES)
        if not is_directory(directory.path):
            return RulesOfDirectory()
        found = check_rules(directory, command_names)
        self.problems += found.problems
        return found

    def probes(self, component_names: Sequence[str] | None) -> ProbesOfDirectory:
        """Read the probes."""
        directory = self.root.sub(PROBES)
        if not is_directory(directory.path):
            return ProbesOfDirectory()
        found = check_probes(directory, component_names)
        self.problems += found.problems
        return found

    def check_recipe(self, roots: Sequence[Instance]) -> None:
        """Note what others who are to use this recipe would miss, or would not want."""
        if not has_readme(self.root.path):
            hint = "tell in a readme.md what it installs, and which variables it exports and imports"
            self._note(Code.REC_MISSING_README, "the recipe has no readme", self.root.where(), hint)
        if roots:
            message = f"the recipe has {len(roots)} root instance{'s' if len(roots) > 1 else ''}"
            hint = "instances are up to the applications that use the recipe: move them there"
            self._note(Code.REC_AVOID_INSTANCES, message, roots[0].where, hint)

    def _generated_descriptor(self) -> Descriptor:
        names = graphs_in(self.root.sub(GRAPH).path)
        if not names and is_directory(self.root.sub(GRAPH).path):
            message, hint = f"there is no *.graph in '{GRAPH}'", "a recipe begins with the first one by its name"
            self._note(Code.PROJ_MISSING_GRAPH_EP, message, self.root.sub(GRAPH).where(), hint)
        return Descriptor(
            name=_GENERATED,
            version=_GENERATED,
            display_name=_GENERATED,
            dsl_id=_GENERATED,
            graph_entry_point=names[0] if names else "",
        )

    def _sources(self, directory: Directory, descriptor: Descriptor, key: str, kind: FileKind) -> Sources | None:
        is_graph = kind is FileKind.GRAPH
        entry = descriptor.graph_entry_point if is_graph else descriptor.instance_entry_point
        location = directory.normalise(entry)
        if location is None or not exists(directory.path / location):
            missing = Code.PROJ_MISSING_GRAPH_EP if is_graph else Code.PROJ_MISSING_INSTANCE_EP
            message = f"the entry point '{entry}' does not exist in {directory.shown}"
            hint = "locations cannot leave the directory" if location is None else ""
            self._note(missing, message, descriptor.where_of(key), hint)
            return None
        sources = read_sources(directory, location, kind)
        self.read |= {f"{directory.path.name}/{read}" for read in sources.attempted}
        return sources

    def _note(self, code: Code, message: str, where: Where | None, hint: str = "") -> None:
        self.problems.append(Problem(code, message, where, hint))
