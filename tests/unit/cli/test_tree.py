"""The tree of an application, line by line."""

from cli_views import application, failure, instance

from roboconf_core.cli.tree import tree_of


def lines(view, **options):
    return [line.plain for line in tree_of(view, now=1000.0, **options)]


def test_the_tree_is_aligned_and_tells_status_age_and_address():
    web = instance("/web-vm/web", since=940.0, exports={"Web.ip": "127.0.0.1", "Web.port": "10001"})
    view = application(
        instance("/store-vm", since=990.0, children=[instance("/store-vm/store", "NOT_DEPLOYED")]),
        instance("/web-vm", since=998.8, children=[web]),
    )
    assert lines(view) == [
        "shop  4 of 4 as wanted",
        "├── store-vm   DEPLOYED_STARTED   10 s",
        "│   └── store  NOT_DEPLOYED",
        "└── web-vm     DEPLOYED_STARTED  1.2 s",
        "    └── web    DEPLOYED_STARTED  1 min  127.0.0.1:10001",
    ]


def test_what_is_under_way_tells_its_action_since_when_and_until_when_at_most():
    busy = instance(
        "/vm/db", "DEPLOYING", desired="DEPLOYED_STARTED", action="deploy", action_since=958.0, action_timeout_s=600.0
    )
    assert "deploy runs for 42 s of 10 min" in lines(application(instance("/vm", children=[busy])))[2]


def test_what_waits_tells_for_what():
    waiting = instance("/vm/web", "UNRESOLVED", desired="DEPLOYED_STARTED", waits=["waits for Store.ip", "and more"])
    shown = lines(application(instance("/vm", children=[waiting])))
    assert shown[0] == "shop  1 of 2 as wanted"
    assert shown[2].endswith("waits for Store.ip; and more")


def test_a_failure_stands_below_its_instance_with_what_was_printed_and_the_next_attempt():
    failed = failure(stderr="a\nthe disk is full\n", next_try=1003.0, attempt=2)
    view = application(instance("/vm", children=[instance("/vm/db", "DEPLOYED_STOPPED", failure=failed)]))
    assert lines(view)[3] == (
        "            start failed: exit status 3: the disk is full (attempt 2; it will be tried again in 3.0 s)"
    )


def test_a_failure_that_was_given_up_is_not_told_twice():
    failed = instance(
        "/vm/db", "DEPLOYED_STOPPED", failure=failure(exhausted=True, attempt=3), waits=["start was given up: retry it"]
    )
    shown = "\n".join(lines(application(instance("/vm", children=[failed]))))
    assert "(attempt 3, given up)" in shown
    assert "retry it" not in shown


def test_a_lost_machine_tells_its_problem_above_what_is_on_it():
    view = application(instance("/vm", "PROBLEM", problem="no word from it", children=[instance("/vm/db")]))
    assert lines(view)[2:] == ["    │   no word from it", "    └── db  DEPLOYED_STARTED"]


def test_a_low_terminal_shows_what_is_not_as_it_is_wanted_and_counts_the_rest():
    calm = [instance(f"/vm{i}", children=[instance(f"/vm{i}/web")]) for i in range(50)]
    late = instance("/last", "DEPLOYING", desired="DEPLOYED_STARTED")
    shown = lines(application(*calm, late), height=10)
    assert len(shown) <= 10
    assert shown[0] == "shop  100 of 101 as wanted"
    assert any(line.startswith("└── last") for line in shown)
    assert shown[-1] == "    and 100 more"


def test_a_very_low_terminal_shows_as_much_as_fits():
    late = [instance(f"/vm{i}", "DEPLOYING", desired="DEPLOYED_STARTED") for i in range(50)]
    shown = lines(application(*late), height=5)
    assert len(shown) <= 5
    assert shown[-1] == "    and 47 more"


def test_an_encoding_without_line_drawing_gets_a_tree_of_ascii(monkeypatch):
    import io

    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    assert lines(application(instance("/a"), instance("/b")))[1:] == [
        "|-- a  DEPLOYED_STARTED",
        "`-- b  DEPLOYED_STARTED",
    ]


def test_an_application_without_instances_says_so():
    assert lines(application()) == ["shop  no instance"]
