from __future__ import annotations

from roboconf_core.agent.core.state import AgentRecord
from roboconf_core.agent.events import CancelTimer, Publish, Save, Subscribe, Unsubscribe
from roboconf_core.agent.outgoing import outgoing
from roboconf_core.messages.types import ActionReported, BundleRequested, ReportsRequested
from roboconf_core.model.lifecycle import Action


def request(offset):
    return BundleRequested(digest="sha256:1", offset=offset)


def action_report():
    return ActionReported(
        instance="i-1",
        path="/vm/web",
        id="a1",
        action=Action.START,
        attempt=1,
        cause="",
        started=1.0,
        duration_s=1.0,
        exit_status=0,
        reason="",
        stdout="",
        stderr="",
    )


def test_newest_of_the_messages_with_a_topic_and_a_key_is_sent_in_its_place():
    old, other, new = Publish("dm", request(0)), Publish("other", request(0)), Publish("dm", request(1))
    assert outgoing([old, other, new]) == [other, new]


def test_messages_without_a_key_and_subscriptions_are_all_sent():
    one, two = Publish("dm", action_report()), Publish("dm", action_report())
    effects = [Subscribe(("t",)), one, two, Unsubscribe(("t",)), Subscribe(("t",))]
    assert outgoing(effects) == effects


def test_what_nobody_else_hears_of_is_left_out():
    effects = [Save("agent", AgentRecord(generation=1, boot=1)), CancelTimer("x"), Publish("dm", ReportsRequested())]
    assert outgoing(effects) == effects[2:]
