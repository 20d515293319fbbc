"""Finds what users name, or tells them what they may have meant."""

from __future__ import annotations

from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.naming import did_you_mean
from roboconf_core.dm.core.state import ApplicationRecord, InstanceRecord
from roboconf_core.errors import ConflictError, InvalidRequestError, NotFoundError


def application(memory: Memory, name: str) -> ApplicationRecord:
    """Return an application.

    Raises:
        NotFoundError: If there is none of that name.
    """
    found = memory.applications.get(name)
    if found is None:
        known = list(memory.applications)
        hint = did_you_mean(name, known) or (f"there are {', '.join(known)}" if known else "there is none yet")
        raise NotFoundError(f"application '{name}' does not exist", hint=hint)
    return found


def instance(memory: Memory, application_name: str, path: str) -> InstanceRecord:
    """Return an instance by its path, ``/vm/tomcat``; a trailing slash is forgiven.

    Raises:
        NotFoundError: If the application or the instance does not exist.
        InvalidRequestError: If the path is empty or does not begin with a slash.
    """
    application(memory, application_name)
    wanted = checked_path(path)
    found = memory.find(application_name, wanted)
    if found is None:
        hint = did_you_mean(wanted, memory.paths(application_name))
        raise NotFoundError(f"instance '{wanted}' does not exist in '{application_name}'", hint=hint)
    return found


def staying_instance(memory: Memory, application_name: str, path: str) -> InstanceRecord:
    """Return an instance that is not being removed.

    Raises:
        NotFoundError: As ``instance``.
        InvalidRequestError: As ``instance``.
        ConflictError: If it is being removed.
    """
    found = instance(memory, application_name, path)
    if found.removing:
        raise ConflictError(f"{found.path} is being removed", hint="wait until it is gone")
    return found


def checked_path(path: str) -> str:
    """Return the path without trailing slashes.

    Raises:
        InvalidRequestError: If it is empty or does not begin with a slash.
    """
    wanted = path.rstrip("/")
    if not wanted:
        raise InvalidRequestError("no instance is named", hint="give a path such as /vm/tomcat")
    if not wanted.startswith("/"):
        raise InvalidRequestError(f"'{path}' is no path of an instance", hint=f"did you mean '/{wanted}'?")
    return wanted
