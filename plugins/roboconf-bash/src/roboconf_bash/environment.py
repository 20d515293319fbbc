"""The environment variables that a script is given: pure, nothing is read or run here.

Source: Roboconf user guide, "Script Plug-in"; escaped names of imports, stable indexes,
``ROBOCONF_IMPORT_CHANGED_<variable>`` and the whole difference are promised by us.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from roboconf_core.errors import LifecycleError
from roboconf_core.hooks.lifecycle import ActionContext, Difference, Import, InstanceSpec
from roboconf_core.model.lifecycle import Action, Status

MAX_VARIABLE_BYTES = 128 * 1024 - 1
"""Longest ``name=value`` that Linux hands to a program (MAX_ARG_STRLEN, without the NUL at its end)."""

_RAW_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_RESERVED = re.compile(
    r"""
    PATH | HOME | SHELL | PWD | OLDPWD | TMPDIR                           # where a script is and what it finds
    | IFS | ENV | CDPATH | GLOBIGNORE | PS4 | PROMPT_COMMAND | FUNCNEST   # how a shell reads
    | SHELLOPTS | BASHOPTS | POSIXLY_CORRECT | BASH.*
    | LD_.* | DYLD_.* | GCONV_PATH | GLIBC_TUNABLES | MALLOC_.* | LOCPATH | NLSPATH   # what the loader loads
    | PYTHON.* | PERL5?(LIB|OPT|DB) | PERL5DB | RUBY(LIB|OPT) | NODE_(OPTIONS|PATH)  # what interpreters run first
    | (_JAVA|JAVA_TOOL|JDK_JAVA)_OPTIONS
    | ROBOCONF_.*
    """,
    re.VERBOSE,
)


def is_reserved(name: str) -> bool:
    """Tell whether an exported variable may not take this name in a script's environment.

    Such a name decides what the loader, the shell or an interpreter runs, or is one of
    ours. The variable is delivered as ``ROBOCONF_EXPORT_<name>`` instead.
    """
    return _RESERVED.fullmatch(name) is not None


def escaped(name: str) -> str:
    """Return a name that every shell can read: ``my-db`` becomes ``my_db``, ``9lives`` becomes ``_9lives``."""
    text = re.sub(r"[^A-Za-z0-9_]+", "_", name)
    return f"_{text}" if text[:1].isdigit() else text


def clean_path(path: str, *, reverse: bool = False) -> str:
    """Return an instance path as one word: ``/vm 1/server`` becomes ``vm_1_server`` or, reversed, ``server_vm_1``."""
    segments = path.strip("/").split("/")
    return re.sub(r"[^A-Za-z0-9_]", "_", "/".join(reversed(segments) if reverse else segments))


def local_exports(instance: InstanceSpec) -> dict[str, str]:
    """Return the exports by local name; where two prefixes share one, the component's own wins."""
    ranked = sorted(instance.exports.items(), key=lambda e: (e[0].partition(".")[0] == instance.component, e[0]))
    return {name.partition(".")[2] or name: value for name, value in ranked}


def environment_for(context: ActionContext) -> dict[str, str]:
    """Return all variables of one action, sorted by name.

    Raises:
        LifecycleError: If a value cannot be part of an environment (a NUL, more than 128 KiB).
    """
    layers: tuple[Iterable[tuple[str, str]], ...] = (
        _exports(context),
        _ancestors(context),
        _imports(context.imports),
        _identity(context),
        _difference(context) if context.action is Action.UPDATE else (),
    )
    variables: dict[str, str] = {}
    for layer in layers:
        variables |= _readable(layer)
    for name, value in variables.items():
        _check(name, value)
    return dict(sorted(variables.items()))


def _readable(layer: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Add an escaped name where a shell cannot read the raw one; a raw name that needs no escape wins."""
    raw = dict(layer)
    names = {escaped(name): value for name, value in raw.items() if escaped(name) != name}
    return names | {name: value for name, value in raw.items() if _RAW_NAME.fullmatch(name)}


def _exports(context: ActionContext) -> Iterator[tuple[str, str]]:
    for name, value in local_exports(context.instance).items():
        prefix = "ROBOCONF_EXPORT_" if is_reserved(name) or is_reserved(escaped(name)) else ""
        yield f"{prefix}{name}", value


def _ancestors(context: ActionContext) -> Iterator[tuple[str, str]]:
    for ancestor in reversed(context.ancestors):  # the nearest one of a component wins
        for name, value in local_exports(ancestor).items():
            yield f"ANCESTOR_{ancestor.component}_{name}", value


def _imports(imports: Iterable[Import]) -> Iterator[tuple[str, str]]:
    for prefix, group in groupby(_ordered(imports), key=lambda i: i.prefix):
        members = list(group)
        yield f"{prefix}_size", str(len(members))
        for index, member in enumerate(members):
            yield f"{prefix}_{index}_name", member.path
            for name, value in sorted(member.variables.items()):
                yield f"{prefix}_{index}_{name}", value


def _identity(context: ActionContext) -> Iterator[tuple[str, str]]:
    path = context.instance.path
    yield "ROBOCONF_ACTION", context.action.value
    yield "ROBOCONF_APPLICATION_NAME", context.application
    yield "ROBOCONF_INSTANCE_NAME", path.rpartition("/")[2]
    yield "ROBOCONF_INSTANCE_PATH", path
    yield "ROBOCONF_COMPONENT_NAME", context.instance.component
    yield "ROBOCONF_CLEAN_INSTANCE_PATH", clean_path(path)
    yield "ROBOCONF_CLEAN_REVERSED_INSTANCE_PATH", clean_path(path, reverse=True)
    yield "ROBOCONF_FILES_DIR", str(context.directory / "files")
    yield "ROBOCONF_PID_FILE", str(context.pid_file)
    if context.machine_id:
        yield "ROBOCONF_MACHINE_ID", context.machine_id


def _difference(context: ActionContext) -> Iterator[tuple[str, str]]:
    difference = context.difference
    yield from _one_change(difference)
    for kind, members in (("JOINED", difference.joined), ("LEFT", difference.left), ("CHANGED", difference.changed)):
        yield f"ROBOCONF_{kind}_size", str(len(members))
        for index, member in enumerate(_ordered(members)):
            told = dict(member.variables) | {
                "prefix": member.prefix,
                "path": member.path,
                "component": member.component,
            }
            yield from ((f"ROBOCONF_{kind}_{index}_{name}", value) for name, value in told.items())


def _one_change(difference: Difference) -> Iterator[tuple[str, str]]:
    """Tell one change as the original did: the first that joined, else the first changed, else the first that left."""
    present = (*_ordered(difference.joined), *_ordered(difference.changed))
    changed = next(iter((*present, *_ordered(difference.left))), None)
    if changed is None:
        return
    status = Status.DEPLOYED_STARTED if present else Status.DEPLOYED_STOPPED
    yield from ((f"ROBOCONF_IMPORT_CHANGED_{name}", value) for name, value in sorted(changed.variables.items()))
    yield "ROBOCONF_UPDATE_STATUS", status.value
    yield "ROBOCONF_IMPORT_CHANGED_INSTANCE_PATH", changed.path
    yield "ROBOCONF_IMPORT_CHANGED_COMPONENT", changed.component


def _ordered(imports: Iterable[Import]) -> list[Import]:
    return sorted(imports, key=lambda i: (i.prefix, i.path))


def _check(name: str, value: str) -> None:
    if "\0" in value:
        raise LifecycleError(f"variable '{name}' contains a NUL character, which no environment can carry")
    try:
        size = len(name.encode()) + 1 + len(value.encode())
    except UnicodeEncodeError as error:
        raise LifecycleError(f"variable '{name}' is not valid text: {error.reason}") from error
    if size > MAX_VARIABLE_BYTES:
        hint = "put it into a file of the recipe, or render it with a *.j2 template"
        raise LifecycleError(f"variable '{name}' is {size} bytes long; {MAX_VARIABLE_BYTES} are possible", hint=hint)


def total_bytes(*environments: Mapping[str, str]) -> int:
    """Return what environments take of the space that Linux gives to a new program: text, NULs and pointers."""
    return sum(len(n.encode()) + len(v.encode()) + 2 + 8 for e in environments for n, v in e.items())
