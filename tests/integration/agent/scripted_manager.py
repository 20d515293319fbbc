"""A deployment manager that says what a test wants, sends recipes, and notes what it hears."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from roboconf_core.dm.bundles import BundleStore
from roboconf_core.messages.codec import decode, encode
from roboconf_core.messages.topology import agent_topic
from roboconf_core.messages.types import (
    ActionReported,
    BundleRequested,
    DesiredState,
    ExportsPublished,
    Heartbeat,
    Hello,
    InstanceReported,
    InstanceSpec,
    key_of,
)
from roboconf_core.model.lifecycle import Desired, Status
from roboconf_core.model.settings import Settings

from .conftest import wait_for

AGENT = "shop/vm"
SCRIPTS = {
    "deploy.sh": "echo deployed >> ../log\n",
    "start.sh": 'sleep 1000 &\necho $! > "$ROBOCONF_PID_FILE"\necho "started with ${Db_0_ip-none}"\n',
    "update.sh": 'echo "update: ${Db_0_ip-none}"\n',
    "stop.sh": 'kill $(cat "$ROBOCONF_PID_FILE") 2> /dev/null\nrm "$ROBOCONF_PID_FILE"\necho stopped\n',
    "status.sh": 'kill -0 $(cat "$ROBOCONF_PID_FILE")\n',
    "undeploy.sh": "echo undeployed\n",
}


@dataclass
class Manager:
    """A deployment manager that says what a test wants, sends recipes, and notes what it hears."""

    bundles: BundleStore
    statuses: dict[str, Status] = field(default_factory=dict)
    reports: dict[str, InstanceReported] = field(default_factory=dict)
    actions: list[ActionReported] = field(default_factory=list)
    all: list = field(default_factory=list)
    version: int = 0
    desired: DesiredState | None = None

    def connected(self):
        pass

    def disconnected(self, reason):
        pass

    def overflowed(self):
        pass

    def agent_connected(self, agent):
        pass

    def agent_disconnected(self, agent):
        pass

    def delivered(self, delivery):
        message = decode(delivery.payload)
        self.all.append(message)
        if isinstance(message, InstanceReported):
            self.statuses[message.path] = message.status
            self.reports[message.path] = message
        elif isinstance(message, ActionReported):
            self.actions.append(message)
        elif isinstance(message, Hello | Heartbeat) and self.desired and message.version != self.version:
            self.send(agent_topic(AGENT), self.desired)  # what was sent before it listened is lost
        elif isinstance(message, BundleRequested):
            self.send(agent_topic(AGENT), self.bundles.chunk(message.digest, message.offset))
        self.connection.acknowledge(delivery.tag)

    def send(self, topic, message):
        self.connection.publish(topic, encode(message), key=key_of(message))

    def want(self, *instances):
        self.version += 1
        machine = InstanceSpec(
            id="i-vm",
            path="/vm",
            component="VM",
            installer="target",
            parent="",
            exports={"VM.ip": "127.0.0.1"},
            desired=Desired.DEPLOYED_STARTED,
            generation=1,
        )
        self.desired = DesiredState(generation=1, version=self.version, machine=machine, instances=instances)
        self.send(agent_topic(AGENT), self.desired)

    def wait(self, path, status, **patience):
        def reached():
            report = self.reports.get(path)
            return report and report.status is status and report.action is None

        wait_for(reached, f"{path} {status}", **patience)

    def exported(self, path):
        """Return what an instance exports now, None when nothing."""
        found = [m.publication for m in self.all if isinstance(m, ExportsPublished) and m.publication.path == path]
        return found[-1].variables if found else None

    def ran(self, action):
        return [report for report in self.actions if report.action == action]


def make_recipe(bundles, directory, **changes):
    """Return the digest of a recipe: a service that sleeps, with the given scripts instead."""
    (directory / "scripts").mkdir(parents=True)
    for file, text in (SCRIPTS | {f"{k}.sh": v for k, v in changes.items()}).items():
        (directory / "scripts" / file).write_text(f"#!/bin/bash\nset -e\n{text}")
    return bundles.add(directory)


def web(bundle, desired=Desired.DEPLOYED_STARTED, generation=1, **changes):
    spec = InstanceSpec(
        id="i-web",
        path="/vm/web",
        component="Web",
        installer="bash",
        parent="/vm",
        exports={"Web.port": "8080"},
        bundle=bundle,
        settings=Settings(status_period_s=1.0, retry_delay_s=0.1),
        desired=desired,
        generation=generation,
    )
    return replace(spec, **changes)
