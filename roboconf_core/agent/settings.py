"""The launch settings: who an agent is, whom it talks to, where it keeps things."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from roboconf_core.errors import Code, RoboconfError

TRANSPORT_PREFIX = "transport."


class AgentSettingsError(RoboconfError):
    """The settings with which an agent was started cannot be used."""

    code = Code.AGENT_SETTINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSettings:
    """What the deployment manager tells an agent before it starts, through the target handler."""

    agent: str
    """Application and machine path: ``lamp/apache-vm``."""
    generation: int
    """Of the machine, at least 1."""
    transport: str
    """Name of the messaging transport."""
    transport_settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    """As its ``enrol`` returned them; they hold the credential."""
    directory: Path
    """Where the agent keeps state, work and cache."""
    dm_id: str = ""
    machine_id: str = ""
    """Carried by every process of the machine as ``ROBOCONF_MACHINE_ID``."""
    address: str = ""
    """What ``ip`` exports; empty when the deployment manager knows better."""
    shared_host: bool = False
    """Whether other machines share this host and its ports."""


def read_settings(path: Path) -> LaunchSettings:
    """Return the settings of a JSON file: one object of texts.

    Raises:
        AgentSettingsError: If the file cannot be read or lacks something; names all that is wrong.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AgentSettingsError(f"the agent's settings '{path}' cannot be read: {reason}") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise AgentSettingsError(f"the agent's settings '{path}' are not a JSON object of texts")
    if faults := _faults(found):
        raise AgentSettingsError(f"the agent's settings '{path}' cannot be used: {'; '.join(faults)}")
    return _settings(found)


def _faults(found: Mapping[str, str]) -> list[str]:
    faults = [f"'{key}' is missing" for key in ("agent", "generation", "transport", "directory") if not found.get(key)]
    application, slash, machine = found.get("agent", "").partition("/")
    if found.get("agent") and not (application and slash and machine):
        faults.append(f"'agent' is '{found['agent']}', expected an application and a machine's path such as app/vm")
    generation = found.get("generation", "")
    if generation and not (generation.isascii() and generation.isdecimal() and int(generation) > 0):
        faults.append(f"'generation' is '{generation}', expected a number from 1 on")
    if found.get("shared_host", "false") not in ("true", "false"):
        faults.append(f"'shared_host' is '{found['shared_host']}', expected true or false")
    if found.get("directory") and not Path(found["directory"]).is_absolute():
        faults.append(f"'directory' is '{found['directory']}', expected an absolute path")
    return faults


def _settings(found: Mapping[str, str]) -> LaunchSettings:
    return LaunchSettings(
        agent=found["agent"],
        generation=int(found["generation"]),
        transport=found["transport"],
        transport_settings={
            key.removeprefix(TRANSPORT_PREFIX): value
            for key, value in found.items()
            if key.startswith(TRANSPORT_PREFIX)
        },
        directory=Path(found["directory"]),
        dm_id=found.get("dm_id", ""),
        machine_id=found.get("machine_id", ""),
        address=found.get("address", ""),
        shared_host=found.get("shared_host") == "true",
    )
