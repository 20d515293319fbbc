"""The directory of exports: who publishes what, and how those who missed something are repaired.

Withdrawals are kept as tombstones. What a farewell covers counts as withdrawn.
"""

from __future__ import annotations

from dataclasses import replace

from roboconf_core.dm.core.memory import Memory, exports_key
from roboconf_core.dm.core.state import MachineRecord
from roboconf_core.dm.core.turn import Turn
from roboconf_core.messages.digest import digest_of_publications
from roboconf_core.messages.topology import exporters_topic, importers_topic
from roboconf_core.messages.types import Epoch, Farewell, ImportsRepaired, Publication
from roboconf_core.model.lifecycle import Status
from roboconf_core.model.variables import import_specs

NEVER_AGAIN = 2**31
"""Boot and incarnation of a farewell to a machine that was terminated: nothing of its generation may come after."""


def take_in(turn: Turn, publication: Publication) -> None:
    """Keep a publication if it is the newest of its instance and prefix; its sender was checked."""
    key = exports_key(publication)
    known = turn.memory.exports.get(key)
    if known is None or publication.stamp > known.stamp:
        turn.memory.exports.put(key, publication)


def live(memory: Memory, application: str, prefix: str) -> list[Publication]:
    """Return what is exported under a prefix now."""
    return [p for p in memory.published_under(application, prefix) if is_live(memory, p)]


def live_instances(memory: Memory, application: str, prefix: str) -> frozenset[str]:
    """Return the identifiers of the instances that export under a prefix now."""
    return memory.derived(
        "live", application, prefix, compute=lambda: frozenset(p.instance for p in live(memory, application, prefix))
    )


def is_live(memory: Memory, publication: Publication) -> bool:
    """Tell whether a publication is neither withdrawn nor covered by a farewell."""
    machine = memory.machines.get(publication.agent)
    if machine is None or publication.variables is None:
        return False
    return machine.farewell is None or publication.epoch > machine.farewell


def digest_of_prefix(memory: Memory, application: str, prefix: str) -> str:
    """Return the digest that an importer's agent reports when it holds what it should."""
    return memory.derived(
        "prefix", application, prefix, compute=lambda: digest_of_publications(live(memory, application, prefix))
    )


def digest_of_agent(memory: Memory, agent: str) -> str:
    """Return the digest that an agent reports when all that it publishes is known here."""
    return memory.derived(
        "published",
        agent,
        compute=lambda: digest_of_publications(p for p in memory.published_by(agent) if is_live(memory, p)),
    )


def repair(memory: Memory, application: str, prefix: str) -> ImportsRepaired:
    """Return all that is known of a prefix, for an agent that holds something else."""
    machines = [m for m in memory.machines.values() if m.application == application]
    return ImportsRepaired(
        prefix=prefix,
        generation=memory.newest_generation,
        agents={m.agent: m.generation for m in machines if m.status is not Status.NOT_DEPLOYED},
        farewells=tuple(Farewell(agent=m.agent, epoch=m.farewell) for m in machines if m.farewell is not None),
        publications=tuple(memory.published_under(application, prefix)),
    )


def say_farewell(turn: Turn, machine: MachineRecord, epoch: Epoch | None) -> MachineRecord:
    """Tell that an agent is gone; return the changed machine.

    Importers learn that all its exports up to the epoch are gone, exporters that it holds
    theirs no more: a drain need not wait for it.
    """
    if epoch is None:
        return machine
    farewell = Farewell(agent=machine.agent, epoch=epoch)
    exported = {p.prefix for p in turn.memory.published_by(machine.agent) if is_live(turn.memory, p)}
    for prefix in sorted(exported):
        turn.publish(importers_topic(machine.application, prefix), farewell)
    for prefix in sorted(_imported_by(turn.memory, machine)):
        turn.publish(exporters_topic(machine.application, prefix), farewell)
    changed = replace(machine, farewell=epoch)
    turn.memory.machines.put(machine.agent, changed)
    return changed


def _imported_by(memory: Memory, machine: MachineRecord) -> set[str]:
    """Return the prefixes that the instances of a machine import within their application."""
    graph = memory.template_of(machine.application).graph
    components = {i.component for i in memory.instances_of(machine.application) if i.agent == machine.agent}
    return {
        wanted.prefix for component in components for wanted in import_specs(graph, component) if not wanted.external
    }


def forget_agent(turn: Turn, agent: str) -> None:
    """Drop all that an agent published: its machine is gone, and whoever asks is told that it does not exist."""
    for publication in turn.memory.published_by(agent):
        turn.memory.exports.remove(exports_key(publication))
