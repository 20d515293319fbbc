"""Who may tell the deployment manager what: an agent speaks for itself only."""

from __future__ import annotations

from roboconf_core.messages.types import (
    ActionReported,
    BundleRequested,
    ExportsPublished,
    Heartbeat,
    Hello,
    ImportsRequested,
    InstanceReported,
    Message,
    PortTaken,
    machine_path_of,
)


def why_forged(sender: str, message: Message) -> str:
    """Return why a sender may not send a message to the deployment manager, or an empty text.

    What only the core can tell (whose an instance is, which generation lives) is left to it.
    """
    match message:
        case ExportsPublished(publication=p):
            if p.agent != sender:
                return f"it publishes exports as '{p.agent}'"
            return _outside(sender, p.path)
        case InstanceReported(path=path) | ActionReported(path=path):
            return _outside(sender, path)
        case Hello() | Heartbeat() | BundleRequested() | PortTaken() | ImportsRequested():
            return ""
        case _:
            return f"no agent sends {type(message).__name__}"


def _outside(sender: str, path: str) -> str:
    machine = machine_path_of(sender)
    inside = path == machine or path.startswith(machine + "/")
    return "" if inside else f"it speaks for '{path}', which is outside its machine"
