"""What applications offer to each other, and which can be bound to which."""

from roboconf_core.errors import Code
from roboconf_core.model.application import Descriptor
from roboconf_core.model.graph import Component, Graph, ImportedVariable
from roboconf_core.model.offers import Need, check_bindings, needs_of, offer_of

SHOP = Descriptor(
    name="Shop",
    version="1.0",
    exports_prefix="Shop",
    external_exports={"Apache.ip": "Shop.front_ip", "Apache.port": "Shop.front_port"},
)
OTHER = Descriptor(name="Other", version="1.0", exports_prefix="Other", external_exports={"A.x": "Other.x"})
OFFERS = {"shop": offer_of(SHOP), "other": offer_of(OTHER), "silent": offer_of(Descriptor(name="S", version="1.0"))}
NEED = Need(prefix="Shop", names=("Shop.front_ip",), optional=False)


def graph_of(*components):
    return Graph({component.name: component for component in components})


def external(name, *, optional=False):
    return ImportedVariable(name=name, external=True, optional=optional)


def told(problems):
    return [(problem.code, problem.hint) for problem in problems]


def test_a_template_offers_its_external_exports_by_their_aliases():
    assert OFFERS["shop"].variables == {"Shop.front_ip": "Apache.ip", "Shop.front_port": "Apache.port"}
    assert OFFERS["silent"] is None


def test_a_graph_needs_what_its_components_import_from_others_by_prefix():
    graph = graph_of(
        Component(name="A", imports=(external("Shop.front_ip"), external("Log.*", optional=True))),
        Component(name="B", imports=(external("Shop.front_port", optional=True), ImportedVariable(name="A.x"))),
        Component(name="C", extends="A", imports=(external("Shop.front_ip", optional=True),)),
    )
    assert needs_of(graph) == (
        Need(prefix="Shop", names=("Shop.front_ip", "Shop.front_port"), optional=False),
        Need(prefix="Log", names=("Log.*",), optional=True),
    )


def test_a_need_that_every_extending_component_makes_optional_is_still_needed_by_the_extended_one():
    base = Component(name="A", imports=(external("Shop.x"),))
    assert not needs_of(graph_of(base, Component(name="B", extends="A", imports=(external("Shop.x", optional=True),))))[
        0
    ].optional


def test_an_application_that_offers_all_that_is_needed_can_be_bound():
    assert check_bindings([NEED], {"Shop": ["shop"]}, OFFERS) == []
    assert check_bindings([Need(prefix="Shop", names=("Shop.*",), optional=True)], {"Shop": ["shop"]}, OFFERS) == []


def test_an_application_must_exist_to_be_bound():
    problems = check_bindings([NEED], {"Shop": ["shopp", "shop"]}, OFFERS)
    assert told(problems) == [(Code.DM_NOT_FOUND, "did you mean 'shop'?")]


def test_an_application_must_offer_the_prefix():
    problems = check_bindings([NEED], {"Shop": ["other", "silent"]}, OFFERS)
    assert told(problems) == [
        (Code.DM_INVALID_REQUEST, "its 'exports-prefix' is 'Other'"),
        (Code.DM_INVALID_REQUEST, "it exports nothing to other applications"),
    ]


def test_an_application_must_offer_the_variables():
    need = Need(prefix="Shop", names=("Shop.front_pi", "Shop.front_ip"), optional=False)
    problems = check_bindings([need], {"Shop": ["shop"]}, OFFERS)
    assert told(problems) == [(Code.RM_UNRESOLVABLE_VARIABLE, "did you mean 'Shop.front_ip'?")]


def test_a_prefix_that_nobody_imports_cannot_be_bound():
    problems = check_bindings([NEED], {"Shopp": ["shop"]}, OFFERS)
    assert told(problems) == [(Code.DM_INVALID_REQUEST, "did you mean 'Shop'?")]
