"""What every target handler keeps, as tests to inherit."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from roboconf_core.errors import TargetError
from roboconf_core.hooks.properties import PropertyType, with_defaults
from roboconf_core.hooks.targets import AgentLaunch, Machine, TargetHandler, Termination

_IDLE = "import signal; signal.pause()"


class TargetHandlerContract:
    """Promises of every target handler; subclass it, override ``make_handler`` and ``existing``.

    Each test is one promise, and tells by its name which one was broken. Machines are
    made for real, or in a stub of the provider's API: ``existing`` tells what is there
    without asking the handler.
    """

    properties: ClassVar[Mapping[str, str]] = {}
    """Properties of a target with which machines can be created."""
    create_s: ClassVar[float] = 30.0
    """How long the creation of a machine may take to be answered; waiting for the machine is not part of it."""

    def make_handler(self) -> TargetHandler:
        """Return a new handler, as the deployment manager makes one at each of its starts."""
        pytest.fail("override the method 'make_handler'")

    def existing(self) -> Set[str]:
        """Return the identifiers of all machines that the provider holds, whoever made them."""
        pytest.fail("override the method 'existing'")

    @pytest.fixture
    def handler(self) -> TargetHandler:
        """Return the handler under test."""
        return self.make_handler()

    @pytest.fixture
    def machine(self, handler: TargetHandler, tmp_path: Path) -> Iterator[Machine]:
        """Describe a machine; whatever a test makes of it is terminated."""
        yield from self.lent(self.described(handler, tmp_path, "/vm"))

    @pytest.fixture
    def other(self, handler: TargetHandler, tmp_path: Path) -> Iterator[Machine]:
        """Describe another machine of the same application."""
        yield from self.lent(self.described(handler, tmp_path, "/vm2"))

    @pytest.fixture
    def foreign(self, handler: TargetHandler, tmp_path: Path) -> Iterator[Machine]:
        """Describe a machine with the same names, of another deployment manager."""
        yield from self.lent(self.described(handler, tmp_path / "foreign", "/vm", dm_id="dm-2"))

    def described(self, handler: TargetHandler, home: Path, path: str, *, dm_id: str = "dm-1") -> Machine:
        """Describe a machine as the deployment manager does; its agent is a process that idles."""
        return Machine(
            dm_id=dm_id,
            application="app",
            path=path,
            generation=1,
            properties=with_defaults(handler.properties, self.properties),
            launch=AgentLaunch(command=(sys.executable, "-I", "-S", "-c", _IDLE), settings={"agent": f"app{path}"}),
            directory=home / "machines" / "app" / path.strip("/"),
        )

    def lent(self, machine: Machine) -> Iterator[Machine]:
        """Lend a machine to a test and terminate it afterwards."""
        yield machine
        clean = self.make_handler()
        for generation in (machine.generation, machine.generation + 1):
            one = replace(machine, generation=generation)
            found = clean.find_machine(one)
            if found is not None:
                clean.terminate_machine(one, found)

    def configured(self, handler: TargetHandler, machine: Machine) -> str:
        """Create a machine and configure it to the end; return its identifier."""
        machine_id = handler.create_machine(machine)
        for _ in range(100):
            if handler.configure_machine(machine, machine_id):
                return machine_id
        pytest.fail("configure_machine found something left to do a hundred times")

    # --- what it says of itself

    def test_it_has_distinct_names_in_lower_case(self, handler: TargetHandler) -> None:
        """A handler is looked up without regard to case."""
        assert handler.names
        assert all(name and name == name.lower().strip() for name in handler.names)
        assert len(set(handler.names)) == len(handler.names)

    def test_it_says_what_it_and_its_properties_are_for(self, handler: TargetHandler) -> None:
        """``roboconf plugin show`` prints it."""
        assert handler.purpose.strip()
        for spec in handler.properties:
            assert spec.description.strip(), spec.name
            assert (spec.type is PropertyType.CHOICE) == bool(spec.choices), spec.name
            assert not (spec.secret and spec.default), f"the secret {spec.name} has a default"

    def test_defaults_and_examples_are_valid_themselves(self, handler: TargetHandler) -> None:
        """What people copy from the documentation works."""
        examples = {spec.name: spec.example for spec in handler.properties if spec.example}
        for properties in (examples, with_defaults(handler.properties, self.properties)):
            assert handler.check(dict(self.properties) | properties) == []

    def test_a_property_that_it_does_not_know_is_a_problem(self, handler: TargetHandler) -> None:
        """A slip in a name must not be ignored silently."""
        assert handler.check(dict(self.properties) | {"no.such.property": "1"})

    # --- creation

    def test_a_created_machine_exists_and_runs(self, handler: TargetHandler, machine: Machine) -> None:
        """The identifier is the provider's."""
        before = set(self.existing())
        machine_id = self.configured(handler, machine)
        assert set(self.existing()) - before == {machine_id}
        assert handler.is_machine_running(machine, machine_id)

    def test_creating_again_makes_no_second_machine(self, handler: TargetHandler, machine: Machine) -> None:
        """An answer may be lost: the deployment manager asks again."""
        before = set(self.existing())
        machine_id = handler.create_machine(machine)
        assert handler.create_machine(replace(machine, attempt=2)) == machine_id
        assert set(self.existing()) - before == {machine_id}

    def test_creating_at_once_from_several_threads_makes_one_machine(
        self, handler: TargetHandler, machine: Machine
    ) -> None:
        """Every method must bear to be called again, also meanwhile."""
        before = set(self.existing())
        with ThreadPoolExecutor(4) as pool:
            ids = set(pool.map(handler.create_machine, [machine] * 4))
        assert set(self.existing()) - before == ids
        assert len(ids) == 1

    def test_machines_are_created_side_by_side(self, handler: TargetHandler, machine: Machine, other: Machine) -> None:
        """Calls come for several machines at once."""
        before = set(self.existing())
        with ThreadPoolExecutor(2) as pool:
            ids = list(pool.map(handler.create_machine, [machine, other]))
        assert len(set(ids)) == 2
        assert set(self.existing()) - before == set(ids)

    # --- finding

    def test_a_machine_is_not_found_before_it_is_created(self, handler: TargetHandler, machine: Machine) -> None:
        """Looking makes nothing."""
        before = set(self.existing())
        assert handler.find_machine(machine) is None
        assert set(self.existing()) == before

    def test_a_machine_is_found_by_its_identity_after_a_restart(self, handler: TargetHandler, machine: Machine) -> None:
        """The deployment manager may die before it hears the answer."""
        machine_id = handler.create_machine(machine)
        assert self.make_handler().find_machine(machine) == machine_id
        assert self.make_handler().is_machine_running(machine, machine_id)

    def test_neither_another_path_nor_another_generation_is_found(
        self, handler: TargetHandler, machine: Machine, other: Machine
    ) -> None:
        """The identity is the whole of it."""
        handler.create_machine(machine)
        assert handler.find_machine(other) is None
        assert handler.find_machine(replace(machine, generation=2)) is None

    def test_an_address_known_in_advance_stays_and_is_not_shared_in_a_pool(
        self, handler: TargetHandler, machine: Machine, other: Machine
    ) -> None:
        """What ``ip`` exports must not change behind the importers' backs."""
        address = handler.address_for(machine)
        handler.create_machine(machine)
        assert handler.address_for(machine) == self.make_handler().address_for(machine) == address
        if address and not handler.shared_host:
            assert handler.address_for(other) != address

    # --- termination

    def test_a_terminated_machine_is_gone(self, handler: TargetHandler, machine: Machine) -> None:
        """No machine is leaked."""
        before = set(self.existing())
        machine_id = self.configured(handler, machine)
        assert handler.terminate_machine(machine, machine_id).left == ()
        assert set(self.existing()) == before
        assert not handler.is_machine_running(machine, machine_id)
        assert handler.find_machine(machine) is None

    def test_terminating_after_a_restart_works(self, handler: TargetHandler, machine: Machine) -> None:
        """Nothing needed for it is only in memory."""
        before = set(self.existing())
        machine_id = handler.create_machine(machine)
        self.make_handler().terminate_machine(machine, machine_id)
        assert set(self.existing()) == before

    def test_terminating_what_is_gone_is_fine(self, handler: TargetHandler, machine: Machine) -> None:
        """The deployment manager asks again after its own restart."""
        machine_id = handler.create_machine(machine)
        handler.terminate_machine(machine, machine_id)
        assert handler.terminate_machine(machine, machine_id) == Termination()

    def test_a_terminated_machine_can_be_created_anew(self, handler: TargetHandler, machine: Machine) -> None:
        """Undeployed and deployed again, it is the next generation."""
        before = set(self.existing())
        handler.terminate_machine(machine, handler.create_machine(machine))
        again = replace(machine, generation=2)
        machine_id = self.configured(handler, again)
        assert set(self.existing()) - before == {machine_id}
        assert handler.is_machine_running(again, machine_id)

    def test_terminating_one_machine_leaves_the_others(
        self, handler: TargetHandler, machine: Machine, other: Machine
    ) -> None:
        """Not even a path that begins with the same letters is touched."""
        kept = handler.create_machine(other)
        handler.terminate_machine(machine, handler.create_machine(machine))
        assert handler.is_machine_running(other, kept)
        assert kept in self.existing()

    def test_what_belongs_to_another_deployment_manager_is_neither_found_nor_touched(
        self, handler: TargetHandler, machine: Machine, foreign: Machine
    ) -> None:
        """Two of them may use one account, or one host."""
        theirs = self.make_handler().create_machine(foreign)
        assert handler.find_machine(machine) is None
        assert not handler.is_machine_running(machine, theirs)
        mine = handler.create_machine(machine)
        for machine_id in (mine, theirs):
            try:
                handler.terminate_machine(machine, machine_id)
            except TargetError:
                assert machine_id == theirs
        assert theirs in self.existing()
        assert mine not in self.existing()

    def test_an_unknown_identifier_does_not_run(self, handler: TargetHandler, machine: Machine) -> None:
        """It may have been removed by hand."""
        handler.create_machine(machine)
        assert not handler.is_machine_running(machine, "no-such-machine")

    # --- the agent

    def test_restarting_the_agent_keeps_the_machine_or_is_refused(
        self, handler: TargetHandler, machine: Machine
    ) -> None:
        """Targets that cannot do it say so."""
        before = set(self.existing())
        machine_id = self.configured(handler, machine)
        with suppress(TargetError):
            handler.restart_agent(machine, machine_id)
        assert handler.is_machine_running(machine, machine_id)
        assert set(self.existing()) - before == {machine_id}
