"""Small worlds that hypothesis makes up, and makes smaller when a promise is broken."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roboconf_core.model.application import ApplicationTemplate, Descriptor
from roboconf_core.model.graph import Component, ExportedVariable, Graph, ImportedVariable
from roboconf_core.model.instance import Instance
from roboconf_core.model.settings import Settings
from roboconf_core.simulation.conditions import Conditions
from roboconf_core.simulation.host import Recipe
from roboconf_core.simulation.mishaps import MISHAPS
from roboconf_core.simulation.requests import REQUESTS
from roboconf_core.simulation.scenario import Scenario
from roboconf_core.simulation.script import Script, Step
from roboconf_core.simulation.templates import DrawnTemplate

QUICK = Settings(
    deploy_timeout_s=5.0,
    start_timeout_s=5.0,
    update_timeout_s=3.0,
    stop_timeout_s=3.0,
    undeploy_timeout_s=5.0,
    status_timeout_s=1.0,
    status_period_s=4.0,
    ready_timeout_s=3.0,
    drain_timeout_s=2.0,
    cancel_grace_s=1.0,
    retry_delay_s=0.5,
    retry_delay_max_s=2.0,
)
IP = ExportedVariable(name="ip")
PORT = ExportedVariable(name="port", random="port")
GRAPH = Graph(
    components={
        "Machine": Component(name="Machine", installer="target", children=("S0", "S1", "S2")),
        "S0": Component(name="S0", installer="script", exports=(IP, PORT)),
        "S1": Component(
            name="S1",
            installer="script",
            children=("S2",),
            exports=(IP,),
            imports=(ImportedVariable(name="S0.*"), ImportedVariable(name="S1.ip", optional=True)),
        ),
        "S2": Component(name="S2", installer="script", imports=(ImportedVariable(name="S1.ip", optional=True),)),
    }
)
SMALL = DrawnTemplate(
    template=ApplicationTemplate(
        descriptor=Descriptor(name="small", version="1"),
        graph=GRAPH,
        instances=(
            Instance(name="vm0", component="Machine", children=(Instance(name="s0", component="S0"),)),
            Instance(
                name="vm1",
                component="Machine",
                children=(Instance(name="s1", component="S1", children=(Instance(name="s2", component="S2"),)),),
            ),
        ),
        bundles={"S0": "sha256:s0"},
        settings=dict.fromkeys(("S0", "S1", "S2"), QUICK),
    ),
    recipes={"S0": Recipe(has_pid_file=True), "S1": Recipe(ready_s=0.4), "S2": Recipe(has_status=False)},
)

dice = st.tuples(*[st.sampled_from([0.0, 0.25, 0.5, 0.75, 0.99])] * 4)
rates = st.sampled_from([0.0, 0.0, 0.05, 0.3])


@st.composite
def scripts(draw):
    whats = draw(st.lists(st.sampled_from([*REQUESTS, *MISHAPS]), max_size=6))
    at, steps = 0.1, [Step(0.0, "start_everything", (0.0,) * 4)]
    for what in whats:
        at += draw(st.sampled_from([0.0, 0.3, 1.0, 4.0, 10.0]))
        steps.append(Step(at, what, draw(dice)))
    weather = Conditions(
        lost=draw(rates),
        doubled=draw(rates),
        delayed=draw(rates),
        reordered=draw(rates),
        action_failed=draw(rates),
        embedded_hub=draw(st.booleans()),
    )
    return Script(steps=tuple(steps), until=at + draw(st.sampled_from([0.5, 5.0])), conditions=lambda: _copy(weather))


def _copy(weather: Conditions) -> Conditions:
    return Conditions(**{name: getattr(weather, name) for name in Conditions.__slots__})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=scripts(), seed=st.integers(0, 50))
def test_a_small_world_comes_to_rest_with_all_promises_kept(script, seed):
    result = Scenario(seed, drawn=SMALL, script=script).play()
    assert not [str(violation) for violation in result.violations]
