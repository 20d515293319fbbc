"""One agent under random requests, failures, crashes and messages: once they end, it is where it should be."""

from __future__ import annotations

import random

import pytest

from roboconf_core.agent.core.state import records_from_plain
from roboconf_core.agent.events import Connected, Outcome, ProcessDied, QueueOverflowed
from roboconf_core.messages.types import Farewell
from roboconf_core.model.lifecycle import Action, Desired, Status

PATHS = ("/vm/a", "/vm/a/b", "/vm/a/b/c", "/vm/d", "/vm/e")
PROVIDERS = ("x", "y", "z")
IMPORTS = ((), (), ("Db.port",), ("Db.*?",), ("D.port",), ("E.port?",))
LEVELS = list(Desired)


class Chaos:
    """A world and the dice that decide what befalls it."""

    def __init__(self, new_world, make, seed):
        self.dice = random.Random(seed)
        self.make = make
        self.world = new_world(slots=self.dice.choice([1, 2, 4, 8]))
        self.world.has_status = {path for path in PATHS if self.dice.random() < 0.5}
        self.imports = {path: self.dice.choice(IMPORTS) for path in PATHS}
        self.desired = dict.fromkeys(PATHS, Desired.NOT_DEPLOYED)
        self.generation = dict.fromkeys(PATHS, 1)
        self.births = dict.fromkeys(PATHS, 0)
        self.present = set(PATHS)
        self.publications = []
        self.want()

    def want(self):
        self.world.want(*(self.spec(path) for path in PATHS if path in self.present))

    def spec(self, path):
        return self.make.spec(
            path,
            id=f"{path}#{self.births[path]}",
            desired=self.desired[path],
            generation=self.generation[path],
            imports=self.imports[path],
            exports={f"{path[-1].upper()}.port": "1"},
            settings={"attempts": 2},
        )

    # --- what befalls it

    def step(self):
        deeds = (self.request, self.publish, self.publish, self.finish, self.finish, self.finish, self.wait)
        rare = (self.come_or_go, self.repeat, self.die, self.crash, self.farewell, self.overflow)
        self.dice.choice(deeds if self.dice.random() < 0.8 else rare)()

    def request(self):
        path, level = self.dice.choice(PATHS), self.dice.choice(LEVELS)
        for below in (path,) if level is Desired.DEPLOYED_STARTED else self.subtree(path):
            lowered = min(self.desired[below], level, key=LEVELS.index)
            self.desired[below] = level if below == path else lowered
            self.generation[below] += 1
        self.want()

    def come_or_go(self):
        path = self.dice.choice(PATHS)
        parent = path.rpartition("/")[0]
        if path in self.present:
            self.present -= set(self.subtree(path))
        elif parent == "/vm" or parent in self.present:
            self.present.add(path)
            self.births[path] += 1
        self.want()

    def publish(self):
        name, port = self.dice.choice(PROVIDERS), self.dice.choice([None, "1", "2"])
        planned = port is None and self.dice.random() < 0.5
        found = self.make.publication(f"/{name}/db", len(self.publications) + 1, port=port, planned=planned)
        self.publications.append(found)
        self.world.exported(found)

    def repeat(self):
        if self.publications:
            self.world.exported(self.dice.choice(self.publications))

    def finish(self, failures=0.3):
        if not self.world.running:
            return
        run = self.dice.choice(list(self.world.running.values()))
        reason = "exit status 1" if self.dice.random() < failures else ""
        if run.id in self.world.cancelled:
            reason = self.dice.choice(["", "cancelled"])
        self.world.finish(run.instance.path, reason=reason)

    def die(self):
        path = self.dice.choice(PATHS)
        self.world.do(ProcessDied(f"{path}#{self.births[path]}"))

    def crash(self):
        rebooted = self.dice.random() < 0.3
        paths = [run.instance.path for run in self.world.running.values()]
        lost = () if rebooted else tuple(path for path in paths if self.dice.random() < 0.3)
        left = [path for path in paths if path not in lost and self.dice.random() < 0.5]
        ended = {path: Outcome(has_status=path in self.world.has_status) for path in left}
        self.world.crash(rebooted=rebooted, ended=ended, lost=lost)
        self.world.do(Connected())
        for publication in self.newest().values():
            self.world.exported(publication)

    def farewell(self):
        own = self.world.published("/vm")
        if own:
            self.world.hear(Farewell(agent="app/vm", epoch=own[-1].epoch))

    def overflow(self):
        self.world.do(QueueOverflowed())

    def wait(self):
        self.world.advance(self.dice.choice([0, 0.1, 0.5, 1, 5, 10]))

    def quiet_down(self):
        """Let everything succeed from now on, until nothing more happens."""
        self.generation = {path: number + 1 for path, number in self.generation.items()}
        self.want()
        for _ in range(150):
            self.world.advance(2)
            while self.world.running:
                self.finish(failures=0)

    # --- what should be

    def subtree(self, path):
        return [other for other in PATHS if other == path or other.startswith(path + "/")]

    def newest(self):
        return {publication.path: publication for publication in self.publications}

    def providers(self):
        return {path for path, publication in self.newest().items() if publication.variables is not None}

    def wanted(self, path):
        above = path.rpartition("/")[0]
        if path == "/vm":
            return Desired.DEPLOYED_STARTED
        if path not in self.present or self.wanted(above) is Desired.NOT_DEPLOYED:
            return Desired.NOT_DEPLOYED
        return self.desired[path]

    def started(self):
        """Return the instances that should be started: the least set that supports itself."""
        found, before = {"/vm"}, None
        while before != found:
            before = set(found)
            found |= {path for path in self.present if self.may_start(path, before)}
        return found - {"/vm"}

    def may_start(self, path, started):
        needs = {"Db.port": bool(self.providers()), "D.port": "/vm/d" in started and path != "/vm/d"}
        resolved = all(needs.get(wanted, True) for wanted in self.imports[path])
        parent = path.rpartition("/")[0]
        return self.wanted(path) is Desired.DEPLOYED_STARTED and parent in started and resolved


@pytest.mark.parametrize("seed", range(60))
def test_once_troubles_end_every_instance_is_where_it_should_be(new_world, make, seed):
    chaos = Chaos(new_world, make, seed)
    for _ in range(60):
        chaos.step()
    chaos.quiet_down()
    world, started = chaos.world, chaos.started()
    journalled = records_from_plain(world.journal)
    for path in chaos.present:
        report = world.report(path)
        assert journalled[f"instance/{report.instance}"].status is report.status
        assert report.failure is None
        assert report.action is None
        assert not report.dirty
        assert (report.status is Status.DEPLOYED_STARTED) == (path in started), report
        assert (world.exports(path) is not None) == (path in started)
        if path not in started:
            assert report.imports == ()
            assert report.status in resting_places(chaos.wanted(path)), report
        elif any(wanted.startswith("Db") for wanted in chaos.imports[path]):
            newest = {p.path: p.stamp for p in chaos.newest().values() if p.variables is not None}
            assert {h.path: (h.epoch, h.sequence) for h in report.imports if h.prefix == "Db"} == newest
    assert {r.path for key, r in journalled.items() if key.startswith("instance/")} == chaos.present


def resting_places(desired):
    return {
        Desired.NOT_DEPLOYED: {Status.NOT_DEPLOYED},
        Desired.DEPLOYED_STOPPED: {Status.DEPLOYED_STOPPED},
        Desired.DEPLOYED_STARTED: {Status.UNRESOLVED, Status.WAITING_FOR_ANCESTOR, Status.NOT_DEPLOYED},
    }[desired]


def test_the_same_events_have_the_same_effects(new_world, make):
    effects = []
    for _ in range(2):
        chaos = Chaos(new_world, make, 7)
        for _ in range(80):
            chaos.step()
        effects.append(chaos.world.effects)
    assert effects[0] == effects[1]
    assert any(getattr(effect, "action", None) is Action.UNDEPLOY for effect in effects[0])
