"""Applications that nobody writes by hand neither hang nor overflow: time and memory grow with their size, not faster."""

import time
import tracemalloc

import pytest
from property_tests import whole_in_nightly_runs

from roboconf_core.dsl.loader import load_application
from roboconf_core.errors import Code

MACHINE = "VM {\n\tinstaller: target;\n\tchildren: A;\n}\n\nA {\n\tinstaller: x;\n}\n"
NESTING = "VM {\n\tinstaller: target;\n\tchildren: A;\n}\n\nA {\n\tinstaller: x;\n\tchildren: A;\n}\n"
DESCRIPTOR = (
    "name = a\nversion = 1.0\ndsl-id = roboconf-1.0\n"
    "graph-entry-point = main.graph\ninstance-entry-point = model.instances\n"
)


def codes_of(directory, graph, instances="", **more):
    """Load an application from its texts and return the codes of all problems but those that say that it is small."""
    files = {"descriptor/application.properties": DESCRIPTOR, "graph/main.graph": graph, **more}
    files["instances/model.instances"] = instances or "instance of VM {\n\tname: vm;\n}\n"
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    problems = load_application(directory).problems
    assert all(len(str(problem)) < 5000 for problem in problems)
    return [problem.code for problem in problems if problem.code is not Code.PROJ_NO_RESOURCE_DIRECTORY]


def nested(depth, component="A"):
    heads = f"instance of {component} {{\nname: a;\n" * depth
    return f"instance of VM {{\nname: vm;\n{heads}" + "}\n" * (depth + 1)


def grows_with_the_size(directory, make, size):
    """Return the codes of an application, and fail if one of an eighth of its size is loaded more than 30 times faster."""
    seconds = []
    for part in (size // 8, size):
        begun = time.process_time()
        codes = codes_of(directory / str(part), *make(part))
        seconds.append(time.process_time() - begun)
    assert seconds[1] < 30 * seconds[0] + 0.5, seconds
    return codes


def test_up_to_a_hundred_thousand_instances_below_each_other(tmp_path):
    most = whole_in_nightly_runs(100_000)
    codes = grows_with_the_size(tmp_path, lambda size: (MACHINE, nested(size)), most)
    assert codes == [Code.RM_INVALID_INSTANCE_PARENT] * (most - 1)


def test_deep_instances_take_little_memory(tmp_path):
    tracemalloc.start()
    try:
        codes = codes_of(tmp_path, NESTING, nested(5000))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert codes == [Code.RM_CYCLE_IN_COMPONENTS]
    assert most < 20 * 2**20  # all paths together take 25 MiB


def test_deep_instances_that_are_not_closed_or_not_known(tmp_path):
    depth = whole_in_nightly_runs(30_000)
    unclosed = nested(depth).rstrip("}\n") + "\n"
    assert codes_of(tmp_path / "a", MACHINE, unclosed) == [Code.P_C_C_BRACKET_MISSING]
    assert codes_of(tmp_path / "b", MACHINE, nested(depth, "B")) == [Code.CO_INEXISTING_COMPONENT]


def test_deep_instances_each_with_two_of_one_name_below(tmp_path):
    twins = "instance of A {\nname: b;\n}\n" * 2
    level = "instance of A {\nname: a;\n" + twins

    def of_size(size):
        return MACHINE, "instance of VM {\nname: vm;\n" + level * size + "}\n" * (size + 1)

    most = whole_in_nightly_runs(16_000)
    codes = grows_with_the_size(tmp_path, of_size, most)
    assert codes == [Code.CO_ALREADY_DEFINED_INSTANCE] * (2 * most)


def test_problems_do_not_repeat_a_name_without_end(tmp_path):
    name = "A" * 100_000
    children = ", ".join(f"B{number}" for number in range(1_000))
    codes = codes_of(tmp_path, f"{name} {{\n\tinstaller: target;\n\tchildren: {children};\n}}\n")
    assert set(codes) == {Code.CO_INEXISTING_CHILD, Code.CO_INEXISTING_COMPONENT}


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (f"VM {{\n\tinstaller: target;\n\texports: a = {'x' * 2**20};\n}}\n", set()),
        (
            "VM {\n\tinstaller: target;\n\texports: a = " + '" ' * 2**19 + ";\n}\n",
            {Code.PM_INVALID_EXPORT_COMPLEX_VALUE, Code.PM_INVALID_EXPORTED_VAR_NAME},
        ),
        (f"VM {{\n\tinstaller: {'target ' * 2**17};\n}}\n", {Code.RM_ROOT_INSTALLER_MUST_BE_TARGET}),
        (f"{'VM ' * 2**18}{{\n}}\n", {Code.PM_INVALID_NAME}),
        (f"VM {{{'{' * 2**20}\n\tinstaller: target;\n}}\n", set()),
        (f"{' ' * 2**20}VM {{\n\tinstaller: target;\n}}{' ' * 2**20}#{'#' * 2**20}", set()),
        (f"import {'../' * 2**18}main.graph;\nVM {{\n\tinstaller: target;\n}}\n", {Code.CO_UNREACHABLE_FILE}),
        (f"import {'a/' * 2**18}main.graph;\nVM {{\n\tinstaller: target;\n}}\n", {Code.CO_UNREACHABLE_FILE}),
    ],
    ids=["value", "quotes", "installer", "name", "brackets", "blanks", "upwards", "downwards"],
)
def test_a_line_of_a_megabyte(tmp_path, graph, expected):
    assert set(codes_of(tmp_path, graph)) == expected


@pytest.mark.parametrize(
    ("key", "item", "code"),
    [
        ("children", "A{}", Code.CO_INEXISTING_CHILD),
        ("children", "A {}", Code.PM_INVALID_CHILD_NAME),
        ("facets", "A{}", Code.CO_INEXISTING_FACET),
        ("imports", "A{}.b", Code.RM_UNRESOLVABLE_VARIABLE),
        ("exports", 'a{} = "b"c', Code.PM_INVALID_EXPORT_COMPLEX_VALUE),
        ("exports", "a {}", Code.PM_INVALID_EXPORTED_VAR_NAME),
    ],
)
def test_a_list_of_thousands_of_wrong_items(tmp_path, key, item, code):
    def of_size(size):
        items = ", ".join(item.format(number) for number in range(size))
        return (f"VM {{\n\tinstaller: target;\n\t{key}: {items};\n}}\n",)

    most = whole_in_nightly_runs(16_000)
    assert grows_with_the_size(tmp_path, of_size, most).count(code) == most


def test_files_that_import_each_other(tmp_path):
    files = {f"graph/f{i}.graph": f"import f{(i + 1) % 300}.graph;\nimport main.graph;\n" for i in range(300)}
    files |= {"instances/a.instances": "import model.instances;\n"}
    instances = "import ./a.instances;\nimport model.instances;\ninstance of VM {\n\tname: vm;\n}\n"
    assert codes_of(tmp_path, f"import f0.graph;\n{MACHINE}", instances, **files) == []


def test_thousands_of_imports_of_files_that_are_not_there(tmp_path):
    def of_size(size):
        return ("".join(f"import f{i}.graph;\n" for i in range(size)) + MACHINE,)

    assert grows_with_the_size(tmp_path, of_size, 8_000) == [Code.CO_UNREACHABLE_FILE] * 8_000


@pytest.mark.parametrize("last", ["F10000", "F0"], ids=["chain", "cycle"])
def test_ten_thousand_facets_that_extend_each_other(tmp_path, last):
    facets = [f"facet F{i} {{\n\textends: F{i + 1};\n\texports: v{i} = 1;\n}}\n" for i in range(9_999)]
    end = f"facet F9999 {{\n\textends: {last};\n}}\n" + "facet F10000 {\n}\n"
    graph = "VM {\n\tinstaller: target;\n\tfacets: F0;\n\timports: F5.*;\n}\n" + "".join(facets) + end
    assert set(codes_of(tmp_path, graph)) == {Code.RM_INHERITANCE_TOO_DEEP}


@pytest.mark.parametrize("last", ["", "\textends: C0;\n"], ids=["chain", "cycle"])
def test_ten_thousand_components_that_extend_each_other_and_an_instance_of_them(tmp_path, last):
    components = [f"C{i} {{\n\textends: C{i + 1};\n\texports: v{i} = 1;\n}}\n" for i in range(9_999)]
    graph = MACHINE + "".join(components) + f"C9999 {{\n\tinstaller: target;\n{last}}}\n"
    assert set(codes_of(tmp_path, graph, "instance of C0 {\n\tname: vm;\n}\n")) == {Code.RM_INHERITANCE_TOO_DEEP}


@pytest.mark.parametrize("last", ["", "\tchildren: C0;\n"], ids=["chain", "cycle"])
def test_ten_thousand_components_that_stand_below_each_other(tmp_path, last):
    components = [f"C{i} {{\n\tinstaller: x;\n\tchildren: C{i + 1};\n}}\n" for i in range(9_999)]
    graph = MACHINE.replace(": A", ": A, C0") + "".join(components) + f"C9999 {{\n\tinstaller: x;\n{last}}}\n"
    assert set(codes_of(tmp_path, graph)) == ({Code.RM_CYCLE_IN_COMPONENTS} if last else set())


@pytest.mark.parametrize(
    ("graph", "code"),
    [
        ("a b\n", Code.P_UNRECOGNIZED_BLOCK),
        ("}\n", Code.P_UNRECOGNIZED_BLOCK),
        ("VM\n", Code.P_INVALID_PROPERTY),
        ("VM {\n", Code.CO_ALREADY_DEFINED_COMPONENT),
        ("VM {\n}\n", Code.CO_ALREADY_DEFINED_COMPONENT),
        ("facet F {\n}\n", Code.CO_ALREADY_DEFINED_FACET),
        ("VM { a: b; }\n", Code.P_O_C_BRACKET_EXTRA_CHARACTERS),
        ("import a\n", Code.P_IMPORT_ENDS_WITH_SEMI_COLON),
        ("instance of VM {\n", Code.PM_MISSING_INSTANCE_NAME),
    ],
)
def test_a_graph_with_thousands_of_problems(tmp_path, graph, code):
    most = whole_in_nightly_runs(16_000)
    codes = grows_with_the_size(tmp_path, lambda size: (graph * size,), most)
    assert codes.count(code) >= most - 1


@pytest.mark.parametrize(
    ("line", "size", "code"),
    [
        ("installer target\n", 100_000, Code.P_INVALID_PROPERTY),
        ("installer: target\n", 24_000, Code.P_PROPERTY_ENDS_WITH_SEMI_COLON),
        ("instaler: target;\n", 24_000, Code.PM_PROPERTY_NOT_APPLIABLE),
        ("installer: target;\n", 24_000, Code.PM_DUPLICATE_PROPERTY),
        ("installer: a; b;\n", 24_000, Code.P_ONE_BLOCK_PER_LINE),
    ],
)
def test_a_block_with_up_to_a_hundred_thousand_problems(tmp_path, line, size, code):
    most = whole_in_nightly_runs(size)
    codes = grows_with_the_size(tmp_path, lambda part: ("VM {\n" + line * part + "}\n",), most)
    assert codes.count(code) >= most - 1


@pytest.mark.parametrize(
    ("instance", "code"),
    [
        ("instance of VM {{\nname: vm;\n}}\n", Code.CO_ALREADY_DEFINED_INSTANCE),
        ("instance of Wm{0} {{\nname: vm{0};\n}}\n", Code.CO_INEXISTING_COMPONENT),
        ("instance of A {{\nname: a{0};\n}}\n", Code.RM_MISSING_INSTANCE_PARENT),
        ("instance of VM {{\nname: v{0};\ncount: 0;\n}}\n", Code.PM_INVALID_INSTANCE_COUNT),
        ("instance of VM {{\nname: vm{0};\nipp: 1;\n}}\n", Code.RM_MAGIC_INSTANCE_VARIABLE),
        ("instance of VM {{\nx{0}: 1;\n}}\n", Code.PM_MISSING_INSTANCE_NAME),
    ],
)
def test_instances_with_thousands_of_problems(tmp_path, instance, code):
    def of_size(size):
        return MACHINE, "".join(instance.format(number) for number in range(size))

    most = whole_in_nightly_runs(16_000)
    assert grows_with_the_size(tmp_path, of_size, most).count(code) == most


def test_counts_that_meet_thousands_of_names(tmp_path):
    def of_size(size):
        named = "".join(f"instance of VM {{\nname: vm{number:05};\n}}\n" for number in range(1, size))
        return MACHINE, f"instance of VM {{\nname: vm;\ncount: 90000;\n}}\n{named}"

    most = whole_in_nightly_runs(16_000)
    codes = grows_with_the_size(tmp_path, of_size, most)
    assert codes == [Code.CO_CONFLICTING_INFERRED_INSTANCE] * (most - 1)
