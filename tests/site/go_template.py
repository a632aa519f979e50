"""As much of Go's text/template as the reference site's template for Nixy uses. Anything else is an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

ACTION = re.compile(r"\{\{(-\s)?\s*(.*?)\s*?(\s-)?\}\}", re.DOTALL)
RANGE = re.compile(r"range(?: \$(\w+), \$(\w+) :=)? (.+)")


class TemplateError(Exception):
    pass


@dataclass
class Node:
    """A text, a value, or an `if` or `range` with what stands in it."""

    kind: str
    text: str
    inside: list[Node] = field(default_factory=list)


def render(template: str, context: dict[str, Any]) -> str:
    pieces = _pieces(template)
    nodes = _parse(pieces)
    if next(pieces, None) is not None:
        raise TemplateError("an end without a beginning")
    return "".join(_render(node, context, {}) for node in nodes)


def _pieces(template: str) -> Iterator[tuple[str, str]]:
    """Texts and actions in turn; the text next to a trim marker has lost its blanks."""
    begin, trimmed = 0, False
    for found in ACTION.finditer(template):
        text = template[begin : found.start()]
        text = text.lstrip() if trimmed else text
        yield "text", text.rstrip() if found[1] else text
        yield "action", found[2]
        begin, trimmed = found.end(), bool(found[3])
    yield "text", template[begin:].lstrip() if trimmed else template[begin:]


def _parse(pieces: Iterator[tuple[str, str]]) -> list[Node]:
    nodes = []
    for kind, text in pieces:
        if kind == "action" and text == "end":
            break
        if kind == "action" and text.split()[0] in ("range", "if"):
            nodes.append(Node(text.split()[0], text, _parse(pieces)))
        else:
            nodes.append(Node("text" if kind == "text" else "value", text))
    return nodes


def _render(node: Node, dot: Any, variables: dict[str, Any]) -> str:
    if node.kind == "text":
        return node.text
    if node.kind == "value":
        return str(_value(node.text, dot, variables))
    if node.kind == "if":
        return _all(node, dot, variables) if _value(node.text.removeprefix("if "), dot, variables) else ""
    found = RANGE.fullmatch(node.text)
    if not found:
        raise TemplateError(node.text)
    key, name, source = found.groups()
    items = _value(source, dot, variables)
    pairs = sorted(items.items()) if isinstance(items, dict) else list(enumerate(items))
    return "".join(_all(node, item, {**variables, key: at, name: item} if name else variables) for at, item in pairs)


def _all(node: Node, dot: Any, variables: dict[str, Any]) -> str:
    return "".join(_render(each, dot, variables) for each in node.inside)


def _value(text: str, dot: Any, variables: dict[str, Any]) -> Any:
    words = text.split()
    if len(words) == 3 and words[0] == "index":
        return _operand(words[1], dot, variables)[int(words[2])]
    if len(words) != 1:
        raise TemplateError(text)
    return _operand(text, dot, variables)


def _operand(text: str, dot: Any, variables: dict[str, Any]) -> Any:
    first, *fields = text.split(".")
    value = variables[first[1:]] if first.startswith("$") else dot
    for name in fields:
        if name:
            # A label that an app does not have is empty; a field that there is not is an error.
            value = value.get(name, "") if fields[0] == "Labels" and name != "Labels" else value[name]
    return value
