"""Templates of a recipe: ``*.j2`` files by Jinja2, action templates by Mustache.

Both libraries are imported on first use: most recipes are plain scripts, and an agent
stays small.
"""

from __future__ import annotations

import json
import logging
import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roboconf_bash.environment import local_exports
from roboconf_bash.scripts import TEMPLATE_SUFFIX
from roboconf_core.errors import LifecycleError
from roboconf_core.hooks.lifecycle import ActionContext, Import, InstanceSpec
from roboconf_core.model.lifecycle import Action

if TYPE_CHECKING:
    import jinja2

log = logging.getLogger(__name__)

ACTION_TEMPLATES = "roboconf-templates"
MUSTACHE_SUFFIX = ".template"
OWN_DIRECTORY = ".roboconf"
"""Where rendered action templates go, within an instance's directory."""
_NOTE = "templates.json"
STRICT = frozenset({Action.START, Action.UPDATE})
"""Actions that run only while all mandatory imports are there: whatever a template asks for must be."""


def jinja_templates(directory: Path) -> list[Path]:
    """Return the visible ``*.j2`` files below a directory, sorted; links are not followed."""
    found: list[Path] = []
    for root, directories, files in os.walk(directory):
        directories[:] = sorted(name for name in directories if not name.startswith("."))
        paths = (Path(root, name) for name in sorted(files) if name.endswith(TEMPLATE_SUFFIX) and name[0] != ".")
        found += (path for path in paths if not path.is_symlink())
    return found


def note_templates(directory: Path) -> None:
    """Remember which templates a recipe brings: what a service writes later on is its own business."""
    names = [path.relative_to(directory).as_posix() for path in jinja_templates(directory)]
    if names:
        note = directory / OWN_DIRECTORY / _NOTE
        note.parent.mkdir(mode=0o700, exist_ok=True)
        note.write_text(json.dumps(names), encoding="utf-8")


def _noted_templates(directory: Path) -> list[Path]:
    try:
        names: list[str] = json.loads((directory / OWN_DIRECTORY / _NOTE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [path for path in (directory / name for name in names) if path.is_file() and not path.is_symlink()]


def render_all(context: ActionContext, script: Path | None) -> None:
    """Render the ``*.j2`` files of an instance's directory, each to the name without the suffix.

    A file is replaced atomically, and only when its text changes. Except for ``start``
    and ``update``, a template that asks for an import which is not there is left as it
    was rendered before: the others run also while imports are missing. The script that is
    about to run must be there, though. ``status`` renders its own script only.

    Args:
        context: The action; its ``directory`` is where the templates are.
        script: The script that is about to run, whether rendered or not; None for none.

    Raises:
        LifecycleError: If a template is not valid, or asks for something that is not
            there; the text names the file and the line.
    """
    templates = _noted_templates(context.directory)
    if context.action is Action.STATUS:
        templates = [path for path in templates if _output_of(path) == script]
    if not templates:
        return
    environment, values = _jinja(context.directory), jinja_values(context)
    for path in templates:
        strict = context.action in STRICT or (_output_of(path) == script and not script.exists())
        text = _rendered(environment, path.relative_to(context.directory).as_posix(), values, strict=strict)
        if text is not None:
            _replace(_output_of(path), text, stat.S_IMODE(path.stat().st_mode))


def jinja_values(context: ActionContext) -> dict[str, Any]:
    """Return what a ``*.j2`` template can use: text, lists and mappings only."""
    imports: dict[str, list[dict[str, Any]]] = {spec.prefix: [] for spec in context.instance.imports}
    for member in context.imports:
        imports.setdefault(member.prefix, []).append(_import_view(member))
    return {
        "action": context.action.value,
        "application": context.application,
        "instance": _instance_view(context.instance),
        "exports": local_exports(context.instance),
        "imports": imports,
        "ancestors": [_instance_view(ancestor) for ancestor in context.ancestors],
        "difference": {
            "joined": [_import_view(member) for member in context.difference.joined],
            "left": [_import_view(member) for member in context.difference.left],
            "changed": [_import_view(member) for member in context.difference.changed],
        },
        "files_dir": str(context.directory / "files"),
        "pid_file": str(context.pid_file),
    }


def jinja_fault(directory: Path, path: Path) -> tuple[str, int] | None:
    """Return what is wrong with the syntax of a ``*.j2`` file and in which line, or None."""
    import jinja2

    try:
        _jinja(directory).parse(path.read_text(encoding="utf-8"))
    except jinja2.TemplateSyntaxError as error:
        return error.message or "not valid", error.lineno
    except UnicodeDecodeError:
        return "it is not UTF-8 text", 0
    return None


def action_template(action: Action, directory: Path) -> Path | None:
    """Return the Mustache template that serves an action, or None; ``default`` serves all but ``status``."""
    names = (action.value,) if action is Action.STATUS else (action.value, "default")
    paths = (directory / ACTION_TEMPLATES / f"{name}{MUSTACHE_SUFFIX}" for name in names)
    return next((path for path in paths if path.is_file()), None)


def render_action_template(template: Path, context: ActionContext) -> Path:
    """Render a Mustache template to an executable script and return its path.

    Raises:
        LifecycleError: If the template is not valid.
    """
    import chevron  # type: ignore[import-untyped]  # it ships no types

    partials = {
        str(path.relative_to(template.parent).with_suffix("")): _text(path)
        for path in sorted(template.parent.rglob(f"*{MUSTACHE_SUFFIX}"))
    }
    try:
        text = chevron.render(
            _text(template), mustache_values(context.imports), partials_path="", partials_dict=partials
        )
    except (SyntaxError, RecursionError) as error:
        raise LifecycleError(f"{ACTION_TEMPLATES}/{template.name} is not valid: {error}") from error
    script = context.directory / OWN_DIRECTORY / f"{context.action}.script"
    script.parent.mkdir(mode=0o700, exist_ok=True)
    _replace(script, text, 0o700)
    return script


def mustache_values(imports: Iterable[Import]) -> dict[str, Any]:
    """Return what an action template can use. Source: Roboconf user guide, "Script Plug-in"."""
    lists: dict[str, list[dict[str, Any]]] = {}
    for member in sorted(imports, key=lambda i: (i.prefix, i.path)):
        variables = [{"name": f"{member.prefix}.{n}", "value": v} for n, v in sorted(member.variables.items())]
        lists.setdefault(member.prefix, []).append({"exportedVars": variables})
    return {"importLists": [{"prefix": prefix, "imports": members} for prefix, members in lists.items()]}


def _jinja(directory: Path) -> jinja2.Environment:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(directory),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # configuration files, not HTML
        keep_trailing_newline=True,
    )


def _rendered(environment: jinja2.Environment, name: str, values: Mapping[str, Any], *, strict: bool) -> str | None:
    import jinja2

    file = None
    try:
        template = environment.get_template(name)
        file = template.filename
        return template.render(values)
    except jinja2.TemplateSyntaxError as error:
        raise LifecycleError(f"{error.name or name}:{error.lineno}: {error.message}") from error
    except jinja2.UndefinedError as error:
        if strict:
            raise LifecycleError(f"{name}{_line(file, error)}: {error}") from error
        log.info("%s is left as it is: %s", name, error)
        return None
    except (jinja2.TemplateError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise LifecycleError(f"{name}{_line(file, error)}: {error}") from error


def _line(file: str | None, error: Exception) -> str:
    """Return ``:line`` of a template's last line on the way to an error; Jinja2 puts it into the traceback."""
    line, frame = "", error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == file:
            line = f":{frame.tb_lineno}"
        frame = frame.tb_next
    return line


def _instance_view(instance: InstanceSpec) -> dict[str, Any]:
    return {
        "name": instance.path.rpartition("/")[2],
        "path": instance.path,
        "component": instance.component,
        "exports": local_exports(instance),
    }


def _import_view(member: Import) -> dict[str, Any]:
    told = {"prefix": member.prefix, "path": member.path, "component": member.component}
    return dict(member.variables) | told | {"variables": dict(member.variables)}


def _output_of(template: Path) -> Path:
    return template.with_name(template.name.removesuffix(TEMPLATE_SUFFIX))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise LifecycleError(f"{path.parent.name}/{path.name} is not UTF-8 text") from error


def _replace(path: Path, text: str, mode: int) -> None:
    """Put a text in place of a file at once, unless it is there already: a reader never sees half of it."""
    data = text.encode()
    if not path.is_symlink() and path.is_file() and path.read_bytes() == data:
        path.chmod(mode)
        return
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(draft).chmod(mode)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
