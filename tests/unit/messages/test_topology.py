"""Who may speak and listen where."""

import pytest

from roboconf_core.messages.topology import (
    DM_TOPIC,
    agent_topic,
    exporters_topic,
    importers_topic,
    may_publish,
    may_subscribe,
)
from roboconf_core.messages.types import DM, agent_name, application_of, machine_path_of

WEB, DB, BANK = "shop/web-vm", "shop/rack/db-vm", "bank/web-vm"


@pytest.mark.parametrize(("application", "path"), [("shop", "/web-vm"), ("shop", "/rack/db-vm"), ("s.h", "/a.b/c")])
def test_the_name_of_an_agent_can_be_read_back(application, path):
    name = agent_name(application, path)
    assert (application_of(name), machine_path_of(name)) == (application, path)


def test_no_two_things_share_a_topic():
    topics = [
        DM_TOPIC,
        *map(agent_topic, (WEB, DB, BANK, "shop/those.that.import.Db", "dm/vm")),
        *(
            topic(app, prefix)
            for topic in (importers_topic, exporters_topic)
            for app in ("shop", "dm")
            for prefix in "ab"
        ),
    ]
    assert len(set(topics)) == len(topics)


@pytest.mark.parametrize(
    "topic", [DM_TOPIC, agent_topic(WEB), agent_topic(DB), importers_topic("shop", "Db"), exporters_topic("shop", "Db")]
)
def test_an_agent_speaks_to_the_manager_and_within_its_application(topic):
    assert may_publish(WEB, topic)


@pytest.mark.parametrize(
    "topic",
    ["", "shop", "dm/", "dm2", agent_topic(BANK), importers_topic("bank", "Db"), "shopping/those.that.import.Db"],
)
def test_an_agent_does_not_speak_elsewhere(topic):
    assert not may_publish(WEB, topic)


@pytest.mark.parametrize("topic", [agent_topic(WEB), importers_topic("shop", "Db"), exporters_topic("shop", "Db")])
def test_an_agent_listens_to_itself_and_to_the_prefixes_of_its_application(topic):
    assert may_subscribe(WEB, topic)


@pytest.mark.parametrize(
    "topic", ["", DM_TOPIC, agent_topic(DB), agent_topic(BANK), importers_topic("bank", "Db"), "shop/", "shop/machine"]
)
def test_an_agent_does_not_listen_elsewhere(topic):
    assert not may_subscribe(WEB, topic)


def test_the_manager_is_no_agent():
    assert application_of(DM) == DM
    assert not may_publish(DM, "shop/those.that.import.Db")
