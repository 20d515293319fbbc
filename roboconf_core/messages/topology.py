"""Who listens where: the topics, as in the original's routing contexts.

Source: Roboconf developer guide, "Messaging": those that import a prefix receive its
exports, those that export it receive the requests. Names of applications hold no slash,
so that every topic can be read back.
"""

from __future__ import annotations

from roboconf_core.messages.types import application_of, machine_path_of

DM_TOPIC = "dm"
"""What agents tell the deployment manager."""


def agent_topic(agent: str) -> str:
    """Return the topic of what is told to one agent."""
    return f"{application_of(agent)}/machine{machine_path_of(agent)}"


def importers_topic(application: str, prefix: str) -> str:
    """Return the topic of publications under a prefix: its listeners import the prefix."""
    return f"{application}/those.that.import.{prefix}"


def exporters_topic(application: str, prefix: str) -> str:
    """Return the topic of requests for a prefix: its listeners export the prefix."""
    return f"{application}/those.that.export.{prefix}"


def may_publish(sender: str, topic: str) -> bool:
    """Tell whether an agent may publish to a topic: to the manager, and within its own application."""
    return topic == DM_TOPIC or topic.startswith(application_of(sender) + "/")


def may_subscribe(sender: str, topic: str) -> bool:
    """Tell whether an agent may listen to a topic: its own, and its application's prefixes."""
    application = application_of(sender)
    return topic == agent_topic(sender) or topic.startswith(
        (f"{application}/those.that.import.", f"{application}/those.that.export.")
    )
