"""A target handler that keeps its contract, and others that break it, each in one way.

Run by ``test_target_suite_catches.py``, never collected by itself.
"""

import threading
from dataclasses import replace

import pytest

from roboconf_core.errors import TargetError
from roboconf_core.hooks.properties import PropertySpec, PropertyType
from roboconf_core.hooks.targets import Termination
from roboconf_core.testing.fakes import Cloud, InMemoryTarget
from roboconf_core.testing.targets import TargetHandlerContract


class KeptSuite(TargetHandlerContract):
    Broken = InMemoryTarget

    @pytest.fixture(autouse=True)
    def cloud(self):
        self.cloud = Cloud(machines={"machine-of-somebody": "by hand"})

    def make_handler(self):
        return self.Broken(self.cloud)

    def existing(self):
        return frozenset(self.cloud.machines)


class TestKept(KeptSuite):
    pass


class TestNamesInAnyCase(KeptSuite):
    class Broken(InMemoryTarget):
        names = ("In-Memory",)


class TestUndescribedProperty(KeptSuite):
    class Broken(InMemoryTarget):
        properties = (PropertySpec(name="size", description=""),)


class TestInvalidDefault(KeptSuite):
    class Broken(InMemoryTarget):
        properties = (PropertySpec(name="size", description="how big", type=PropertyType.INTEGER, default="big"),)


class TestAcceptsAnything(KeptSuite):
    class Broken(InMemoryTarget):
        def check(self, properties):
            return []


class TestInventsIdentifiers(KeptSuite):
    class Broken(InMemoryTarget):
        def create_machine(self, machine):
            super().create_machine(machine)
            return machine.identity

        def is_machine_running(self, machine, machine_id):
            return True


class TestCreatesTwins(KeptSuite):
    class Broken(InMemoryTarget):
        def create_machine(self, machine):
            with self.cloud.lock:
                self.cloud.created += 1
                self.cloud.machines[f"machine-{self.cloud.created}"] = machine.identity
                return f"machine-{self.cloud.created}"


class TestCreatesTwinsWhenAskedAtOnce(KeptSuite):
    class Broken(InMemoryTarget):
        barrier = threading.Barrier(4)

        def create_machine(self, machine):
            found = self.find_machine(machine)
            if threading.current_thread() is not threading.main_thread():
                self.barrier.wait(5)
            return found or super().create_machine(replace(machine, generation=1000 + threading.get_ident()))


class TestOneMachineForAll(KeptSuite):
    class Broken(InMemoryTarget):
        def create_machine(self, machine):
            return super().create_machine(replace(machine, path="/vm"))


class TestFindsByCreating(KeptSuite):
    class Broken(InMemoryTarget):
        def find_machine(self, machine):
            return self.create_machine(machine)


class TestRemembersInMemoryOnly(KeptSuite):
    class Broken(InMemoryTarget):
        def __init__(self, cloud):
            super().__init__(cloud)
            self.mine = {}

        def create_machine(self, machine):
            self.mine[machine.identity] = super().create_machine(machine)
            return self.mine[machine.identity]

        def find_machine(self, machine):
            return self.mine.get(machine.identity)


class TestFindsAnyGeneration(KeptSuite):
    class Broken(InMemoryTarget):
        def find_machine(self, machine):
            return super().find_machine(replace(machine, generation=1))


class TestAddressOfTheMoment(KeptSuite):
    class Broken(InMemoryTarget):
        def address_for(self, machine):
            return f"10.0.0.{self.cloud.created}"


class TestLeaks(KeptSuite):
    class Broken(InMemoryTarget):
        def terminate_machine(self, machine, machine_id):
            return Termination()


class TestTerminatesWhatItRemembers(KeptSuite):
    class Broken(TestRemembersInMemoryOnly.Broken):
        def terminate_machine(self, machine, machine_id):
            if machine.identity in self.mine:
                return super().terminate_machine(machine, machine_id)
            return Termination()


class TestInsistsOnWhatIsGone(KeptSuite):
    class Broken(InMemoryTarget):
        def terminate_machine(self, machine, machine_id):
            if machine_id not in self.cloud.machines:
                raise TargetError(f"{machine_id} does not exist")
            return super().terminate_machine(machine, machine_id)


class TestNeverAgain(KeptSuite):
    class Broken(InMemoryTarget):
        def create_machine(self, machine):
            if machine.generation > 1:
                raise TargetError(f"{machine.path} was there before")
            return super().create_machine(machine)


class TestTerminatesByPrefix(KeptSuite):
    class Broken(InMemoryTarget):
        def terminate_machine(self, machine, machine_id):
            mine = f"{machine.dm_id}/{machine.application}{machine.path}"
            for key, identity in list(self.cloud.machines.items()):
                if identity.startswith(mine):
                    del self.cloud.machines[key]
            return Termination()


class TestTouchesForeignMachines(KeptSuite):
    class Broken(InMemoryTarget):
        def terminate_machine(self, machine, machine_id):
            self.cloud.machines.pop(machine_id, None)
            return Termination()


class TestFindsForeignMachines(KeptSuite):
    class Broken(InMemoryTarget):
        def find_machine(self, machine):
            ours = machine.identity.partition("/")[2]
            return next((k for k, v in self.cloud.machines.items() if v.partition("/")[2] == ours), None)


class TestEverythingRuns(KeptSuite):
    class Broken(InMemoryTarget):
        def is_machine_running(self, machine, machine_id):
            return self.find_machine(machine) is not None


class TestRestartsByReplacing(KeptSuite):
    class Broken(InMemoryTarget):
        def restart_agent(self, machine, machine_id):
            self.terminate_machine(machine, machine_id)
            self.create_machine(machine)
