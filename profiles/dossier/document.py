"""YAML read as a tree that knows its lines, within limits that no file can talk its way out of.

Scalars stay as they were written: what `no` or `2024-11-01` means is for the schema to say, field by field, because
YAML would turn the language `no` into a truth value before anybody could ask.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TypeAlias

import yaml

MOST_BYTES = 5_000_000
MOST_DEPTH = 20
MOST_ALIASES = 20
MOST_PROBLEMS = 50

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where there is one: ten times as fast
BOM = "\ufeff"

# What libyaml says of the mistakes people make most, and what they did.
HINTS = {
    "mapping values are not allowed": "a colon stands in text without quotes, or the indentation is off",
    "found character that cannot start": "text that starts with @, %, ` or a tab needs quotes",
    "found unexpected end of stream": "a quote or a bracket is not closed",
    "did not find expected key": "the indentation is off, or a quote inside quotes is not doubled",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file, where, and what would be right."""

    file: str
    line: int
    where: str
    what: str

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return f"{self.file}:{self.line}: {where}{self.what}"


class BadDossier(Exception):
    """A file that cannot be imported. Its text is one line for each problem."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass
class Problems:
    """Collects what is wrong with a file, so that one reading tells everything."""

    file: str
    found: list[Problem] = field(default_factory=list)

    def add(self, line: int, where: str, what: str) -> None:
        self.found.append(Problem(self.file, line, where, what))
        if len(self.found) == MOST_PROBLEMS:
            self.found.append(Problem(self.file, line, "", f"there may be more; these are the first {MOST_PROBLEMS}."))
            self.raise_any()

    def fail(self, line: int, what: str) -> NoReturn:
        """Raise at once: nothing after this can be read."""
        self.found.append(Problem(self.file, line, "", what))
        raise BadDossier(self.found)

    def raise_any(self) -> None:
        if self.found:
            raise BadDossier(sorted(self.found, key=lambda problem: problem.line))


@dataclass(frozen=True, slots=True)
class Scalar:
    """`plain` is how YAML calls what stands without quotes; only that may be a number, a day or a truth value."""

    line: int
    text: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Listing:
    line: int
    items: list["Node"]


@dataclass(frozen=True, slots=True)
class Block:
    line: int
    fields: dict[str, "Node"]
    lines: dict[str, int]


Node: TypeAlias = Scalar | Listing | Block


def read(path: Path, problems: Problems) -> Block:
    """Return the mapping a file holds, or raise BadDossier."""
    return compose(_text(path, problems), problems)


def _text(path: Path, problems: Problems) -> str:
    try:
        with path.open("rb") as file:
            held = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        problems.fail(1, f"cannot be read: {getattr(error, 'strerror', None) or error}.")
    if len(held) > MOST_BYTES:
        problems.fail(1, f"is larger than {MOST_BYTES // 1_000_000} MB; a dossier holds one profile.")
    try:
        return held.decode().removeprefix(BOM)
    except UnicodeDecodeError as error:
        line = held.count(b"\n", 0, error.start) + 1
        problems.fail(line, f"is not UTF-8 (byte {held[error.start]:#04x}); save the file as UTF-8.")


def compose(text: str, problems: Problems) -> Block:
    """Return the one mapping that stands in a text, or raise BadDossier."""
    if odd := yaml.reader.Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        problems.fail(line, f"holds the control character U+{ord(odd.group()):04X}; take it out.")
    try:
        root = _Composer(problems).compose(yaml.parse(text, Loader=LOADER))
    except yaml.MarkedYAMLError as error:
        problems.fail(_line_of(error), f"is not YAML that can be read: {_said(error, text)}.")
    if not isinstance(root, Block):
        kind = "is empty" if root is None else "is a list or a single value, not fields with names"
        problems.fail(1, f'{kind}; a dossier starts with "dossier: 1".')
    return root


def _line_of(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def _said(error: yaml.MarkedYAMLError, text: str) -> str:
    here = [*text.split("\n"), ""][_line_of(error) - 1]
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return "the line is indented with a tab; indent with spaces"
    said = (error.problem or error.context or "something is missing").rstrip(".")
    return next((hint for start, hint in HINTS.items() if said.startswith(start)), said)


class _Refused(yaml.MarkedYAMLError):
    """Valid YAML that a dossier does not need."""


class _Composer:
    """Builds the tree from events, with a stack of its own: a thousand brackets must not exhaust Python's."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.open: list[_Open] = []
        self.roots: list[Node] = []
        self.anchors: dict[str, Node | None] = {}
        self.aliases = 0

    def compose(self, events: Iterator[yaml.Event]) -> Node | None:
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent) and self.roots:
                raise _refused(event, "a second document starts here; one file holds one dossier")
            if isinstance(event, yaml.NodeEvent):
                self._start(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                ended = self.open.pop()
                self._finish(ended.node(), ended.event)
        root = self.roots[0] if self.roots else None
        return None if isinstance(root, Scalar) and not root.text else root

    def _start(self, event: yaml.NodeEvent) -> None:
        if tag := getattr(event, "tag", None):
            short = tag.replace("tag:yaml.org,2002:", "!!")
            raise _refused(event, f"the tag {shown(short)} is not allowed; write the value alone")
        if isinstance(event, yaml.AliasEvent):
            self._put(self._named(event), event)
        elif isinstance(event, yaml.ScalarEvent):
            self._finish(Scalar(_line(event), event.value, not event.style), event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open_up(event)

    def _open_up(self, event: yaml.CollectionStartEvent) -> None:
        if len(self.open) == MOST_DEPTH:
            raise _refused(event, f"it nests deeper than {MOST_DEPTH} levels")
        self.open.append(_Open(event))
        if event.anchor:
            self.anchors[event.anchor] = None

    def _finish(self, node: Node, event: yaml.NodeEvent) -> None:
        if event.anchor:
            self.anchors[event.anchor] = node
        self._put(node, event)

    def _named(self, event: yaml.AliasEvent) -> Node:
        # An alias inside what an alias names doubles the file with every level, so few are more than enough.
        self.aliases += 1
        if self.aliases > MOST_ALIASES:
            raise _refused(event, f"it uses more than {MOST_ALIASES} aliases (*{event.anchor}); write things out")
        node = self.anchors.get(event.anchor or "")
        if node is None:
            raise _refused(event, f"the alias *{event.anchor} refers to itself or to nothing above it")
        return node

    def _put(self, node: Node, event: yaml.NodeEvent) -> None:
        if not self.open:
            self.roots.append(node)
        elif self.open[-1].is_listing:
            self.open[-1].items.append(node)
        else:
            self._put_field(self.open[-1], node, event)

    def _put_field(self, block: "_Open", node: Node, event: yaml.NodeEvent) -> None:
        if block.key is not None:
            name, block.key = block.key.text, None
            block.fields[name] = node
            return
        if not isinstance(node, Scalar):
            raise _refused(event, "a list or mapping stands where the name of a field belongs")
        if node.text in block.lines:
            first = block.lines[node.text]
            self.problems.add(_line(event), short(node.text), f"stands here twice (before on line {first}); keep one.")
        block.key = node
        block.lines[node.text] = _line(event)


class _Open:
    """A list or mapping whose end has not been read yet."""

    def __init__(self, event: yaml.CollectionStartEvent) -> None:
        self.event = event
        self.is_listing = isinstance(event, yaml.SequenceStartEvent)
        self.items: list[Node] = []
        self.fields: dict[str, Node] = {}
        self.lines: dict[str, int] = {}
        self.key: Scalar | None = None

    def node(self) -> Node:
        line = _line(self.event)
        return Listing(line, self.items) if self.is_listing else Block(line, self.fields, self.lines)


def _refused(event: yaml.Event, sentence: str) -> _Refused:
    return _Refused(None, None, sentence, event.start_mark)  # type: ignore[arg-type]  # libyaml's own marks


def _line(event: yaml.Event) -> int:
    return int(event.start_mark.line) + 1 if event.start_mark else 1


# --- What YAML takes a plain scalar for -------------------------------------------------------------------------------

_resolver = yaml.resolver.Resolver()
_LONGEST_RESOLVED = 60
KINDS = {
    "bool": "a truth value",
    "int": "a number",
    "float": "a number",
    "null": "nothing",
    "timestamp": "a day",
    "text": "text",
}


def taken_for(scalar: Scalar) -> str:
    """Return what YAML takes the scalar for, one of KINDS."""
    if not scalar.plain or len(scalar.text) > _LONGEST_RESOLVED:
        return "text"
    tag = _resolver.resolve(yaml.ScalarNode, scalar.text, (True, False))  # type: ignore[no-untyped-call]
    kind = str(tag).rpartition(":")[2]
    return kind if kind in KINDS else "text"


def shown(text: str) -> str:
    """Return what a file says in quotes, short and harmless enough to be printed."""
    return f'"{short(text)}"'


def short(text: str) -> str:
    if len(text) <= 60 and text.isprintable():
        return text
    cut = text if len(text) <= 60 else f"{text[:57]}..."
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in cut)
