"""Which operations of AWS each function can come to, read from the source: an upper bound, by names alone.

From a handler on, every name that is mentioned is followed: to the function or class of that name in the modules that
are imported, and, if it is an attribute, to every method of that name in the project. So a call that is made is found,
unless it is made by a computed name; a call that is found need not be made.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

# What the adapters call their operations, such as "s3:PutObject".
_OPERATION = re.compile(r"[a-z0-9-]+:[A-Z][A-Za-z]+")


@dataclass
class _Unit:
    """A function or method, or what a module or class does when it is loaded."""

    names: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    operations: set[str] = field(default_factory=set)


class Graph:
    """Of all modules below a folder."""

    def __init__(self, root: Path, package: str) -> None:
        self._units: dict[tuple[str, str], _Unit] = {}
        self._imports: dict[str, dict[str, tuple[str, str]]] = {}
        self._methods: dict[str, set[tuple[str, str]]] = {}
        self._classes: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for path in sorted((root / package).rglob("*.py")):
            module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            self._read(module, ast.parse(path.read_text()))

    def functions_of(self, module: str) -> list[tuple[str, str]]:
        """The functions of a module itself."""
        return [(module, name) for place, name in self._units if place == module and "." not in name]

    def operations_of(self, entries: Iterable[tuple[str, str]]) -> set[str]:
        """Operations that functions can come to, each named as (module, name)."""
        seen: set[tuple[str, str]] = set()
        waiting = list(entries)
        operations: set[str] = set()
        while waiting:
            unit = waiting.pop()
            if unit in seen or unit not in self._units:
                continue
            seen.add(unit)
            operations |= self._units[unit].operations
            waiting.extend(self._next(unit))
        return operations

    def _next(self, unit: tuple[str, str]) -> Iterator[tuple[str, str]]:
        module = unit[0]
        imports = self._imports[module]
        for name in self._units[unit].names:
            yield from self._classes.get((module, name), ())
            yield (module, name)
            if name in imports:
                yield from self._classes.get(imports[name], ())
                yield imports[name]
        # A module that was imported from its package: its functions are attributes of it.
        modules = {".".join(imports[name]) for name in self._units[unit].names if name in imports}
        for name in self._units[unit].attributes:
            yield from self._methods.get(name, ())
            yield from ((each, name) for each in modules if each in self._imports)

    def _read(self, module: str, tree: ast.Module) -> None:
        imports = self._imports[module] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                imports |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                self._units[(module, node.name)] = _read_unit(node)
            elif isinstance(node, ast.ClassDef):
                for each in node.body:
                    if isinstance(each, ast.FunctionDef):
                        place = (module, f"{node.name}.{each.name}")
                        self._units[place] = _read_unit(each)
                        self._methods.setdefault(each.name, set()).add(place)
                        if each.name.startswith("__"):
                            self._classes.setdefault((module, node.name), set()).add(place)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        self._units[(module, target.id)] = _read_unit(node)


def _read_unit(tree: ast.AST) -> _Unit:
    unit = _Unit()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            unit.names.add(node.id)
        elif isinstance(node, ast.Attribute):
            unit.attributes.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _OPERATION.fullmatch(node.value):
            unit.operations.add(node.value)
    return unit
