"""``roboconf plugin``: what is installed and what it offers, read from the plugins themselves."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roboconf_core.cli.options import Command, Json
from roboconf_core.cli.output import print_json, print_problems, print_table, problem_to_json
from roboconf_core.errors import NotFoundError

if TYPE_CHECKING:
    from roboconf_core.hooks.manager import Plugin
    from roboconf_core.hooks.properties import PropertySpec

app = typer.Typer(no_args_is_help=True, help="List plugins, and show what one offers.")


@app.command("list", cls=Command)
def list_(json: Json = False) -> None:
    """List the installed plugins.

    Tells why a part of one could not be loaded; then the exit status is 1.
    """
    found = _installed()
    if json:
        print_json([_summary(plugin) for plugin in found])
        return
    rows = [(p.name, p.version, p.distribution, ", ".join(_names(p)), "failed" if p.problems else "") for p in found]
    print_table(("NAME", "VERSION", "DISTRIBUTION", "OFFERS", ""), rows, empty="no plugin is installed")
    print_problems(problem for plugin in found for problem in plugin.problems)
    if any(plugin.problems for plugin in found):
        raise typer.Exit(1)


@app.command(cls=Command)
def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A plugin, an installer, a target handler or a transport.")
    ],
    json: Json = False,
) -> None:
    """Show what a plugin offers.

    Its purpose, its names, and every property with type, unit, default and an example.
    """
    plugin = _find(name)
    offers = [offer for offer in _offers(plugin) if name == plugin.name or name in offer["names"]]
    if json:
        print_json(_summary(plugin) | {"offers": offers})
        return
    print(f"plugin {plugin.name}, {plugin.distribution} {plugin.version}")
    for offer in offers:
        print(f"\n{offer['kind']} {', '.join(offer['names'])}\n  {offer['purpose']}")
        for spec in offer["properties"]:
            print(_property_text(spec))
    print_problems(plugin.problems)


def _installed() -> Sequence[Plugin]:
    from roboconf_core.hooks.manager import load_plugins  # other commands start sooner without it

    return load_plugins().all


def _find(name: str) -> Plugin:
    found = _installed()
    for plugin in found:
        if name == plugin.name or name in _names(plugin):
            return plugin
    known = sorted({known for plugin in found for known in (plugin.name, *_names(plugin))})
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"pip install roboconf-{name}"
    raise NotFoundError(f"no installed plugin is or offers '{name}'; there are {', '.join(known)}", hint=hint)


def _names(plugin: Plugin) -> list[str]:
    return [name for offer in _offers(plugin) for name in offer["names"]]


def _offers(plugin: Plugin) -> list[dict[str, Any]]:
    kinds: Sequence[tuple[str, Sequence[Any]]] = (
        ("installer", plugin.installers),
        ("target handler", plugin.targets),
        ("transport", plugin.transports),
    )
    return [
        {
            "kind": kind,
            "names": list(getattr(offer, "names", None) or [offer.name]),
            "purpose": offer.purpose or (inspect.getdoc(type(offer)) or "").partition("\n")[0],
            "properties": [_property_json(spec) for spec in getattr(offer, "properties", ())],
        }
        for kind, offers in kinds
        for offer in offers
    ]


def _summary(plugin: Plugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "version": plugin.version,
        "distribution": plugin.distribution,
        "installers": [name for handler in plugin.installers for name in handler.names],
        "targets": [name for handler in plugin.targets for name in handler.names],
        "transports": [transport.name for transport in plugin.transports],
        "problems": [problem_to_json(problem) for problem in plugin.problems],
    }


def _property_json(spec: PropertySpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "type": str(spec.type),
        "unit": spec.unit,
        "required": spec.required,
        "default": None if spec.secret else spec.default,
        "secret": spec.secret,
        "choices": list(spec.choices),
        "description": spec.description,
        "example": spec.example,
    }


def _property_text(spec: dict[str, Any]) -> str:
    kind = " | ".join(spec["choices"]) or spec["type"]
    facts = [kind, *([f"in {spec['unit']}"] if spec["unit"] else []), *(["secret"] if spec["secret"] else [])]
    facts.append("required" if spec["required"] else f"default {spec['default']}" if spec["default"] else "optional")
    example = f"\n      example: {spec['name']} = {spec['example']}" if spec["example"] else ""
    return f"  {spec['name']} ({', '.join(facts)})\n      {spec['description']}{example}"
