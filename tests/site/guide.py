"""A guide as steps: what stands in its marked blocks. A block is marked behind its fence, where no reader sees it:

    ```sh HOST [until-it-succeeds]     commands, one a line
    ```toml HOST FILE                  keys to be set in that file

HOST is a host's name, or `each-proxy`. A block without a host is only read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

FENCE = "```"
EACH_PROXY = "each-proxy"
SETTING = re.compile(r"(\w+) = .+")


@dataclass
class Block:
    language: str
    host: str
    rest: list[str]
    lines: list[str] = field(default_factory=list)


@dataclass
class Section:
    title: str
    blocks: list[Block] = field(default_factory=list)


def sections_of(file: Path) -> list[Section]:
    sections: list[Section] = []
    block: Block | None = None
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if block is not None:
            if line != FENCE:
                block.lines.append(line)
                continue
            if block.host:
                sections[-1].blocks.append(block)
            block = None
        elif line.startswith("## "):
            sections.append(Section(line.removeprefix("## ")))
        elif line.startswith(FENCE):
            language, host, *rest = [*line.removeprefix(FENCE).split(), "", ""]
            block = Block(language, host, [word for word in rest if word])
            if host and (language not in ("sh", "toml") or (language == "toml") != bool(rest[0].startswith("/"))):
                raise ValueError(f"{file.name}:{number}: no block that can be carried out: {line}")
    return sections


def set_keys(text: str, settings: list[str]) -> str:
    """A TOML file with these top-level keys set: in place of a line that sets one, or would as a comment, or first."""
    lines = text.splitlines()
    for setting in settings:
        found = SETTING.fullmatch(setting)
        if not found:
            raise ValueError(f"no key is set by: {setting}")
        places = [i for i, line in enumerate(lines) if re.match(rf"#?{found[1]} = ", line)]
        if places:
            lines[places[0]] = setting
        else:
            lines.insert(0, setting)
    return "\n".join(lines) + "\n"
