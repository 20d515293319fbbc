"""Who may say what to an agent. Pure.

The transport authenticates the sender; here it is checked against what the message speaks of.
"""

from __future__ import annotations

from roboconf_core.messages.types import (
    DM,
    DesiredState,
    DrainAnswered,
    ExportsHeld,
    ExportsPublished,
    Farewell,
    ImportsRepaired,
    ImportsRequested,
    Message,
    Publication,
    ReportsRequested,
    Resynchronize,
    application_of,
    machine_path_of,
)

_FROM_DM = (DesiredState, Farewell, ImportsRepaired, ReportsRequested, Resynchronize)
_FROM_PEERS = (ImportsRequested, ExportsHeld, DrainAnswered)


def may_say(agent: str, sender: str, message: Message) -> bool:
    """Tell whether an agent may listen to a message of a sender.

    The deployment manager alone gives orders and bids farewell; an agent speaks for the
    instances of its own machine, within its application. What an agent itself published
    and gets back tells it nothing.
    """
    if isinstance(message, _FROM_DM):
        return sender == DM
    if sender == agent or application_of(sender) != application_of(agent):
        return False
    if isinstance(message, ExportsPublished):
        return _owns(sender, message.publication)
    return isinstance(message, _FROM_PEERS)


def _owns(sender: str, publication: Publication) -> bool:
    machine = machine_path_of(sender)
    inside = publication.path == machine or publication.path.startswith(machine + "/")
    return publication.agent == sender and inside
