"""A small application and a driver for the deployment manager's core, for its tests."""

from __future__ import annotations

from roboconf_core.dm.core.manager import DmCore
from roboconf_core.dm.core.state import DEFAULT_LIMITS
from roboconf_core.dm.events import (
    AddTemplate,
    ChangeDesired,
    CreateApplication,
    Delete,
    DoMachineStep,
    MachineStepDone,
    MachineStepFailed,
    MessageReceived,
    Publish,
    Record,
    Reply,
    Requested,
    Save,
    SetTimer,
    Started,
    TimerFired,
)
from roboconf_core.messages.digest import digest_of_publications, digest_of_reports
from roboconf_core.messages.topology import agent_topic
from roboconf_core.messages.types import (
    DesiredState,
    Epoch,
    ExportsPublished,
    Heartbeat,
    HeldImport,
    Hello,
    InstanceReported,
    Publication,
)
from roboconf_core.model.application import ApplicationTemplate, Descriptor, TargetDefinition
from roboconf_core.model.graph import Component, ExportedVariable, Graph, ImportedVariable
from roboconf_core.model.instance import Instance
from roboconf_core.model.instant import Instant
from roboconf_core.model.lifecycle import Desired, Status

PORT = ExportedVariable(name="port", random="port")
IP = ExportedVariable(name="ip")

GRAPH = Graph(
    components={
        "VM": Component(name="VM", installer="target", children=("Store", "Web", "Pod", "Dock")),
        "Store": Component(name="Store", installer="bash", exports=(IP, PORT)),
        "Web": Component(
            name="Web",
            installer="bash",
            exports=(IP, PORT),
            children=("War",),
            imports=(ImportedVariable(name="Store.ip"), ImportedVariable(name="Store.port")),
        ),
        "War": Component(name="War", installer="bash"),
        "Dock": Component(name="Dock", installer="bash", children=("Pod",)),
        "Pod": Component(name="Pod", installer="target", children=("Store",)),
    }
)

LOCAL = TargetDefinition(id="here", handler="local")


def vm(name: str, *children: Instance) -> Instance:
    return Instance(name=name, component="VM", children=children)


TEMPLATE = ApplicationTemplate(
    descriptor=Descriptor(name="shop", version="1"),
    graph=GRAPH,
    instances=(
        vm("store-vm", Instance(name="store", component="Store")),
        vm("web-vm1", Instance(name="web", component="Web")),
    ),
    bundles={"Store": "sha256:aa", "Web": "sha256:bb"},
)


class World:
    """Drives one core; agents are played by the tests through ``Player``."""

    def __init__(self, *, template=TEMPLATE, shared_hosts=("local",), limits=DEFAULT_LIMITS, default_target=LOCAL):
        self.template = template
        self.limits = limits
        self.shared_hosts = frozenset(shared_hosts)
        self.store = {}
        self.time = 0.0
        self.effects = []
        self.log = []
        self.timers = {}
        self.core = self._core()
        self.send(Started())
        self.ask(AddTemplate(template=template, digest="d1"))
        self.ask(
            CreateApplication(
                name="shop", template="shop", version=template.descriptor.version, default_target=default_target
            )
        )

    def _core(self):
        templates = {self.template.key: self.template} if self.store else {}
        return DmCore("dm1", dict(self.store), templates=templates, shared_hosts=self.shared_hosts, limits=self.limits)

    def restart(self):
        """Kill the deployment manager and start it again with what it stored."""
        self.timers = {}
        self.core = self._core()
        return self.send(Started())

    @property
    def now(self):
        return Instant(self.time, 1000.0 + self.time)

    @property
    def memory(self):
        return self.core.memory

    def send(self, event):
        """Hand an event to the core; return and keep its effects."""
        self.effects = list(self.core.handle(event, now=self.now))
        self.log += self.effects
        for effect in self.effects:
            match effect:
                case Save(kind, key, record):
                    self.store[kind, key] = record
                case Delete(kind, key):
                    del self.store[kind, key]
                case SetTimer(name, at):
                    self.timers[name] = at
        return self.effects

    def ask(self, request, **more):
        """Make a request; return its result, or raise its error."""
        self.send(Requested(id="r", request=request, **more))
        (reply,) = [e for e in self.effects if isinstance(e, Reply)]
        if reply.error is not None:
            raise reply.error
        return reply.result

    def want(self, desired, path="", **more):
        return self.ask(ChangeDesired(application="shop", path=path, desired=desired, **more))

    def start(self, path="", **more):
        return self.want(Desired.DEPLOYED_STARTED, path, **more)

    def stop(self, path="", **more):
        return self.want(Desired.DEPLOYED_STOPPED, path, **more)

    def undeploy(self, path="", **more):
        return self.want(Desired.NOT_DEPLOYED, path, **more)

    def wait(self, seconds):
        """Let time pass; fire what is due, in order."""
        end = self.time + seconds
        effects = []
        while self.timers and min(self.timers.values()) <= end:
            name = min(self.timers, key=lambda n: (self.timers[n], n))
            self.time = max(self.time, self.timers.pop(name))
            effects += self.send(TimerFired(name))
        self.time = end
        self.effects = effects
        return effects

    def hear(self, sender, message, **more):
        return self.send(MessageReceived(sender=sender, message=message, **more))

    def machine(self, path):
        return self.memory.machines["shop" + path]

    def instance(self, path):
        return self.memory.find("shop", path)

    def step(self, path):
        """The step asked for last of a machine."""
        return [e for e in self.log if isinstance(e, DoMachineStep) and e.agent == "shop" + path][-1]

    def done(self, path, **more):
        """Let the step asked for last succeed."""
        step = self.step(path)
        values = {"machine_id": f"id-{step.generation}", "address": "127.0.0.1"} | more
        return self.send(MachineStepDone(agent=step.agent, generation=step.generation, step=step.step, **values))

    def failed(self, path, reason="no quota"):
        step = self.step(path)
        return self.send(MachineStepFailed(agent=step.agent, generation=step.generation, step=step.step, reason=reason))

    def steps(self, effects=None):
        return [(e.step, e.agent) for e in effects or self.effects if isinstance(e, DoMachineStep)]

    def published(self, kind, effects=None):
        """Topic and message of what was published last, of one kind."""
        found = self.effects if effects is None else effects
        return [(e.topic, e.message) for e in found if isinstance(e, Publish) and isinstance(e.message, kind)]

    def records(self, kind, effects=None):
        return [e for e in (self.effects if effects is None else effects) if isinstance(e, Record) and e.kind == kind]

    def up(self, path):
        """Bring one machine that was asked for to the point where its agent is there; return the agent."""
        self.done(path)
        self.done(path)
        agent = Player(self, path)
        agent.hello()
        return agent


class Player:
    """An agent that does at once what it is told, when the test says so."""

    def __init__(self, world, path, boot=1):
        self.world = world
        self.name = "shop" + path
        self.epoch = Epoch(world.machine(path).generation, boot, 0)
        self.sequence = 0
        self.reports = {}
        self.publications = {}
        self.version = 0
        self.desired = None

    def say(self, message, **more):
        effects = self.world.hear(self.name, message, **more)
        self.listen(effects)
        return effects

    def listen(self, effects=None):
        for topic, message in self.world.published(DesiredState, effects):
            if topic == agent_topic(self.name) and message.version >= self.version:
                self.version = message.version
                self.desired = message

    def hello(self, **handlers):
        return self.say(Hello(epoch=self.epoch, version=self.version, handlers=handlers or {"bash": "1"}))

    def beat(self, held=None):
        return self.say(
            Heartbeat(
                epoch=self.epoch,
                version=self.version,
                reports=digest_of_reports(self.reports.values()),
                published=digest_of_publications(self.publications.values()),
                held=held or {},
            )
        )

    def report(self, path, status, **more):
        self.sequence += 1
        instance = self.world.instance(path)
        values = {"generation": instance.generation, "since": self.world.now.wall} | more
        message = InstanceReported(
            instance=instance.id, path=path, epoch=self.epoch, sequence=self.sequence, status=status, **values
        )
        self.reports[instance.id] = message
        return self.say(message)

    def publish(self, path, prefix, variables):
        self.sequence += 1
        instance = self.world.instance(path)
        publication = Publication(
            agent=self.name,
            instance=instance.id,
            path=path,
            component=instance.component,
            prefix=prefix,
            epoch=self.epoch,
            sequence=self.sequence,
            variables=variables,
        )
        self.publications[instance.id, prefix] = publication
        self.say(ExportsPublished(publication=publication))
        return publication

    def start(self, path, prefix, imports=()):
        """Report an instance as started, with one export."""
        publication = self.publish(path, prefix, {f"{prefix}.ip": "127.0.0.1"})
        self.report(path, Status.DEPLOYED_STARTED, imports=tuple(held(p) for p in imports))
        return publication

    def stop(self, path, prefix, status=Status.NOT_DEPLOYED):
        self.publish(path, prefix, None)
        return self.report(path, status)

    def again(self):
        """The same agent, started once more."""
        agent = Player(self.world, "/" + self.name.partition("/")[2], boot=self.epoch.boot + 1)
        agent.version, agent.desired = self.version, self.desired
        return agent


def held(publication):
    return HeldImport(
        instance=publication.instance,
        path=publication.path,
        prefix=publication.prefix,
        epoch=publication.epoch,
        sequence=publication.sequence,
    )


def running_shop(**more):
    """Return a world in which everything runs, and its two agents."""
    world = World(**more)
    world.start()
    store, web = world.up("/store-vm"), world.up("/web-vm1")
    exported = store.start("/store-vm/store", "Store")
    web.start("/web-vm1/web", "Web", imports=[exported])
    return world, store, web
