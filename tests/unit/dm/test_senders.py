"""An agent speaks for itself only."""

import pytest

from roboconf_core.dm.senders import why_forged
from roboconf_core.messages.types import (
    ActionReported,
    DesiredState,
    Epoch,
    ExportsPublished,
    Farewell,
    Hello,
    ImportsRepaired,
    InstanceReported,
    InstanceSpec,
    PortTaken,
    Publication,
)
from roboconf_core.model.lifecycle import Action, Status

EPOCH = Epoch(1, 1, 0)


def published(agent="lamp/vm", path="/vm/db"):
    return ExportsPublished(
        publication=Publication(
            agent=agent, instance="i", path=path, component="Db", prefix="Db", epoch=EPOCH, sequence=1, variables={}
        )
    )


def reported(path):
    return InstanceReported(
        instance="i", path=path, epoch=EPOCH, sequence=1, status=Status.STARTING, generation=1, since=0.0
    )


def acted(path):
    return ActionReported(
        instance="i", path=path, id="a", action=Action.START, attempt=1, cause="", started=0.0, duration_s=0.0,
        exit_status=0, reason="", stdout="", stderr="",
    )  # fmt: skip


@pytest.mark.parametrize(
    "message",
    [
        published(),
        published(path="/vm"),
        reported("/vm"),
        reported("/vm/db"),
        acted("/vm/db/deep"),
        Hello(epoch=EPOCH, version=0, handlers={}),
        PortTaken(instance="i", name="port", port=1),
    ],
)
def test_what_an_agent_says_of_its_own_machine_is_heard(message):
    assert why_forged("lamp/vm", message) == ""


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (published(agent="lamp/other", path="/other/db"), "as 'lamp/other'"),
        (published(path="/other/db"), "'/other/db'"),
        (reported("/vm2/db"), "'/vm2/db'"),
        (reported("/"), "'/'"),
        (acted("/other/db"), "'/other/db'"),
        (Farewell(agent="lamp/vm", epoch=EPOCH), "Farewell"),
        (ImportsRepaired(prefix="Db", generation=1, agents={}), "ImportsRepaired"),
        (
            DesiredState(
                generation=1, version=1,
                machine=InstanceSpec(id="i", path="/vm", component="VM", installer="target", parent="", exports={}),
            ),
            "DesiredState",
        ),
    ],
)  # fmt: skip
def test_what_an_agent_says_of_others_is_forged(message, why):
    assert why in why_forged("lamp/vm", message)
