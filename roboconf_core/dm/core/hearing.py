"""What agents say: who may say what about whom, and what follows from it."""

from __future__ import annotations

from roboconf_core.dm.core import arrival, directory, liveness, port_space
from roboconf_core.dm.core.kinds import Kind
from roboconf_core.dm.core.memory import Memory, exports_key
from roboconf_core.dm.core.moves import change
from roboconf_core.dm.core.state import InstanceRecord, MachineRecord, Phase
from roboconf_core.dm.core.turn import Turn
from roboconf_core.dm.events import RecordAction, SendBundle
from roboconf_core.messages.digest import digest_of_reports
from roboconf_core.messages.types import (
    ActionReported,
    BundleChunk,
    BundleRequested,
    Epoch,
    ExportsPublished,
    Farewell,
    Heartbeat,
    Hello,
    InstanceReported,
    Message,
    PortTaken,
    Publication,
    ReportsRequested,
    Resynchronize,
)


def hear(turn: Turn, sender: str, message: Message) -> None:
    """Take in a message of an agent; what is late, repeated or about somebody else changes nothing."""
    machine = turn.memory.machines.get(sender)
    if machine is None or machine.phase is Phase.IDLE:
        return
    match message:
        case Hello():
            _hello(turn, machine, message)
        case Heartbeat():
            _heartbeat(turn, machine, message)
        case InstanceReported():
            _report(turn, machine, message)
        case ExportsPublished(publication=publication):
            if _may_publish(turn, machine, publication):
                turn.memory.presence.refresh(sender, turn.now.monotonic)
                directory.take_in(turn, publication)
        case ActionReported():
            _action(turn, machine, message)
        case BundleRequested():
            _bundle(turn, machine, message)
        case PortTaken():
            instance = _own(turn, machine, message.instance)
            if instance is not None:
                port_space.redraw(turn, instance, message.name, message.port)
        case _:
            return


def ask_for_everything(turn: Turn) -> None:
    """Have all agents report and publish again, because messages were dropped."""
    for agent in turn.memory.presence.heard:
        turn.tell(agent, ReportsRequested())
        turn.tell(agent, Resynchronize())


def digest_of_known_reports(memory: Memory, agent: str) -> str:
    """Return the digest that an agent shows when its newest reports are known here."""
    found = (memory.reports.get(i.id) for i in memory.on_machine(agent))
    return memory.derived("reports", agent, compute=lambda: digest_of_reports(r for r in found if r is not None))


def _is_of_this_life(machine: MachineRecord, epoch: Epoch) -> bool:
    return epoch.generation == machine.generation


def _is_current(machine: MachineRecord, epoch: Epoch) -> bool:
    return _is_of_this_life(machine, epoch) and (machine.epoch is None or epoch >= machine.epoch)


def _own(turn: Turn, machine: MachineRecord, instance: str) -> InstanceRecord | None:
    found = turn.memory.instances.get(instance)
    return found if found is not None and found.agent == machine.agent else None


def _may_publish(turn: Turn, machine: MachineRecord, publication: Publication) -> bool:
    """Tell whether an agent speaks for itself: of an instance of its own, or of one that is forgotten already."""
    known = turn.memory.instances.get(publication.instance)
    before = turn.memory.exports.get(exports_key(publication))
    owners = {publication.agent, known.agent if known else machine.agent, before.agent if before else machine.agent}
    return owners == {machine.agent} and _is_current(machine, publication.epoch)


def _hello(turn: Turn, machine: MachineRecord, hello: Hello) -> None:
    if not _is_current(machine, hello.epoch):
        if machine.epoch is not None and _is_of_this_life(machine, hello.epoch):
            # Its disk is new, and it counts its lives from the beginning: as a farewell it learns which ones were.
            turn.tell(machine.agent, Farewell(agent=machine.agent, epoch=machine.epoch))
        return
    machine = change(turn, machine, handlers=dict(hello.handlers), seen_address=hello.address or machine.seen_address)
    _present(turn, machine, hello.epoch, hello.version)


def _heartbeat(turn: Turn, machine: MachineRecord, beat: Heartbeat) -> None:
    if not _is_current(machine, beat.epoch):
        return
    machine = _present(turn, machine, beat.epoch, beat.version)
    if machine.phase not in (Phase.RUNNING, Phase.DRAINING):
        return
    memory = turn.memory
    if beat.reports != digest_of_known_reports(memory, machine.agent):
        turn.tell(machine.agent, ReportsRequested())
    if beat.published != directory.digest_of_agent(memory, machine.agent):
        turn.tell(machine.agent, Resynchronize())
    for prefix, digest in sorted(beat.held.items()):
        if digest != directory.digest_of_prefix(memory, machine.application, prefix):
            turn.tell(machine.agent, directory.repair(memory, machine.application, prefix))


def _present(turn: Turn, machine: MachineRecord, epoch: Epoch, version: int) -> MachineRecord:
    """Take note of an agent that tells in which life it is and which version it holds."""
    machine = liveness.heard(turn, machine, epoch)
    if machine.phase is Phase.AWAITING_AGENT:
        arrival.arrived(turn, machine)
    machine = turn.memory.machines[machine.agent]
    turn.memory.presence.versions[machine.agent] = version
    if version > machine.version:  # the store is older than what was told: go beyond it
        machine = change(turn, machine, version=version, content="")
    elif version < machine.version:
        turn.behind.add(machine.agent)
    liveness.refute(turn, machine)
    if machine.phase is Phase.DRAINING:
        turn.reconsider(machine.agent)
    return machine


def _report(turn: Turn, machine: MachineRecord, report: InstanceReported) -> None:
    instance = _own(turn, machine, report.instance)
    if instance is None or instance.is_machine or instance.path != report.path:
        return
    if not _is_of_this_life(machine, report.epoch):
        return
    turn.memory.presence.refresh(machine.agent, turn.now.monotonic)
    known = turn.memory.reports.get(instance.id)
    if known is not None and (report.epoch, report.sequence) <= (known.epoch, known.sequence):
        return
    turn.memory.reports.put(instance.id, report)
    _record_status(turn, instance, known, report)
    if machine.phase is Phase.DRAINING:
        turn.reconsider(machine.agent)
    for below in turn.memory.machines_below(instance.application, instance.path):
        turn.reconsider(below.agent)


def _record_status(
    turn: Turn, instance: InstanceRecord, known: InstanceReported | None, report: InstanceReported
) -> None:
    before = known.status.value if known else "NOT_DEPLOYED"
    if before == report.status.value:
        return
    text = f"{instance.path} went from {before} to {report.status}" + (f": {report.cause}" if report.cause else "")
    details = {"from": before, "to": report.status.value, "cause": report.cause, "instance": instance.id}
    turn.record(instance.application, instance.path, Kind.STATUS_CHANGED, text, details)


def _action(turn: Turn, machine: MachineRecord, report: ActionReported) -> None:
    if not report.path.startswith(machine.path + "/"):
        return
    known = turn.memory.instances.get(report.instance)
    if known is not None and (known.agent != machine.agent or known.path != report.path):
        return
    if not turn.memory.presence.is_new_action(report.id):
        return
    turn.add(RecordAction(application=machine.application, report=report))
    if report.reason:
        text = f"{report.action} of {report.path} failed (attempt {report.attempt}): {report.reason}"
        details = {"action": report.action.value, "reason": report.reason, "id": report.id, "attempt": report.attempt}
        turn.record(machine.application, report.path, Kind.ACTION_FAILED, text, details)


def _bundle(turn: Turn, machine: MachineRecord, request: BundleRequested) -> None:
    if request.digest in turn.memory.template_of(machine.application).bundles.values():
        turn.add(SendBundle(agent=machine.agent, digest=request.digest, offset=request.offset))
    else:
        turn.tell(machine.agent, BundleChunk(digest=request.digest, offset=request.offset, size=0, data=""))
