"""What the text of a graph or instances file says, in a shape that can be compared: blocks, comments, annotations."""

from roboconf_core.dsl.parse import parse
from roboconf_core.dsl.syntax import BLANKS
from roboconf_core.dsl.type_blocks import annotation_of


def blocks_of(text, kind):
    """Return all that the lines say, as nested lists, whatever the layout is; annotations included."""
    parsed = parse(text, kind)
    lines = text.removeprefix("\ufeff").replace("\r", "").split("\n")
    said = [parsed.kind, [found.location for found in parsed.imports]]
    queue = [(block, said, annotation_of(lines, block.line)) for block in parsed.blocks]
    for block, above, annotation in queue:
        below = [block.kind, block.name, [(found.key, found.value) for found in block.properties], annotation]
        above.append(below)
        queue += [(nested, below, "") for nested in block.blocks]
    return said


def comments_of(text):
    """Return the comments of a text from top to bottom, without the blanks around them."""
    return [
        line.partition("#")[2].strip(BLANKS)
        for line in text.removeprefix("\ufeff").replace("\r", "").split("\n")
        if "#" in line
    ]
