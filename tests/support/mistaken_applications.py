"""Applications with mistakes at known places, and with one slip of the pen: a sign or a line that is missing.

An application is made as lines that know what they are. A mistake changes or adds lines and
tells which code to expect at which of them; numbers come last, when the text is complete.
"""

from dataclasses import dataclass, field
from random import Random

GRAPH, INSTANCES = "graph/main.graph", "instances/model.instances"
DESCRIPTOR = (
    "name = a\nversion = 1.0\ndsl-id = roboconf-1.0\n"
    "graph-entry-point = main.graph\ninstance-entry-point = model.instances\n"
)


@dataclass(eq=False)
class Line:
    """One line of a file."""

    text: str
    depth: int = 0
    ending: str = ""
    """A comment, with the blanks before it."""


@dataclass(eq=False)
class Part:
    """A block: its head, its properties, the blocks in it, its closing bracket."""

    kind: str
    name: str
    head: Line
    properties: list[Line] = field(default_factory=list)
    parts: list["Part"] = field(default_factory=list)
    close: Line = field(default_factory=lambda: Line("}"))
    above: "Part | None" = None

    def lines(self):
        yield self.head
        yield from self.properties
        for part in self.parts:
            yield from part.lines()
        yield self.close

    def all_parts(self):
        yield self
        for part in self.parts:
            yield from part.all_parts()

    def has(self, key):
        return any(line.text.startswith(f"{key}:") for line in self.properties)


@dataclass(eq=False)
class Expected:
    """A problem: its code, and the line it is told at; None is the one behind the end of the file."""

    code: str
    file: str
    line: Line | None


class Mistaken:
    """A valid application, what goes wrong with it, and what is to be told."""

    def __init__(self, seed):
        self.dice = Random(seed)
        self.expected = []
        self.slip = None
        self.companion = None
        """What the original adds to the problem of a slip: the block could not be understood."""
        self.touched = set()
        """Lines that are wrong already."""
        self.headed = set()
        """Blocks with problems that are told at their heads."""
        self.parts = {GRAPH: list(self._graph()), INSTANCES: list(self._instances())}
        self.indent = self.dice.choice(["\t", "  ", "    "])
        self.lines = {}

    def _graph(self):
        self.machines = [f"Machine{i}" for i in range(self.dice.randint(1, 3))]
        self.software = [f"Soft{i}" for i in range(self.dice.randint(2, 5))]
        facets = [f"Facet{i}" for i in range(self.dice.randint(0, 2))]
        self.of_facet = {f: [s for s in self.software if self.dice.random() < 0.5] or self.software[:1] for f in facets}
        parts = []
        for name in self.machines:
            children = [*self.software, *facets]
            self.dice.shuffle(children)
            properties = ["installer: target;", "exports: ip;", f"children: {', '.join(children)};"]
            parts.append(self._type("component", name, properties))
        for name in self.software:
            mine = [facet for facet in facets if name in self.of_facet[facet]]
            other = self.dice.choice([s for s in self.software if s != name])
            properties = ["installer: script;", "exports: ip, port = 80;", f"imports: {other}.port (optional);"]
            properties += [f"facets: {', '.join(mine)};"] if mine else []
            parts.append(self._type("component", name, properties))
        parts += [self._type("facet", name, [f'exports: {name}_v = "a, {{b}}; c";']) for name in facets]
        self.dice.shuffle(parts)
        return parts

    def _type(self, kind, name, properties):
        self.dice.shuffle(properties)
        head = Line(f"{'facet ' * (kind == 'facet')}{name} {{")
        return Part(kind, name, head, [Line(text, 1) for text in properties])

    def _instances(self):
        for number in range(self.dice.randint(1, 3)):
            root = self._instance(self.dice.choice(self.machines), f"vm{number}", None)
            for below in range(self.dice.randint(0, 3)):
                root.parts.append(self._instance(self.dice.choice(self.software), f"soft {below}", root))
            yield root

    def _instance(self, component, name, above):
        depth = 0 if above is None else above.head.depth + 1
        properties = [f"name: {name};"]
        if above is not None and self.dice.random() < 0.5:
            properties.append(f"port: {self.dice.randint(1, 9999)};")
        if self.dice.random() < 0.3:
            properties.append("data.url: http://host:80/{x};")
        self.dice.shuffle(properties)
        lines = [Line(text, depth + 1) for text in properties]
        head, close = Line(f"instance of {component} {{", depth), Line("}", depth)
        return Part("instance", component, head, lines, [], close, above)

    def all_parts(self, file):
        return [part for root in self.parts[file] for part in root.all_parts()]

    # --- mistakes

    def make_mistakes(self, count):
        """Make some independent mistakes in different blocks, none of which makes the rest doubtful in another way."""
        for _ in range(count):
            file = self.dice.choice([GRAPH, INSTANCES])
            part = self.dice.choice(self.all_parts(file))
            if not self.touched.intersection([part.head, *part.properties]):
                self.dice.choice(_MISTAKES[part.kind])(self, file, part)

    def expect(self, code, file, part, line):
        self.touched.add(line)
        if line is part.head:
            self.headed.add(part)
        self.expected.append(Expected(code, file, line))

    def add(self, file, part, text, code, at_head=False):
        line = Line(text, part.head.depth + 1)
        self.touched.add(line)
        part.properties.insert(self.dice.randint(0, len(part.properties)), line)
        self.expect(code, file, part, part.head if at_head else line)

    # --- slips

    def make_slip(self, sign):
        """Leave out a sign, or with ``head`` and ``close`` a whole line; return whether there was a place for it."""
        file = self.dice.choice([GRAPH, INSTANCES])
        part = self.dice.choice(self.all_parts(file))
        self.slip = (sign, file, part)
        if sign in (";", ":"):
            return self._leave_out_in_property(sign, file, part)
        if part.head in self.touched and sign != "}":
            return False
        {"{": self._open, "}": self._close, "close": self._close, "head": self._head}[sign](sign, file, part)
        return True

    def _leave_out_in_property(self, sign, file, part):
        free = [line for line in part.properties if line not in self.touched]
        if not free:
            return False
        line = self.dice.choice(free)
        before, found, after = line.text.rpartition(sign) if sign == ";" else line.text.partition(sign)
        assert found
        line.text = before + after
        if sign == ";":
            self.expected.append(Expected("P_PROPERTY_ENDS_WITH_SEMI_COLON", file, line))
        else:
            self._invalid(file, part, line)
        return True

    def _invalid(self, file, part, line):
        code = "P_INVALID_PROPERTY_OR_INSTANCE" if part.kind == "instance" else "P_INVALID_PROPERTY"
        self.expected.append(Expected(code, file, line))
        self._with_companion(file, part, part.head)

    def _with_companion(self, file, part, line):
        if part.kind == "component":
            self.companion = Expected("PM_INVALID_BLOCK_TYPE", file, line)

    def _open(self, sign, file, part):
        part.head.text = part.head.text.removesuffix(" {")
        self.expected.append(Expected("P_O_C_BRACKET_MISSING", file, part.head))
        self._with_companion(file, part, part.head)

    def _close(self, sign, file, part):
        part.close.text = "" if sign == "}" else None
        roots = self.parts[file]
        if file == GRAPH and part is not roots[-1]:
            self._invalid(file, part, roots[roots.index(part) + 1].head)
        else:
            self.expected.append(Expected("P_C_C_BRACKET_MISSING", file, None))

    def _head(self, sign, file, part):
        part.head.text = None
        following = next(line for line in part.lines() if line.text is not None)
        if part.kind == "instance" and part.above is not None:
            self.expected.append(Expected("P_INVALID_PROPERTY_OR_INSTANCE", file, following))
            return
        self.expected.append(Expected("P_UNRECOGNIZED_BLOCK", file, following))
        self.companion = Expected("PM_INVALID_BLOCK_TYPE", file, following)
        if file == GRAPH:  # nobody knows any more which names there are
            unknown = ("CO_INEXISTING_CHILD", "CO_INEXISTING_FACET", "CO_INEXISTING_COMPONENT")
            self.expected = [each for each in self.expected if each.code not in unknown]
        if part.kind == "facet":  # without its head, it may as well be a component, which has an installer
            fine = [line for line in part.properties if line.text.startswith("installer")]
            unknown = "PM_PROPERTY_NOT_APPLIABLE"
            self.expected = [each for each in self.expected if each.line not in fine or each.code != unknown]

    # --- texts

    def text_of(self, file):
        """Return the text of a file, with comments and empty lines strewn in."""
        written = self.lines[file] = []
        for root in self.parts[file]:
            for line in root.lines():
                if line.text is not None:
                    while self.dice.random() < 0.2:
                        written.append(Line(self.dice.choice(["", "# a comment: {;}", "\t"])))
                    line.ending = self.dice.choice(["", "", " # and {why}; so"]) if line.text else ""
                    written.append(line)
            written.append(Line(""))
        return "".join(f"{self.indent * line.depth}{line.text}{line.ending}\n" for line in written)

    def place(self, expected):
        """Return code, file and line number of a problem."""
        written = self.lines[expected.file]
        number = len(written) + 1 if expected.line is None else written.index(expected.line) + 1
        return expected.code, expected.file, number


def _replaced(key, text, code, *, at_head=False):
    def make(app, file, part):
        line = next(line for line in part.properties if line.text.startswith(key))
        line.text = text
        app.touched.add(line)
        app.expect(code, file, part, part.head if at_head else line)

    return make


def _added(text, code, *, at_head=False, unless=""):
    def make(app, file, part):
        if not (unless and part.has(unless)):
            app.add(file, part, text, code, at_head)

    return make


def _component_that_is_none(app, file, part):
    root = part.above or part
    if any(each.name == "Nope" for each in root.all_parts()):
        return  # what stands below an unknown component is not looked up
    part.name, part.head.text = "Nope", "instance of Nope {"
    app.expect("CO_INEXISTING_COMPONENT", file, part, part.head)


def _twice(app, file, part):
    line = Line(app.dice.choice(part.properties).text.replace("imports", "exports"), part.head.depth + 1)
    if line.text.startswith("exports"):
        return
    app.touched.update(part.properties)
    part.properties.append(line)
    app.expect("PM_DUPLICATE_PROPERTY", file, part, line)


def _no_name(app, file, part):
    part.properties = [line for line in part.properties if not line.text.startswith("name")]
    app.expect("PM_MISSING_INSTANCE_NAME", file, part, part.head)


_OF_TYPES = [
    _added("colour: red;", "PM_PROPERTY_NOT_APPLIABLE"),
    _added("exports: 1a;", "PM_INVALID_EXPORTED_VAR_NAME"),
    _added("exports: ;", "PM_EMPTY_PROPERTY_VALUE"),
    _added("children: Nope;", "CO_INEXISTING_CHILD", at_head=True, unless="children"),
    _added("children: a b;", "PM_INVALID_CHILD_NAME", unless="children"),
    _twice,
]
_MISTAKES = {
    "component": [
        *_OF_TYPES,
        _replaced("installer", "installer: ba/sh;", "PM_INVALID_INSTALLER_NAME"),
        _added("imports: a;", "PM_INCOMPLETE_IMPORTED_VAR_NAME"),
        _added("imports: a b.c;", "PM_INVALID_IMPORTED_VAR_NAME"),
        _added("facets: Nope;", "CO_INEXISTING_FACET", at_head=True, unless="facets"),
        _added("extends: Nope;", "CO_INEXISTING_COMPONENT", at_head=True),
    ],
    "facet": [*_OF_TYPES, _added("installer: script;", "PM_PROPERTY_NOT_APPLIABLE")],
    "instance": [
        _added("count: 0;", "PM_INVALID_INSTANCE_COUNT"),
        _replaced("name", "name: 1;", "PM_INVALID_INSTANCE_NAME", at_head=True),
        _component_that_is_none,
        _no_name,
        _twice,
    ],
}
MODEL_MISTAKES = {
    "component": [
        _added("imports: Machine0.nope;", "RM_UNRESOLVABLE_VARIABLE"),
        _added("imports: Nope.x (optional);", "RM_UNRESOLVABLE_VARIABLE"),
        _added("exports: random[x] y;", "RM_INVALID_RANDOM_KIND"),
        _added("exports: random[port] y = 1;", "RM_NO_VALUE_FOR_RANDOM"),
    ],
    "facet": [],
    "instance": [_added("colour: red;", "RM_MAGIC_INSTANCE_VARIABLE")],
}
"""Mistakes that are only seen when it is clear what all lines mean."""
