"""Without the packages of the language server, the command says how to get them."""

import sys

import pytest

from roboconf_core.cli import main


@pytest.mark.parametrize("missing", ["pygls", "lsprotocol"])
def test_a_missing_package_is_named_with_the_extra_that_brings_it(missing, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.partition(".")[0] in ("pygls", "lsprotocol")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith("roboconf_core.lsp")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    assert main.run(["lsp"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert f"the language server needs the package '{missing}'" in told.err
    assert "pip install 'roboconf-core[lsp]'" in told.err
