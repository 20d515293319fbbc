"""What the description of an application tells."""

import pytest

from roboconf_core.documentation.describing import MAX_INSTANCES, MAX_NAMES, describe
from roboconf_core.documentation.description import Application, Export, Import, Names
from roboconf_core.documentation.secrets import looks_secret, shown_value
from roboconf_core.model.application import ApplicationTemplate, Descriptor, TargetDefinition
from roboconf_core.model.autonomic import Probe, ProbesOfComponent, Rule
from roboconf_core.model.graph import Component, ExportedVariable, Facet, Graph, ImportedVariable
from roboconf_core.model.instance import Instance


def variable(name, value=None, **more):
    return ExportedVariable(name=name, value=value, **more)


GRAPH = Graph(
    {
        each.name: each
        for each in (
            Component(name="VM", installer="target", children=("Storage", "App"), exports=(variable("ip"),)),
            Component(
                name="Database",
                installer="bash",
                facets=("Storage",),
                annotation="Keeps everything.",
                exports=(
                    variable("ip"),
                    variable("port", random="port"),
                    variable("name", "shop"),
                    variable("owner"),
                    variable("password", "hunter2"),
                ),
            ),
            Component(name="BigDatabase", extends="Database"),
            Component(
                name="App",
                installer="bash",
                imports=(
                    ImportedVariable(name="Database.ip"),
                    ImportedVariable(name="Storage.*", optional=True),
                    ImportedVariable(name="Lamp.ip", external=True),
                ),
            ),
        )
    },
    {"Storage": Facet(name="Storage", exports=(variable("volume", "/data"),))},
)


def application(graph=GRAPH, instances=(), **more):
    descriptor = Descriptor(
        name="shop",
        version="1.0",
        description="Sells.",
        tags=("a", "b"),
        exports_prefix="Shop",
        external_exports={"Database.name": "Shop.database"},
    )
    template = ApplicationTemplate(descriptor=descriptor, graph=graph, instances=instances)
    return Application(template=template, title="The shop", **more)


def component(name, **more):
    return next(each for each in describe(application(**more)).components if each.name == name)


def test_the_head_comes_from_the_descriptor():
    told = describe(application())
    assert (told.title, told.version, told.text, told.tags) == ("The shop", "1.0", "Sells.", ("a", "b"))


def test_relations_are_told_from_both_sides():
    database, big = component("Database"), component("BigDatabase")
    assert database.extended_by == Names(shown=("BigDatabase",))
    assert database.stands_below == Names(shown=("VM",))
    assert component("VM").holds == Names(shown=("App", "BigDatabase", "Database"))
    assert (big.extends, big.installer, big.installer_of, big.facets) == ("Database", "bash", "Database", ("Storage",))
    assert (component("VM").is_machine, big.is_machine) == (True, False)
    assert database.annotation == "Keeps everything."


def test_exports_tell_their_default_or_where_the_value_comes_from():
    told = {each.name: (each.value, each.note) for each in component("Database").exports}
    assert told == {
        "Storage.volume": ("/data", ""),
        "Database.ip": (None, "the address of the machine"),
        "Database.port": (None, "a free port, drawn for each instance"),
        "Database.name": ("shop", ""),
        "Database.owner": (None, "set by each instance"),
        "Database.password": ("***", ""),
        "Database.volume": ("/data", ""),
    }


def test_imports_tell_who_provides_them():
    assert component("App").imports == (
        Import(
            prefix="Database",
            variables=("Database.ip",),
            optional=False,
            external=False,
            providers=Names(shown=("Database", "BigDatabase")),
        ),
        Import(
            prefix="Storage",
            variables=("Storage.*",),
            optional=True,
            external=False,
            providers=Names(shown=("Database", "BigDatabase")),
        ),
        Import(prefix="Lamp", variables=("Lamp.ip",), optional=False, external=True, providers=Names()),
    )


def test_facets_are_told_with_who_has_them():
    (facet,) = describe(application()).facets
    assert facet.had_by == Names(shown=("Database", "BigDatabase"))
    assert facet.exports == (Export(name="Storage.volume", value="/data", note=""),)


def test_targets_are_told_without_their_secrets():
    chosen = TargetDefinition(
        id="t",
        handler="EC2",
        name="Paris",
        properties={
            "region": "eu",
            "ec2.secret.key": "hunter2",
            "login": "bob",
            "proxy": "http://bob:hunter2@proxy:80/",
        },
    )
    (target,) = component(
        "VM",
        targets={"VM": {"target.properties": chosen}},
        secrets={"ec2": frozenset({"login"})},
    ).targets
    assert target.properties == {
        "region": "eu",
        "ec2.secret.key": "***",
        "login": "***",
        "proxy": "http://***@proxy:80/",
    }
    assert (target.id, target.handler, target.name, target.file) == ("t", "EC2", "Paris", "target.properties")


def test_recipes_and_probes_are_told_without_what_probes_ask():
    probes = ProbesOfComponent(
        component="App", probes=(Probe(handler="rest", event="slow", text="Check http://x?token=hunter2 THAT a > 1"),)
    )
    app = component("App", recipes={"App": ("scripts/start.sh",)}, probes={"App": probes})
    assert app.recipe == Names(shown=("scripts/start.sh",))
    assert app.events == (("rest", "slow"),)
    assert "hunter2" not in repr(app)


def test_instances_are_told_parents_first_with_what_they_set():
    below = (Instance(name="db", component="Database", overrides={"owner": "bob", "Database.password": "hunter2"}),)
    told = describe(application(instances=(Instance(name="vm", component="VM", children=below),))).instances
    assert [(each.depth, each.name, each.component, each.overrides) for each in told] == [
        (0, "vm", "VM", {}),
        (1, "db", "Database", {"owner": "bob", "Database.password": "***"}),
    ]


def test_instances_that_count_made_are_told_once():
    below = (Instance(name="app", component="App"),)
    roots = [Instance(name=f"vm{n:02}", component="VM", children=below) for n in range(1, 11)]
    other = Instance(name="vm12", component="VM", children=below)
    told = describe(application(instances=(*roots, other))).instances
    assert [(each.name, each.last_name, each.number) for each in told] == [
        ("vm01", "vm10", 10),
        ("app", "", 1),
        ("vm12", "", 1),
        ("app", "", 1),
    ]


@pytest.mark.parametrize(
    "second",
    [
        Instance(name="vm3", component="VM"),
        Instance(name="xm2", component="VM"),
        Instance(name="vm2", component="App"),
        Instance(name="vm2", component="VM", overrides={"a": "b"}),
        Instance(name="vm2", component="VM", children=(Instance(name="app", component="App"),)),
        Instance(name="vm" + "2" * 5000, component="VM"),
    ],
)
def test_instances_that_differ_are_told_one_by_one(second):
    told = describe(application(instances=(Instance(name="vm1", component="VM"), second))).instances
    assert [each.number for each in told if each.depth == 0] == [1, 1]


def test_of_very_many_things_the_first_are_told_and_how_many_there_are():
    instances = tuple(Instance(name=f"vm {n}x", component="VM") for n in range(MAX_INSTANCES + 7))
    told = describe(application(instances=instances, recipes={"App": tuple(map(str, range(MAX_NAMES + 3)))}))
    assert (len(told.instances), told.more_instances) == (MAX_INSTANCES, 7)
    recipe = next(each.recipe for each in told.components if each.name == "App")
    assert (len(recipe.shown), recipe.more) == (MAX_NAMES, 3)


def test_very_deep_trees_are_told_too():
    below = ()
    for _ in range(5000):
        below = (Instance(name="x", component="VM", children=below),)
    told = describe(application(instances=below))
    assert max(each.depth for each in told.instances) == 30
    assert told.more_instances == 5000 - MAX_INSTANCES


def test_what_other_applications_import_is_told_with_who_exports_it():
    told = describe(application())
    assert told.exports_prefix == "Shop"
    (export,) = told.external_exports
    assert (export.variable, export.alias) == ("Database.name", "Shop.database")
    assert export.exporters == Names(shown=("Database", "BigDatabase"))


def test_commands_are_told_with_the_rules_that_execute_them():
    rules = {"r": Rule(name="r", event="e", commands=("grow", "grow", "tell"))}
    told = describe(application(rules=rules, commands={"grow": 3, "tell": 1, "unused": 2}))
    assert [(each.name, each.instructions, each.rules) for each in told.commands] == [
        ("grow", 3, ("r",)),
        ("tell", 1, ("r",)),
        ("unused", 2, ()),
    ]


@pytest.mark.parametrize(
    "key",
    ["password", "db.passwd", "DB_PASSWORD", "adminPassword", "ec2.secret.key", "apiKey", "api_key", "private-key", "token",
     "x.credentials", "pwd", "pass", "passphrase", "ssh.key", "TLSKey"],
)  # fmt: skip
def test_names_of_secrets_are_recognised(key):
    assert looks_secret(key)


@pytest.mark.parametrize("key", ["ip", "port", "keyspace", "region", "compass", "description", "", "key.count", "spin"])
def test_other_names_are_not(key):
    assert not looks_secret(key)


def test_an_empty_secret_is_no_secret():
    assert shown_value("password", "") == ""


def test_long_names_and_values_take_no_time():
    assert looks_secret("a" * 100_000 + "Token")
    assert shown_value("x", "://" * 50_000) == "://" * 50_000
