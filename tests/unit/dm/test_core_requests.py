"""What users may ask for, and what they are told when it cannot be done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from roboconf_core.dm.events import (
    AddTemplate,
    ChangeDesired,
    CreateApplication,
    CreateInstance,
    Delete,
    DoMachineStep,
    MachineStep,
    Publish,
    RemoveApplication,
    RemoveInstance,
    RemoveTemplate,
    ReplicateInstance,
    Reply,
    Requested,
    RestartAgent,
    Save,
)
from roboconf_core.errors import Code, ConflictError, InvalidRequestError, NotFoundError
from roboconf_core.messages.codec import from_plain, to_plain
from roboconf_core.messages.types import DesiredState
from roboconf_core.model.application import TargetDefinition
from roboconf_core.model.instance import Instance
from roboconf_core.model.lifecycle import Desired, Status

from .core_world import LOCAL, TEMPLATE, World, running_shop, vm


def create(world, name, parent="", component="VM", **more):
    return world.ask(CreateInstance(application="shop", parent=parent, name=name, component=component, **more))


def test_a_template_is_not_added_twice():
    with pytest.raises(ConflictError, match="exists already"):
        World().ask(AddTemplate(template=TEMPLATE))


def test_no_two_templates_export_under_the_same_prefix():
    def exporting(version, prefix):
        descriptor = replace(TEMPLATE.descriptor, name="other", version=version, exports_prefix=prefix)
        return AddTemplate(template=replace(TEMPLATE, descriptor=descriptor))

    world = World()
    world.ask(exporting("1", "Shop"))
    world.ask(exporting("2", ""))
    world.ask(exporting("3", ""))
    with pytest.raises(ConflictError, match="template 'other' 1 has the same 'exports-prefix' 'Shop'"):
        world.ask(exporting("4", "Shop"))
    world.ask(RemoveTemplate(name="other", version="1"))
    world.ask(exporting("4", "Shop"))


def test_a_template_in_use_is_not_removed():
    with pytest.raises(ConflictError, match="used by shop"):
        World().ask(RemoveTemplate(name="shop", version="1"))


def test_an_unknown_version_of_a_template_names_the_known_ones():
    with pytest.raises(NotFoundError, match="there is 1"):
        World().ask(RemoveTemplate(name="shop", version="2"))


def test_an_unused_template_is_removed():
    world = World()
    world.ask(RemoveApplication(name="shop"))
    world.ask(RemoveTemplate(name="shop", version="1"))
    assert set(world.store) == {("counters", "all")}
    assert world.memory.templates == {}


@pytest.mark.parametrize("name", ["a/b", "..", "../etc", "", " ", "1st", "a!", "@dm", "a\\b", "a\nb"])
def test_an_application_needs_a_name_that_is_none_of_a_path(name):
    with pytest.raises(InvalidRequestError):
        World().ask(CreateApplication(name=name, template="shop", version="1"))


def test_the_name_of_an_application_loses_its_accents():
    result = World().ask(CreateApplication(name=" Boutique d_été (1) ", template="shop", version="1"))
    assert result["name"] == "Boutique d_ete (1)"


def test_an_application_is_not_created_twice():
    with pytest.raises(ConflictError, match="'shop' exists already"):
        World().ask(CreateApplication(name="shop", template="shop", version="1"))


def test_a_new_application_tells_which_machines_take_the_default_target():
    result = World().ask(CreateApplication(name="two", template="shop", version="1", default_target=LOCAL))
    assert result["machines_without_target"] == ["/store-vm", "/web-vm1"]


def test_an_application_in_use_is_not_removed():
    world, _, _ = running_shop()
    with pytest.raises(ConflictError, match="not gone yet: /store-vm"):
        world.ask(RemoveApplication(name="shop"))


def test_a_removed_application_leaves_no_record():
    world = World()
    world.ask(RemoveApplication(name="shop"))
    assert {kind for kind, _ in world.store} == {"counters", "template"}
    assert any(isinstance(e, Delete) and e.kind == "machine" for e in world.effects)


@pytest.mark.parametrize("name", ["a/b", "/a", "", ".", "..", "1", "a(1)", "a\n"])
def test_an_instance_needs_a_name_that_is_none_of_a_path(name):
    with pytest.raises(InvalidRequestError):
        create(World(), name)


def test_an_instance_is_added_where_its_component_may_stand():
    world = World()
    assert create(world, "war", "/web-vm1/web", "War")["path"] == "/web-vm1/web/war"
    with pytest.raises(InvalidRequestError, match="a War may not stand below /web-vm1, a VM"):
        create(world, "war", "/web-vm1", "War")
    with pytest.raises(InvalidRequestError, match="a Web may not stand at the root"):
        create(world, "web", component="Web")


def test_unknown_names_are_answered_with_what_may_have_been_meant():
    world = World()
    with pytest.raises(NotFoundError, match="did you mean 'Web'"):
        create(world, "x", "/web-vm1", "Weeb")
    with pytest.raises(NotFoundError, match="did you mean '/web-vm1'"):
        create(world, "x", "/web-vm", "Web")
    with pytest.raises(NotFoundError, match="did you mean 'shop'"):
        world.ask(RemoveApplication(name="shp"))
    with pytest.raises(InvalidRequestError, match="did you mean '/web-vm1'"):
        world.start("web-vm1")


def test_a_path_is_not_used_twice():
    with pytest.raises(ConflictError, match="/store-vm exists already"):
        create(World(), "store-vm")


def test_a_refused_request_changes_and_stores_nothing():
    world = World(template=replace(TEMPLATE, instances=(vm("a"), vm("a-b"))))
    before = dict(world.store)
    world.send(Requested(id="r", request=ReplicateInstance(application="shop", path="/a", name="a-b")))
    assert [type(e) for e in world.effects] == [Reply]
    assert dict(world.store) == before
    assert world.memory.paths("shop") == ["/a", "/a-b"]


def test_instance_identifiers_are_never_used_again():
    world = World()
    first = create(world, "x")["id"]
    world.ask(RemoveInstance(application="shop", path="/x"))
    world.restart()
    assert create(world, "x")["id"] > first


def test_a_copy_has_the_subtree_overrides_and_ports_of_its_own():
    world = World()
    create(world, "web2", "/web-vm1", "Web", overrides={"extra": "7"})
    result = world.ask(ReplicateInstance(application="shop", path="/web-vm1", name="copy"))
    assert result["created"] == ["/copy", "/copy/web", "/copy/web2"]
    assert world.instance("/copy/web2").overrides == {"extra": "7"}
    assert world.instance("/copy/web2").desired is Desired.NOT_DEPLOYED
    assert world.instance("/copy/web").ports != world.instance("/web-vm1/web").ports


def test_a_deployed_instance_is_not_removed():
    world, _, _ = running_shop()
    with pytest.raises(ConflictError, match="undeploy it first"):
        world.ask(RemoveInstance(application="shop", path="/web-vm1/web"))


def test_an_instance_is_removed_once_it_is_undeployed():
    world, _, web = running_shop()
    world.undeploy("/web-vm1/web")
    with pytest.raises(ConflictError, match="it is DEPLOYED_STARTED"):
        world.ask(RemoveInstance(application="shop", path="/web-vm1/web"))
    web.stop("/web-vm1/web", "Web")
    world.ask(RemoveInstance(application="shop", path="/web-vm1/web"))
    ((_, told),) = world.published(DesiredState)
    assert told.instances == ()


def test_starting_an_application_wants_everything_and_creates_the_machines():
    world = World()
    result = world.start()
    assert result["changed"] == ["/store-vm", "/store-vm/store", "/web-vm1", "/web-vm1/web"]
    assert world.steps() == [(MachineStep.CREATE, "shop/store-vm"), (MachineStep.CREATE, "shop/web-vm1")]


def test_the_history_tells_who_asked():
    world = World()
    world.ask(ChangeDesired(application="shop", desired=Desired.DEPLOYED_STARTED), user="ada")
    assert world.records("desired-changed")[0].details["user"] == "ada"


def test_what_is_wanted_is_stored_before_it_is_answered():
    world = World()
    world.start("/store-vm")
    kinds = [type(e) for e in world.effects]
    assert max(i for i, k in enumerate(kinds) if k is Save) < kinds.index(Reply)
    assert ("instance", world.instance("/store-vm").id) in world.store


def test_starting_below_a_machine_that_is_not_deployed_names_the_machine():
    with pytest.raises(ConflictError, match=r"/web-vm1, which is not deployed .*roboconf instance deploy /web-vm1"):
        World().start("/web-vm1/web")


def test_a_machine_without_target_is_not_deployed():
    world = World(default_target=None)
    with pytest.raises(ConflictError) as caught:
        world.start()
    assert caught.value.problems[0].code is Code.TARGET_MISSING
    assert world.instance("/store-vm").desired is Desired.NOT_DEPLOYED


def test_the_target_of_a_component_comes_before_the_default():
    cloud = TargetDefinition(id="c", handler="cloud")
    world = World(template=replace(TEMPLATE, targets={"VM": cloud}))
    world.start("/store-vm")
    assert world.step("/store-vm").target == cloud


def test_starting_an_instance_starts_what_it_stands_on():
    world, _, _ = running_shop()
    create(world, "war", "/web-vm1/web", "War")
    world.stop("/web-vm1/web")
    world.start("/web-vm1/web/war")
    assert world.instance("/web-vm1/web").desired is Desired.DEPLOYED_STARTED


def test_a_machine_alone_is_deployed_without_what_is_on_it():
    world = World()
    world.start("/web-vm1", subtree=False)
    assert world.instance("/web-vm1").desired is Desired.DEPLOYED_STARTED
    assert world.instance("/web-vm1/web").desired is Desired.NOT_DEPLOYED


def test_stopping_a_machine_stops_what_is_on_it_and_keeps_it():
    world, _, _ = running_shop()
    create(world, "late", "/web-vm1", "Web")
    world.stop("/web-vm1")
    assert world.instance("/web-vm1").desired is Desired.DEPLOYED_STARTED
    assert world.instance("/web-vm1/web").desired is Desired.DEPLOYED_STOPPED
    assert world.instance("/web-vm1/late").desired is Desired.NOT_DEPLOYED
    assert not world.steps()


def test_deploying_stops_nothing_that_runs():
    world, _, _ = running_shop()
    create(world, "late", "/web-vm1", "Web")
    world.stop("/web-vm1", at_least=True)
    assert world.instance("/web-vm1/web").desired is Desired.DEPLOYED_STARTED
    assert world.instance("/web-vm1/late").desired is Desired.DEPLOYED_STOPPED


def test_deploying_a_machine_deploys_what_is_on_it_and_starts_nothing():
    world = World()
    world.stop("/web-vm1", at_least=True)
    assert world.instance("/web-vm1").desired is Desired.DEPLOYED_STARTED
    assert world.instance("/web-vm1/web").desired is Desired.DEPLOYED_STOPPED


def test_a_stop_deploys_nothing():
    world = World()
    world.stop("/web-vm1")
    world.stop()
    assert not world.steps()
    assert world.instance("/web-vm1/web").desired is Desired.NOT_DEPLOYED


def test_one_instance_named_alone_can_be_wanted_stopped():
    world, _, _ = running_shop()
    create(world, "late", "/web-vm1", "Web")
    world.stop("/web-vm1/late", subtree=False)
    assert world.instance("/web-vm1/late").desired is Desired.DEPLOYED_STOPPED


def test_the_same_wish_again_changes_nothing():
    world, _, _ = running_shop()
    assert world.start()["changed"] == []
    assert [type(e) for e in world.effects] == [Reply]


def test_every_change_of_what_is_wanted_has_a_new_generation():
    world, _, _ = running_shop()
    before = world.instance("/web-vm1/web").generation
    world.stop("/web-vm1/web")
    world.start("/web-vm1/web")
    assert world.instance("/web-vm1/web").generation == before + 2


def test_an_agent_is_started_again_only_where_there_is_a_machine():
    world = World()
    with pytest.raises(ConflictError, match="/store-vm is NOT_DEPLOYED"):
        world.ask(RestartAgent(application="shop", path="/store-vm"))
    with pytest.raises(InvalidRequestError, match="its machine is /store-vm"):
        world.ask(RestartAgent(application="shop", path="/store-vm/store"))
    world.start("/store-vm")
    world.up("/store-vm")
    world.ask(RestartAgent(application="shop", path="/store-vm"))
    assert world.steps() == [(MachineStep.RESTART_AGENT, "shop/store-vm")]


def test_all_records_become_plain_values_and_come_back():
    world, _, web = running_shop()
    web.report("/web-vm1/web", Status.UNRESOLVED, waits=("waits for Store",))
    assert {kind for kind, _ in world.store} == {
        "application", "counters", "exports", "instance", "machine", "report", "template",
    }  # fmt: skip
    for (_, _), record in world.store.items():
        assert from_plain(type(record), to_plain(record)) == record


def test_an_event_that_the_core_cannot_handle_leaves_its_memory_as_it_was():
    world, _, _ = running_shop()
    broken = replace(TEMPLATE, instances=(Instance(name="lost", component="Nowhere"),))
    world.memory.templates["shop - 1"] = broken
    before = len(world.memory.instances)
    with pytest.raises(InvalidRequestError):
        world.ask(CreateApplication(name="other", template="shop", version="1"))
    assert len(world.memory.instances) == before
    assert "other" not in world.memory.applications
    assert not [e for e in world.effects if isinstance(e, (Publish, DoMachineStep))]
