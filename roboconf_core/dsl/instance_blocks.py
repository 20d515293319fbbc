"""From the block of an instance to its declaration, and what is wrong with it alone.

Source: Roboconf user guide, "Instances Definition".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from roboconf_core.dsl.syntax import BLANKS, Block, BlockKind, Property, Slip
from roboconf_core.dsl.type_blocks import check_type_name, duplicate, empty_value, settle_guesses
from roboconf_core.dsl.values import comma_split
from roboconf_core.errors import Code, Where
from roboconf_core.model.instance import shown_path
from roboconf_core.model.lifecycle import Status
from roboconf_core.model.names import is_flex_id

MAX_INSTANCES = 200_000
"""What ``count`` may make of one application; more is a slip of the pen."""

_RESERVED = ("name", "count", "channels", "instance-data", "instance-state")
_MEANINGLESS = ("imports", "exports")
"""Properties of types: extra variables here, which may even be repeated."""
_NAME_HINT = "a name starts with a letter or an underscore and goes on with letters, digits, '_', '-', '.' and spaces"


@dataclass(slots=True, eq=False)
class DeclaredInstance:
    """What the block of an instance says."""

    block: Block
    file: str
    parent: DeclaredInstance | None = None
    name: str = ""
    """Empty when it is missing or wrong."""
    count: int = 1
    channels: tuple[str, ...] = ()
    overrides: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    """From ``instance-data``: of this very instance."""
    copied_data: dict[str, str] = field(default_factory=dict)
    """From ``data.KEY``: also of the copies that ``count`` makes."""
    state: Status = Status.NOT_DEPLOYED
    """Of this very instance."""
    positions: dict[str, tuple[int, int]] = field(default_factory=dict)
    children: list[DeclaredInstance] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Path before ``count`` is expanded, as shown in problems."""
        return shown_path(self._names_upwards())

    def _names_upwards(self) -> Iterator[str]:
        current: DeclaredInstance | None = self
        while current is not None:
            yield current.name
            current = current.parent

    def where(self, key: str = "") -> Where:
        """Return the place of a property, or of the head."""
        line, column = self.positions.get(key, (self.block.line, self.block.column))
        return Where(file=self.file, line=line, column=column)


def declare_instance(
    block: Block, file: str = "", parent: DeclaredInstance | None = None
) -> tuple[DeclaredInstance, list[Slip]]:
    """Return what one block says, without its children, and what is wrong with it."""
    declared = DeclaredInstance(block, file, parent)
    slips = [*block.slips, *check_type_name(block)]
    positions = declared.positions
    for found in block.properties:
        if found.key in positions and found.key not in _MEANINGLESS:
            slips.append(duplicate(found, positions[found.key][0]))
            continue
        positions[found.key] = (found.line, found.column)
        if found.key in _RESERVED:
            slips += _read_reserved(declared, found)
        elif found.key[:5].lower() == "data.":
            declared.copied_data[found.key[5:]] = found.value
        else:
            declared.overrides[found.key] = _unquoted(found.value)
    if "name" not in positions and (block.head_is_sound or positions):
        message, hint = f"the instance of '{block.name}' has no name", "add a line 'name: NAME;'"
        slips.append(Slip(Code.PM_MISSING_INSTANCE_NAME, block.line, block.column, message, hint))
    return declared, settle_guesses(block, slips)


def slips_of_instances(block: Block) -> Iterator[Slip]:
    """Yield what is wrong with the lines of an instance and of all nested ones."""
    queue = [block]
    for current in queue:
        if current.kind is BlockKind.INSTANCE:
            yield from declare_instance(current)[1]
            queue += current.blocks
        else:
            yield from current.slips
            yield from slips_of_nested(current)


def slips_of_nested(block: Block) -> Iterator[Slip]:
    """Yield what is wrong with the lines of blocks that stand where none may; what they say does not matter."""
    queue = list(block.blocks)
    for current in queue:
        yield from current.slips
        queue += current.blocks


def _read_reserved(declared: DeclaredInstance, found: Property) -> Iterator[Slip]:
    if not found.value.strip(BLANKS):
        yield empty_value(found)
    if found.key == "name":
        yield from _read_name(declared, found)
    elif found.key == "count":
        yield from _read_count(declared, found)
    elif found.key == "channels":
        declared.channels = tuple(dict.fromkeys(item for _, item in comma_split(found.value)))
    elif found.key == "instance-state":
        name = found.value.strip(BLANKS).upper()
        declared.state = Status(name) if name in Status.__members__ else Status.NOT_DEPLOYED
    elif found.key == "instance-data":
        for _, item in comma_split(found.value):
            cut = item.find("=", 1)
            key, value = (item[:cut], item[cut + 1 :]) if cut > 0 else (item, "")
            declared.data[key.strip(BLANKS)] = value.strip(BLANKS)


def _read_name(declared: DeclaredInstance, found: Property) -> Iterator[Slip]:
    if is_flex_id(found.value):
        declared.name = found.value
        return
    hint = "names are not quoted" if '"' in found.value else _NAME_HINT
    message = f"'{found.value}' is no valid name of an instance"
    block = declared.block
    yield Slip(Code.PM_INVALID_INSTANCE_NAME, block.line, block.column, f"{message} (line {found.line})", hint)


def _read_count(declared: DeclaredInstance, found: Property) -> Iterator[Slip]:
    text = found.value
    if not text.strip(BLANKS):
        return
    count = int(text) if re.fullmatch(r"[+]?[0-9]{1,10}", text) else 0
    if not 1 <= count <= MAX_INSTANCES:
        message = f"'{text}' is no valid count"
        hint = f"a count is a number from 1 to {MAX_INSTANCES}, without blanks around it"
        yield Slip(Code.PM_INVALID_INSTANCE_COUNT, found.line, found.value_column, message, hint)
    elif count == 1:
        message, hint = "a count of 1 says nothing", "remove it; the name will have no number"
        yield Slip(Code.PM_USELESS_INSTANCE_COUNT, found.line, found.column, message, hint)
    else:
        declared.count = count


def _unquoted(value: str) -> str:
    """Return the inside of a quoted value as is, any other value with its blanks."""
    trimmed = value.strip(BLANKS)
    if len(trimmed) >= 2 and trimmed[0] == trimmed[-1] == '"':
        return trimmed[1:-1]
    return value
