"""The house rules, held by reading the source: floors, doors, purity, size, docstrings.

Only the standard library's `ast` is used and nothing of `monitor` is imported, so that a rule holds for
imports inside functions and under type checking too. A rule takes one module and yields what is wrong there.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FLOORS: tuple[tuple[str, ...], ...] = (
    ("monitor.errors", "monitor.__version__"),
    ("monitor.core",),
    ("monitor.transport",),
    (
        "monitor.registries",
        "monitor.channels",
        "monitor.store",
        "monitor.render",
        "monitor.config",
        "monitor.log",
        "monitor.schemas",
    ),
    ("monitor.compare",),
    ("monitor",),
    ("monitor.pipeline",),
    ("monitor.bootstrap",),
    ("monitor.daemon",),
    ("monitor.demo", "monitor.web"),
    ("monitor.cli",),
    ("monitor.__main__",),
)
"""From the ground up. Rooms on one floor are blind to each other; `monitor` alone is the public door."""

ROOMS = {room: height for height, floor in enumerate(FLOORS) for room in floor}
PLUGINS = ("monitor.registries", "monitor.channels")

DOORS: Mapping[str, tuple[str, ...]] = {
    "aiosmtpd": ("monitor.demo",),
    "alembic": ("monitor.store",),
    "apprise": ("monitor.channels.apprise",),
    "apscheduler": ("monitor.daemon",),
    "cronsim": ("monitor.core.cadence",),
    "deepdiff": ("monitor.core.diff_other",),
    "httpx": ("monitor.transport",),
    "jinja2": ("monitor.render",),
    "msgspec": ("monitor.registries.ctgov",),
    "orjson": ("monitor",),
    "psycopg": ("monitor.store",),
    "pydantic": ("monitor.config", "monitor.channels", "monitor.registries"),
    "pydantic_core": ("monitor.config", "monitor.channels", "monitor.registries"),
    "pydantic_settings": ("monitor.config",),
    "rapidfuzz": ("monitor.core",),
    "rich": ("monitor.cli",),
    "smtplib": ("monitor.channels.email",),
    "sqlalchemy": ("monitor.store",),
    "sqlmodel": ("monitor.store",),
    "starlette": ("monitor.web",),
    "typer": ("monitor.cli",),
    "uvicorn": ("monitor.web",),
    "zstandard": ("monitor.store",),
}

_PURE = """
    __future__ base64 binascii bisect calendar collections contextlib copy csv dataclasses datetime
    decimal enum fnmatch fractions functools hashlib heapq hmac html html.parser io.StringIO itertools json
    math operator re statistics string textwrap
    types typing unicodedata urllib.parse zoneinfo orjson deepdiff rapidfuzz cronsim monitor.errors
    monitor.core
"""
PURE = frozenset(_PURE.split())
"""What core may import: none of it reads a clock, a network or a die."""

IMPURE = frozenset(f"builtins.{name}" for name in ("open", "print", "input", "exec", "eval", "__import__"))
_CLOCKS = """
    datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today datetime.date.today time.time
    time.time_ns time.monotonic time.monotonic_ns time.perf_counter time.localtime time.gmtime random
    secrets uuid.uuid1 uuid.uuid4 os.urandom email.utils.make_msgid email.utils.localtime
"""
CLOCKS = frozenset(_CLOCKS.split())

MAX_FUNCTION_LINES = 60
MAX_MODULE_LINES = 400


@dataclass(frozen=True)
class Module:
    """A module's name and source, and what the rules ask of it."""

    name: str
    source: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.source)

    @cached_property
    def imports(self) -> tuple[tuple[str, str], ...]:
        """(name bound here, dotted name imported), wherever in the module the import stands."""
        found: list[tuple[str, str]] = []
        for node in ast.walk(self.tree):
            match node:
                case ast.Import(names=names):
                    found += [(a.asname or a.name.partition(".")[0], a.name) for a in names]
                case ast.ImportFrom(names=names):
                    found += [(a.asname or a.name, f"{self._source_of(node)}.{a.name}") for a in names]
                case ast.Call(func=function, args=[ast.Constant(value=str(dotted)), *_]):
                    if _chain(function).endswith("import_module"):
                        found.append(("", dotted))
        return tuple(found)

    @cached_property
    def references(self) -> frozenset[str]:
        """Every name and attribute chain used, spelled from where it was imported (`builtins` if nowhere)."""
        bound = {local: dotted for local, dotted in self.imports if local}
        bound |= {local: local for local, dotted in self.imports if dotted.startswith(f"{local}.")}
        split = (chain.partition(".") for node in ast.walk(self.tree) if (chain := _chain(node)))
        return frozenset(bound.get(head, f"builtins.{head}") + dot + rest for head, dot, rest in split)

    @cached_property
    def functions(self) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
        """Every function and method."""
        nodes = ast.walk(self.tree)
        return tuple(n for n in nodes if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)))

    def _source_of(self, node: ast.ImportFrom) -> str:
        parts = self.name.split(".") if node.level else []
        keep = len(parts) - node.level + (1 if self.is_package else 0)
        return ".".join([*parts[:keep], *filter(None, [node.module])])


def _chain(node: ast.AST) -> str:
    """`a.b.c` where the node is that; "" where it is something else, or hangs on a call."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr) if before := _chain(value):
            return f"{before}.{attr}"
        case _:
            return ""


def within(name: str, *prefixes: str) -> bool:
    """Is the dotted `name` one of `prefixes`, or inside one?"""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def room_of(name: str) -> str | None:
    """The room a dotted name is in; the public door `monitor` only by its exact name."""
    found = [room for room in ROOMS if name == room or (room != "monitor" and within(name, room))]
    return max(found, key=len, default=None)


def is_module(name: str) -> bool:
    """Does the dotted name lead to a file or folder of this checkout (and not to a name in one)?"""
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def has_a_floor(module: Module) -> Iterator[str]:
    """Every module stands in a room."""
    if room_of(module.name) is None:
        yield "stands on no floor: give its room a place in FLOORS"


def imports_go_down(module: Module) -> Iterator[str]:
    """Imports go to lower floors or stay in the room; plug-ins know their port and no sister.

    A module of the port's own has a name that begins with an underscore.
    """
    here = room_of(module.name)
    for _, target in module.imports:
        there = room_of(target)
        if here is None or there is None:
            continue
        if here != there and ROOMS[there] >= ROOMS[here]:
            yield f"imports {'sideways' if ROOMS[there] == ROOMS[here] else 'upward'}: {target}"
        if here == there and here in PLUGINS:
            own, other = (".".join(name.split(".")[:3]) for name in (module.name, target))
            of_the_port = other == here or other.startswith(f"{here}._")
            if own not in (here, other) and not of_the_port and is_module(other):
                yield f"a plug-in imports a plug-in: {target}"


def core_is_pure(module: Module) -> Iterator[str]:
    """Core takes values and gives values: an allow-list of imports, and no call that reads or prints."""
    if within(module.name, "monitor.core"):
        yield from (f"core imports {t}" for _, t in module.imports if not within(t, *PURE))
        yield from (
            f"core uses {name.removeprefix('builtins.')}" for name in sorted(module.references & IMPURE)
        )


def one_door(module: Module) -> Iterator[str]:
    """A third-party library (and smtplib) is imported behind its own door only."""
    for _, target in module.imports:
        library = target.partition(".")[0]
        if library in DOORS and not within(module.name, *DOORS[library]):
            yield f"{library} has its door in {', '.join(DOORS[library])}"
        elif library not in DOORS and library != "monitor" and library not in sys.stdlib_module_names:
            yield f"{library} has no door: name one in DOORS"


def no_clock(module: Module) -> Iterator[str]:
    """Below bootstrap `now` is a parameter, and chance is one too."""
    if ROOMS[room_of(module.name) or "monitor"] < ROOMS["monitor.bootstrap"]:
        used = module.references | {target for _, target in module.imports}
        yield from (f"reads {name}" for name in sorted(used) if within(name, *CLOCKS))


def has_a_docstring(module: Module) -> Iterator[str]:
    """A module says what it is before it says anything else."""
    if not ast.get_docstring(module.tree):
        yield "has no docstring"


def is_short(module: Module) -> Iterator[str]:
    """A function fits a screen, a module fits a head."""
    if (lines := len(module.source.splitlines())) > MAX_MODULE_LINES:
        yield f"has {lines} lines"
    for function in module.functions:
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION_LINES:
            yield f"{function.name} has {lines} lines"


def says_what_it_shows(module: Module) -> Iterator[str]:
    """A test's docstring states the behavior it shows; a fake may have a method of such a name."""
    for node in module.tree.body:
        if (
            isinstance(node, ast.FunctionDef)
            and node.name.startswith("test_")
            and not ast.get_docstring(node)
        ):
            yield f"{node.name} has no docstring"
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield f"{node.name}: tests are functions"


def uses_fakes(module: Module) -> Iterator[str]:
    """Doubles are written by hand against a port, or are real servers."""
    yield from (f"imports {t}" for _, t in module.imports if within(t, "unittest.mock", "mock"))


Rule = Callable[[Module], Iterator[str]]
HOUSE_RULES: tuple[Rule, ...] = (
    has_a_floor,
    imports_go_down,
    core_is_pure,
    one_door,
    no_clock,
    has_a_docstring,
    is_short,
)
TEST_RULES: tuple[Rule, ...] = (says_what_it_shows, uses_fakes)


def modules(top: str) -> Iterator[Module]:
    """Every module under a top-level package of this checkout."""
    for path in sorted((ROOT / top).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        yield Module(".".join(parts[:-1] if is_package else parts), path.read_text("utf-8"), is_package)


def cycles(graph: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Modules that import each other in a ring, by name; those that only use a ring are not among them."""
    left = {name: targets - {name} for name, targets in graph.items()}
    while True:
        used = frozenset[str]().union(*left.values())
        inside = {name: targets & left.keys() for name, targets in left.items()}
        kept = {name: targets for name, targets in inside.items() if targets and name in used}
        if kept == left:
            break
        left = kept
    yield from sorted(left)


def import_graph(everything: tuple[Module, ...]) -> dict[str, frozenset[str]]:
    """Which module imports which, of those given."""
    # The version stands on the ground floor: whoever reads it imports nothing else of the package.
    names = {module.name for module in everything} | {"monitor.__version__"}

    def known(target: str) -> str:
        while target and target not in names:
            target = target.rpartition(".")[0]
        return target

    return {m.name: frozenset(known(t) for _, t in m.imports) - {m.name, ""} for m in everything}
