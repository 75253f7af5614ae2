"""Finding functions in Python text: where one stands, what it says, what it means."""

import ast
import functools
import hashlib
from dataclasses import dataclass

__all__ = [
    "Difference",
    "Function",
    "bindings",
    "classes",
    "definitions",
    "differences",
    "doubled",
    "first_line",
    "function",
    "functions",
    "is_stub",
    "key_of",
    "last_line",
    "lines_of",
    "meaning",
    "scope",
    "stub_line",
    "tree",
]

DEFS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Function:
    """A function or method in a file: its dotted name and the lines it takes, from 1."""

    name: str
    node: ast.AST
    first: int  # of its decorators
    body: int  # first line after the docstring
    last: int

    @property
    def line(self):
        """The line of its `def`."""
        return self.node.lineno


@dataclass(frozen=True)
class Difference:
    """A place where two files differ in meaning: its name, and the nodes of either (or None)."""

    name: str
    line: int  # in the first of the files
    mine: ast.AST | None
    theirs: ast.AST | None


@functools.lru_cache(maxsize=128)
def tree(text):
    """Parse a module; a byte order mark, which Python passes over, is passed over here, too."""
    return ast.parse(text.removeprefix("\ufeff"))


@functools.lru_cache(maxsize=128)
def functions(text):
    """Map dotted names to the functions of a module, methods as Class.name (or SyntaxError).

    Of several definitions the last counts, as in Python; of a property, its getter.
    """
    return {name: _effective(found) for name, found in definitions(text).items()}


def _effective(found):
    return ([f for f in found if not _is_accessor(f.node)] or found)[-1]


def _is_accessor(node):
    """Tell whether a definition adds to an earlier one, as `@x.setter` does."""
    return any(
        isinstance(d, ast.Attribute) and d.attr in ("setter", "getter", "deleter", "register")
        for d in map(_callee, node.decorator_list)
    )


def _callee(node):
    return node.func if isinstance(node, ast.Call) else node


def doubled(text, name):
    """List the definitions of a function where one replaces another, else nothing."""
    found = [f for f in definitions(text).get(name, ()) if not _is_accessor(f.node)]
    return found if len(found) > 1 else []


@functools.lru_cache(maxsize=128)
def definitions(text):
    """Map each name to all its definitions, as of a property and its setter; no overloads."""
    found, lines = {}, text.split("\n")

    def walk(nodes, prefix):
        for node in nodes:
            if isinstance(node, ast.ClassDef):
                walk(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, DEFS):
                if not any(ast.unparse(d).endswith("overload") for d in node.decorator_list):
                    name = prefix + node.name
                    found.setdefault(name, []).append(_function(name, node, lines))

    walk(tree(text).body, "")
    return found


def function(text, name):
    """Find one function by its dotted name, or None."""
    return functions(text).get(name)


def _function(name, node, lines):
    first, body = first_line(node), first_line(node.body[0])
    if ast.get_docstring(node) is not None:
        body = node.body[0].end_lineno + 1
    else:  # comments above the first statement
        while body > node.lineno + 1 and lines[body - 2].lstrip().startswith("#"):
            body -= 1
    last = _last_line(node, lines)
    return Function(name, node, first, body, last)


def _last_line(node, lines):
    """Give the last line of a node, comments below that are indented deeper than it included."""
    last = node.end_lineno
    for number in range(last + 1, len(lines) + 1):
        line = lines[number - 1]
        if line.strip() and len(line) - len(line.lstrip()) <= node.col_offset:
            break
        if line.lstrip().startswith("#"):
            last = number
        elif line.strip():
            break
    return last


def last_line(text, node):
    """Give the line after which something else may stand."""
    return _last_line(node, text.split("\n"))


def first_line(node):
    """Give the line of a node, or of its first decorator."""
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])


def stub_line(found):
    """Give the line of a `raise NotImplementedError("stage …")` directly in the body, or None."""
    for node in found.node.body:
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            call = node.exc
            named = isinstance(call.func, ast.Name) and call.func.id == "NotImplementedError"
            if named and call.args and isinstance(call.args[0], ast.Constant):
                if str(call.args[0].value).startswith(("stage ", "milestone ")):
                    return node.lineno
    return None


def is_stub(found):
    """Tell whether nothing but the docstring and the stub's raise stands in the function."""
    body = found.node.body
    statements = body[1:] if ast.get_docstring(found.node) is not None else body
    return len(statements) == 1 and stub_line(found) is not None


def lines_of(text, node):
    """Give the lines of a function or a node, its decorators too, without their line ends."""
    first, last = (
        (node.first, node.last)
        if isinstance(node, Function)
        else (first_line(node), node.end_lineno)
    )
    return [line.rstrip("\r") for line in text.split("\n")[first - 1 : last]]


def meaning(found):
    """Give a digest of what the code does: comments, layout and docstrings do not count."""
    node = ast.parse(ast.unparse(found.node)).body[0]
    if ast.get_docstring(node) is not None:
        node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(node).encode()).hexdigest()[:16]


# -- what else a file says -------------------------------------------------------------------------


def scope(text, owner):
    """Give the statements of a module (owner "") or of a class in it, or None where it is gone."""
    body = tree(text).body
    for part in owner.split(".") if owner else ():
        found = [n for n in body if isinstance(n, ast.ClassDef) and n.name == part]
        if not found:
            return None
        body = found[-1].body
    return body


def classes(text):
    """Map the names of a module's classes to their lines."""
    return {n.name: n.lineno for n in tree(text).body if isinstance(n, ast.ClassDef)}


def bindings(text, name):
    """List (line, verb) of the statements that give a dotted name a value without a `def`."""
    owner, _, last = name.rpartition(".")
    found = []
    for node in scope(text, owner) or ():
        if not isinstance(node, (*DEFS, ast.ClassDef)) and last in _bound(node):
            verb = "imports" if isinstance(node, (ast.Import, ast.ImportFrom)) else "assigns"
            found.append((node.lineno, verb))
    return found


def _bound(node):
    """Give the names that a statement binds, changes or deletes, its own block's included."""
    if isinstance(node, (*DEFS, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return set()
    names = set()
    for part in ast.walk(node):
        if isinstance(part, (*DEFS, ast.ClassDef)):
            names.add(part.name)
        elif isinstance(part, (ast.Import, ast.ImportFrom)):
            names |= _bound(part)
        elif isinstance(part, (ast.Name, ast.Attribute, ast.Subscript)):
            if isinstance(part.ctx, (ast.Store, ast.Del)):
                root = part
                while isinstance(root, (ast.Attribute, ast.Subscript)):
                    root = root.value
                if isinstance(root, ast.Name):
                    names.add(root.id)
    return names


def differences(text, original, exercises=()):
    """List what of `original` is gone from `text` or means something else there.

    Of the exercises only their heads count. What somebody has added counts only where it touches
    a name of the original: functions, classes, imports and constants of one's own are welcome.
    """
    mine, theirs = tree(text), tree(original)
    lines = (text.split("\n"), original.split("\n"))
    return list(_differences(mine.body, theirs.body, "", 0, frozenset(exercises), lines))


def _differences(mine, theirs, prefix, line, exercises, lines):
    known = set().union(*map(_bound, theirs))
    imports = {key for node in mine for key in _imported(node)}
    matched, alike = set(), {}
    for node in mine:
        alike.setdefault(key_of(node), []).append(node)
    for node in theirs:
        if _is_note(node):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if not set(_imported(node)) <= imports:
                yield Difference(_name(node), line, None, node)
            continue
        same = alike.get(key_of(node), [])
        matched |= set(map(id, same))
        here, name = (same[-1] if same else None), prefix + _name(node)
        if here is None:
            instead = [n for n in mine if id(n) not in matched and _bound(n) & _bound(node)]
            matched |= set(map(id, instead))
            here = instead[-1] if instead else None
            yield Difference(name, here.lineno if here else line, here, node)
        elif isinstance(node, ast.ClassDef):
            if _head(here) != _head(node):
                yield Difference(f"class {name}", here.lineno, here, node)
            yield from _differences(here.body, node.body, f"{name}.", here.lineno, exercises, lines)
        elif isinstance(node, DEFS) and name in exercises:
            if _head(here) != _head(node):
                yield Difference(f"the head of {name}", here.lineno, here, node)
        elif isinstance(node, DEFS):
            if not _same_text(here, node, lines) and _code(here) != _code(node):
                yield Difference(name, here.lineno, here, node)
        elif _says_all(node) and _says_all(here):
            if not set(_strings(node)) <= set(_strings(here)):
                yield Difference(name, here.lineno, here, node)
    expected = {key for node in theirs for key in _imported(node)}
    for node in mine:
        if id(node) in matched or _is_note(node):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            touched = any(key not in expected and _binds(key) & known for key in _imported(node))
        elif isinstance(node, (*DEFS, ast.ClassDef, ast.Assign, ast.AnnAssign)):
            touched = _bound(node) & known and (prefix + _name(node)) not in exercises
        else:
            used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            touched = (used | _bound(node)) & known and not _is_main(node)
        if touched:
            yield Difference(prefix + _name(node), node.lineno, node, None)


def key_of(node):
    """Say what two statements must share to be the same thing in two files."""
    if isinstance(node, ast.ClassDef):
        return "class", node.name
    if isinstance(node, DEFS):
        added = [ast.dump(d) for d in node.decorator_list] if _is_accessor(node) else []
        return "def", node.name, *added
    if _says_all(node):
        return ("__all__",)
    return ("statement", ast.dump(node))


def _name(node):
    """Name a statement in a message."""
    if isinstance(node, (*DEFS, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]).strip("()")
    if isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        return ast.unparse(node.target)
    return ast.unparse(node).split("\n")[0][:40]


def _head(node):
    """Give what stands before a body: decorators, and bases or parameters without annotations."""
    parts = [type(node).__name__, *map(ast.dump, node.decorator_list)]
    if isinstance(node, ast.ClassDef):
        return [*parts, *map(ast.dump, [*node.bases, *node.keywords])]
    a = node.args
    every = [*a.posonlyargs, *a.args, a.vararg, *a.kwonlyargs, a.kwarg]
    parts += [getattr(arg, "arg", "") for arg in every]
    return parts + [ast.dump(d) if d else "" for d in [*a.defaults, *a.kw_defaults]]


def _same_text(here, there, lines):
    first, second = (
        [line.rstrip("\r") for line in text[first_line(node) - 1 : node.end_lineno]]
        for text, node in zip(lines, (here, there), strict=True)
    )
    return first == second


def _code(node):
    return meaning(Function(node.name, node, 0, 0, 0))


def _imported(node):
    if isinstance(node, ast.Import):
        return [("", 0, a.name, a.asname) for a in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(node.module, node.level, a.name, a.asname) for a in node.names]
    return []


def _binds(key):
    return {key[3] or key[2].partition(".")[0]}


def _is_note(node):
    """Tell whether a statement does nothing: a docstring, `pass`, `...`."""
    idle = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return idle or isinstance(node, ast.Pass)


def _is_main(node):
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def _says_all(node):
    return isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"


def _strings(node):
    return [n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant)]
