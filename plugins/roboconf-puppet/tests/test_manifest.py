"""The heads of classes are found in any manifest, whatever else it holds."""

import json
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roboconf_puppet.manifest import classes_of


def parameters(text):
    (found,) = classes_of(text)
    return list(found.parameters)


HEADS = [
    ("class a() {}", []),
    ("class a(\n) {}", []),
    ("class a($x) {}", ["x"]),
    ("class a($x, $y,) {}", ["x", "y"]),
    ("class a ( $x=1 , $y ) {}", ["x", "y"]),
    ("class a($x = [1, 2], $y = { 'k' => [3, 4], 'l' => 5 }) {}", ["x", "y"]),
    ("class a(Array[String] $x, Hash[String, Array[Integer, 1, 2]] $y = {}) {}", ["x", "y"]),
    ("class a(Optional[Enum['running', 'stopped']] $runningState = undef) {}", ["runningState"]),
    ("class a(Integer[$low, $high] $x) {}", ["x"]),
    ("class a($x = $y, $z = pick($u, $v)) {}", ["x", "z"]),
    ("class a($x = $y ? { 1 => $b, default => $c }, $z) {}", ["x", "z"]),
    ('class a($x = \'a, $b) {\', $y = "c, ${d} ) \\" $e") {}', ["x", "y"]),
    ("class a($x, # and $y)\n $z /* , $u ) */) {}", ["x", "z"]),
    ("class a(Pattern[/^[(\"']$/] $x, $y = 4 / 2 / $x, $z) {}", ["x", "y", "z"]),
    ('class a($x = @(END), $y = @("B"/L)\n $no ) "\n  | END\n $no2 \'\n  |- B\n, $z) {}', ["x", "y", "z"]),
    ("class a($x) inherits b {}", ["x"]),
    ("class /* c */ a # d\n ($x) {}", ["x"]),
    ("class ::a::b($x = $::c::d) {}", ["x"]),
]


@pytest.mark.parametrize(("text", "names"), HEADS)
def test_parameters_are_told_from_types_defaults_strings_and_comments(text, names):
    assert parameters(text) == names


def test_puppet_tells_the_same_parameters(real_puppet, tmp_path):
    manifest = tmp_path / "all.pp"
    manifest.write_text("\n".join(text for text, _ in HEADS))
    command = [real_puppet, "parser", "dump", "--format", "json", manifest]
    dumped = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (_, *classes) = json.loads(dumped)["^"]
    properties = [pairs_of(each["^"][1]) for each in classes]
    assert [list(pairs_of(found.get("params", {"#": []}))) for found in properties] == [names for _, names in HEADS]


def pairs_of(dumped):
    """Return what Puppet writes as ``{"#": [key, value, key, value]}``."""
    return dict(zip(dumped["#"][::2], dumped["#"][1::2], strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "class a {}",
        "class a inherits b { f($x) }",
        "class { 'a': x => f($y) }",
        "# class a($x) {}",
        "/* class a($x) {} */",
        "$t = 'class a($x) {}'",
        "$t = @(E)\nclass a($x) {}\n| E\n",
        "define a($x) {}",
        "$class = a($x)",
        "/* class a($x) {}",
        "'class a($x) {}",
    ],
)
def test_what_is_no_class_with_parameters_is_none(text):
    assert list(classes_of(text)) == []


def test_a_class_tells_its_name_and_its_place():
    text = "# one\n\nclass a::b (\n  $x,\n) {\n}\n  class ::c($y) {}\n"
    assert [(found.name, found.line, found.column) for found in classes_of(text)] == [("a::b", 3, 7), ("c", 7, 9)]


def test_what_follows_a_heredoc_is_read_on():
    text = '$a = @("E":json/L)\nit\'s {\n  | E\nclass a($x) {}\n'
    assert parameters(text) == ["x"]


@given(st.text(alphabet="class a($x),'\"\\/*#\n[]{}@:E|é"))
def test_no_text_is_too_odd(text):
    for found in classes_of(text):
        assert text.split("\n")[found.line - 1][found.column - 1 :].lstrip(":").startswith(found.name)


ODD = ["'\\", "\"\\'", "/\\", "@(", "@(a)\n", "class a(", "/*", "$", "::", "[", "class a($x) ", "class a($x\n)\n", "'"]


@pytest.mark.parametrize("piece", ODD)
def test_reading_takes_time_in_proportion(piece):
    def seconds(count):
        started = time.process_time()
        list(classes_of(piece * count))
        return time.process_time() - started

    seconds(100)
    assert seconds(40_000) < 40 * max(seconds(4_000), 0.005)
