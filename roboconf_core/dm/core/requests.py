"""What users ask for: checked, carried out in memory, answered with plain values."""

from __future__ import annotations

from typing import Any

from roboconf_core.dm.core import lookup, planting, scaling, wishes
from roboconf_core.dm.core.kinds import Kind
from roboconf_core.dm.core.naming import application_name, did_you_mean
from roboconf_core.dm.core.removal import forget, still_there
from roboconf_core.dm.core.state import ApplicationRecord, TargetRecord, TemplateRecord
from roboconf_core.dm.core.targets import brings_target
from roboconf_core.dm.core.turn import Turn
from roboconf_core.dm.events import (
    AddTemplate,
    ChangeDesired,
    CreateApplication,
    CreateInstance,
    RemoveApplication,
    RemoveInstance,
    RemoveTemplate,
    ReplicateInstance,
    RestartAgent,
    Retry,
    Scale,
    UserRequest,
)
from roboconf_core.errors import ConflictError, NotFoundError
from roboconf_core.model.application import Descriptor


def carry_out(turn: Turn, request: UserRequest) -> dict[str, Any]:
    """Do what a user asks; return what the user is told.

    Raises:
        RoboconfError: If it cannot be done; the caller undoes what was begun.
    """
    match request:
        case AddTemplate():
            return _add_template(turn, request)
        case RemoveTemplate():
            return _remove_template(turn, request)
        case CreateApplication():
            return _create_application(turn, request)
        case RemoveApplication():
            return _remove_application(turn, request)
        case CreateInstance():
            return planting.create(turn, request)
        case ReplicateInstance():
            return planting.replicate(turn, request)
        case RemoveInstance():
            return _remove_instance(turn, request)
        case ChangeDesired():
            return wishes.change_desired(turn, request)
        case Retry():
            return wishes.retry(turn, request)
        case Scale():
            return scaling.scale(turn, request)
        case RestartAgent():
            return wishes.restart_agent(turn, request)


def _add_template(turn: Turn, request: AddTemplate) -> dict[str, Any]:
    template, descriptor = request.template, request.template.descriptor
    if template.key in turn.memory.template_records:
        hint = "give it another version, or delete the present one first"
        raise ConflictError(f"template '{descriptor.name}' {descriptor.version} exists already", hint=hint)
    _refuse_second_prefix(turn, descriptor)
    turn.memory.templates[template.key] = template
    record = TemplateRecord(
        name=descriptor.name,
        version=descriptor.version,
        digest=request.digest,
        description=descriptor.description,
        added=turn.now.wall,
    )
    turn.memory.template_records.put(template.key, record)
    turn.record("", "", Kind.TEMPLATE_ADDED, f"template '{descriptor.name}' {descriptor.version} was added")
    return {"name": descriptor.name, "version": descriptor.version}


def _refuse_second_prefix(turn: Turn, descriptor: Descriptor) -> None:
    """Raise if another template exports under the same prefix: nobody could tell whose variables importers get."""
    prefix = descriptor.exports_prefix
    for other in (template.descriptor for template in turn.memory.templates.values()):
        if prefix and prefix == other.exports_prefix:
            text = f"template '{other.name}' {other.version} has the same 'exports-prefix' '{prefix}'"
            raise ConflictError(text, hint="choose another one in the descriptor, or delete that template first")


def _remove_template(turn: Turn, request: RemoveTemplate) -> dict[str, Any]:
    key = _template_key(turn, request.name, request.version)
    users = [a.name for a in turn.memory.applications.values() if a.template_key == key]
    if users:
        text = f"template '{request.name}' {request.version} is used by {', '.join(users)}"
        raise ConflictError(text, hint=f"remove the application first: roboconf down {users[0]}")
    turn.memory.template_records.remove(key)
    del turn.memory.templates[key]
    turn.record("", "", Kind.TEMPLATE_REMOVED, f"template '{request.name}' {request.version} was removed")
    return {"name": request.name, "version": request.version}


def _template_key(turn: Turn, name: str, version: str) -> str:
    key = f"{name} - {version}"
    if key in turn.memory.template_records:
        return key
    known = turn.memory.template_records.values()
    versions = [record.version for record in known if record.name == name]
    if versions:
        raise NotFoundError(
            f"template '{name}' has no version {version}", hint=f"there is {', '.join(sorted(versions))}"
        )
    hint = did_you_mean(name, {record.name for record in known})
    raise NotFoundError(f"template '{name}' does not exist", hint=hint)


def _create_application(turn: Turn, request: CreateApplication) -> dict[str, Any]:
    name = application_name(request.name)
    if name in turn.memory.applications:
        raise ConflictError(f"application '{name}' exists already", hint="choose another name")
    key = _template_key(turn, request.template, request.version)
    target = TargetRecord.of(request.default_target) if request.default_target else None
    application = ApplicationRecord(
        name=name,
        template=request.template,
        version=request.version,
        description=request.description,
        default_target=target,
        created=turn.now.wall,
    )
    turn.memory.applications.put(name, application)
    created = [i for root in turn.memory.templates[key].instances for i in planting.plant(turn, name, "", root)]
    text = f"application '{name}' was created from template '{request.template}' {request.version}"
    turn.record(name, "", Kind.APPLICATION_CREATED, text, {"instances": len(created)})
    return {
        "name": name,
        "template": request.template,
        "version": request.version,
        "instances": len(created),
        "machines_without_target": [i.path for i in created if i.is_machine and not brings_target(turn.memory, i)],
    }


def _remove_application(turn: Turn, request: RemoveApplication) -> dict[str, Any]:
    name = lookup.application(turn.memory, request.name).name
    left = [(i.path, why) for i in turn.memory.instances_of(name) if (why := still_there(turn.memory, i))]
    if left:
        path, why = left[0]
        more = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
        hint = f"undeploy it first: roboconf instance undeploy {name}"
        raise ConflictError(f"application '{name}' is not gone yet: {path}: {why}{more}", hint=hint)
    for root in turn.memory.children(name, ""):
        forget(turn, root)
    turn.memory.applications.remove(name)
    turn.record(name, "", Kind.APPLICATION_REMOVED, f"application '{name}' was removed")
    return {"name": name}


def _remove_instance(turn: Turn, request: RemoveInstance) -> dict[str, Any]:
    top = lookup.staying_instance(turn.memory, request.application, request.path)
    for instance in turn.memory.subtree(top.application, top.path):
        why = still_there(turn.memory, instance)
        if why:
            hint = f"undeploy it first: roboconf instance undeploy {top.path}"
            raise ConflictError(f"{top.path} cannot be removed: {instance.path}: {why}", hint=hint)
    forget(turn, top)
    return {"path": top.path}
