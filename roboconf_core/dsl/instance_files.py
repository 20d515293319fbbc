"""From the files of instances to trees of instances: components, paths, ``count``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from roboconf_core.dsl.files import SourceFile, Sources
from roboconf_core.dsl.graph_files import beside
from roboconf_core.dsl.instance_blocks import MAX_INSTANCES, DeclaredInstance, declare_instance, slips_of_nested
from roboconf_core.dsl.syntax import Block, BlockKind, Doubt, Slip, doubt_of
from roboconf_core.dsl.type_blocks import declare_type
from roboconf_core.errors import Code, Problem, Where, has_errors
from roboconf_core.model.checks import check_instances
from roboconf_core.model.graph import Graph
from roboconf_core.model.instance import Instance
from roboconf_core.model.lifecycle import Status
from roboconf_core.model.names import Suggestions

_ABOUT_NESTING = frozenset({Code.RM_MISSING_INSTANCE_PARENT, Code.RM_INVALID_INSTANCE_PARENT})
"""What nobody can tell where instances may stand in the wrong blocks."""

_OF_LINES_ELSEWHERE = frozenset({Code.PM_MISSING_INSTANCE_NAME, Code.PM_DUPLICATE_PROPERTY})
"""What a line causes that is read as one of another block."""


@dataclass(frozen=True, slots=True)
class InstancesOfFiles:
    """What the files of instances say."""

    roots: tuple[Instance, ...]
    """Empty when there is an error."""
    problems: list[Problem]


def build_instances(sources: Sources, component_names: Sequence[str] | None, graph: Graph | None) -> InstancesOfFiles:
    """Build and check the instances of some files.

    Args:
        sources: The files.
        component_names: Of the graph; None when they are not known, so that no component is looked up.
        graph: To check the instances against; None when there is none, or when it has problems.
    """
    builder = _Builder(component_names)
    for source in sources.files:
        builder.read(source)
    problems = [*sources.problems, *builder.of_lines]
    unfit = list(builder.unfit)
    if all(source.parsed.nesting_is_sound for source in sources.files):
        unfit += _check_siblings(builder.roots)
        for declared in builder.all:
            unfit += _check_siblings(declared.children)
    unfit += _check_size(builder.all)
    if unfit or not sources.complete or builder.doubt is Doubt.CONTENT:
        return InstancesOfFiles((), [*problems, *unfit])
    roots = _expand(builder.roots, builder.all)
    if graph is not None:
        hidden = _ABOUT_NESTING if builder.doubt is Doubt.NESTING else frozenset()
        problems += beside(problems, (each for each in check_instances(graph, roots) if each.code not in hidden))
    return InstancesOfFiles(() if has_errors(problems) else roots, problems)


class _Builder:
    """Declares the instances of all files, and finds unknown components."""

    def __init__(self, component_names: Sequence[str] | None) -> None:
        self._known = None if component_names is None else frozenset(component_names)
        self._suggestions = Suggestions(component_names or ())
        self.roots: list[DeclaredInstance] = []
        self.all: list[DeclaredInstance] = []
        """Parents before their children."""
        self.of_lines: list[Problem] = []
        self.unfit: list[Problem] = []
        """Instances that cannot be made: their components are unknown."""
        self.doubt = Doubt.NOTHING

    def read(self, source: SourceFile) -> None:
        self._note(source, source.parsed.slips)
        for block in source.parsed.blocks:
            if block.kind is BlockKind.INSTANCE:
                self._read_tree(source, block)
            else:
                self._note(source, [*declare_type(block, source.file).slips, *slips_of_nested(block)])

    def _read_tree(self, source: SourceFile, root: Block) -> None:
        queue: list[tuple[Block, DeclaredInstance | None, bool]] = [(root, None, source.usable)]
        for block, parent, looked_up in queue:
            if block.kind is not BlockKind.INSTANCE:
                self._note(source, [*block.slips, *slips_of_nested(block)])
                continue
            declared, slips = declare_instance(block, source.file, parent)
            if not source.parsed.nesting_is_sound:
                slips = [slip for slip in slips if slip.code not in _OF_LINES_ELSEWHERE]
            self._note(source, slips)
            known = not looked_up or self._look_up(source, block)
            if source.usable:
                self.all.append(declared)
                (parent.children if parent else self.roots).append(declared)
            queue.extend((nested, declared, looked_up and known) for nested in block.blocks)

    def _look_up(self, source: SourceFile, block: Block) -> bool:
        if self._known is None or block.name in self._known or not block.name:
            return True
        message = f"component '{block.name}' is not in the graph"
        where = Where(file=source.file, line=block.line, column=block.name_column)
        hint = self._suggestions.hint_for(block.name)
        self.unfit.append(Problem(Code.CO_INEXISTING_COMPONENT, message, where, hint))
        return False

    def _note(self, source: SourceFile, slips: Sequence[Slip]) -> None:
        if slips:
            self.doubt = max(self.doubt, doubt_of(slips))
            self.of_lines += [slip.in_file(source.file) for slip in slips]


def numbered(name: str, count: int) -> list[str]:
    """Return the names that ``count`` makes: 10 instances ``vm`` are ``vm01`` to ``vm10``."""
    if count == 1:
        return [name]
    width = len(str(count))
    return [f"{name}{number:0{width}}" for number in range(1, count + 1)]


def _check_siblings(siblings: Sequence[DeclaredInstance]) -> Iterator[Problem]:
    """Yield paths that are declared, or made by ``count``, more than once below one parent."""
    if len(siblings) < 2:
        return
    by_name: dict[str, list[DeclaredInstance]] = {}
    for declared in siblings:
        by_name.setdefault(declared.name, []).append(declared)
    for name, declarations in by_name.items():
        if name and len(declarations) > 1:
            for declared in declarations:
                others = ", ".join(islice((str(each.where()) for each in declarations if each is not declared), 3))
                message = f"instance '{declared.path}' is declared {len(declarations)} times"
                yield Problem(Code.CO_ALREADY_DEFINED_INSTANCE, message, declared.where(), f"see {others}")
    yield from _check_numbered([declarations[0] for declarations in by_name.values() if len(declarations) == 1])


def _check_numbered(siblings: Sequence[DeclaredInstance]) -> Iterator[Problem]:
    counted = [declared for declared in siblings if declared.count > 1]
    if not counted:
        return
    makers = {declared.name: declared for declared in siblings if declared.count == 1}
    for declared in counted:
        for name in numbered(declared.name, declared.count):
            other = makers.setdefault(name, declared)
            if other is not declared:
                path = f"{declared.path}{name[len(declared.name) :]}"
                message = f"count makes an instance '{path}', but there is one already"
                hint = f"see {other.where()}"
                yield Problem(Code.CO_CONFLICTING_INFERRED_INSTANCE, message, declared.where("count"), hint)


def _check_size(parents_first: Sequence[DeclaredInstance]) -> Iterator[Problem]:
    sizes: dict[int, int] = {}
    total = 0
    for declared in reversed(parents_first):
        size = declared.count * (1 + sum(sizes[id(child)] for child in declared.children))
        sizes[id(declared)] = size
        if declared.parent is None:
            total += size
        if size > MAX_INSTANCES or (declared.parent is None and total > MAX_INSTANCES):
            message = f"the counts make more than {MAX_INSTANCES} instances"
            yield Problem(Code.PM_INVALID_INSTANCE_COUNT, message, declared.where("count"), "lower a count")
            return


def _expand(roots: Sequence[DeclaredInstance], parents_first: Sequence[DeclaredInstance]) -> tuple[Instance, ...]:
    """Return the instances of some declarations; the deepest are made first, copies share their children."""
    made: dict[int, list[Instance]] = {}
    for declared in reversed(parents_first):
        children = tuple(instance for child in declared.children for instance in made.pop(id(child)))
        made[id(declared)] = _instances_of(declared, children)
    return tuple(instance for root in roots for instance in made[id(root)])


def _instances_of(declared: DeclaredInstance, children: tuple[Instance, ...]) -> list[Instance]:
    where = declared.where()
    return [
        Instance(
            name=name,
            component=declared.block.name,
            overrides=declared.overrides,
            channels=declared.channels,
            data=declared.copied_data if number else {**declared.copied_data, **declared.data},
            state=Status.NOT_DEPLOYED if number else declared.state,
            children=children,
            where=where,
            positions=declared.positions,
        )
        for number, name in enumerate(numbered(declared.name, declared.count))
    ]
