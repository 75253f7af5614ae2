"""The package files that only hand names on: `tinytorch`, `tinytorch.nn`, and their kin.

They are written from the modules' `__all__` and the [facades] tables of the stages. The first
stage's names are imported at once; all others on first use, so that unfinished stages do no harm.
"""

import ast
import json
import re

__all__ = ["facades"]

_ABOUT = {
    "nn": "Modules: layers, containers and losses",
    "nn.functional": "Operations without modules around them",
    "nn.init": "Filling weights with first values",
    "nn.utils": "Small tools for training",
    "optim": "Optimizers",
    "optim.lr_scheduler": "Learning rates that change",
    "utils": "Tools around training",
    "utils.data": "Data sets and loaders",
}

_LAZY = '''"""{about}.

A given file: it hands on what the stages define, on first use.
"""

from importlib import import_module

_HOME = {table}
_PACKAGES = {packages}

__all__ = [*_HOME]


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"tinytorch.{{_HOME[name]}}"), name)
    if name in _PACKAGES:
        return import_module(f"{{__name__}}.{{name}}")
    raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")


def __dir__():
    return sorted([*_HOME, *_PACKAGES])
'''

_TOP = '''"""Your own deep-learning framework. A given file: it hands on what the stages define.

Stage 01's names are imported here, so that `tinytorch.tensor(...)` is the function although there
is a module of that name; everything else on first use. What is a method of Tensor is a function
here, too: `tinytorch.sum(x, dim=0)`.
"""

from importlib import import_module
from types import SimpleNamespace as _Namespace

import numpy as _np

{eager}

float32, float64, int32, int64 = _np.float32, _np.float64, _np.int32, _np.int64
bool, int, long, float, double = _np.bool_, int32, int64, float32, float64
cuda = _Namespace(is_available=lambda: False, device_count=lambda: 0)  # there is only the CPU

_HOME = {table}
_PACKAGES = {packages}


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"tinytorch.{{_HOME[name]}}"), name)
    if name in _PACKAGES:
        return import_module(f"tinytorch.{{name}}")
    if not name.startswith("_") and callable(getattr(Tensor, name, None)):
        return getattr(Tensor, name)
    raise AttributeError(f"module 'tinytorch' has no attribute {{name!r}}")


def __dir__():
    return sorted([*globals(), *_HOME, *_PACKAGES])
'''


def facades(course):
    """Give the text of each package file of the framework, by its path below tinytorch/."""
    homes = {}  # facade -> {name: module}
    for stage in course.stages.values():
        files = {name: file[:-3] for file in stage.files for name in public(course, file)}
        for facade, names in stage.facades.items():
            homes.setdefault(facade, {}).update({n: files.get(n, stage.module) for n in names})
    packages = {name.partition(".")[0] for name in homes}
    files = {}
    for facade in sorted(set(homes) | packages):
        inside = sorted(f.rpartition(".")[2] for f in homes if f.startswith(facade + "."))
        path = f"{facade}/__init__.py" if "." not in facade else f"{facade.replace('.', '/')}.py"
        about = f"{_ABOUT[facade]}: `tinytorch.{facade}`"
        files[path] = _LAZY.format(
            about=about, table=_table(homes.get(facade, {})), packages=json.dumps(inside)
        )
    files["__init__.py"] = _TOP.format(
        eager="\n".join(_eager(course)),
        table=_table(_later(course)),
        packages=json.dumps(sorted(packages)),
    )
    return files


def public(course, file):
    """Read `__all__` of a module of the reference, without importing it."""
    text = (course.reference / file).read_text(encoding="utf-8")
    found = re.search(r"^__all__ = (\[.*?\])", text, re.MULTILINE | re.DOTALL)
    return ast.literal_eval(found[1]) if found else []


def _eager(course):
    first = next(iter(course.stages.values()))
    for file in sorted(first.files):
        names = "".join(f"    {name},\n" for name in public(course, file))
        yield f"from .{file[:-3]} import (\n{names})"


def _later(course):
    return {
        name: file[:-3]
        for stage in list(course.stages.values())[1:]
        for file in stage.files
        for name in public(course, file)
    }


def _table(names):
    rows = "".join(f'    "{name}": "{names[name]}",\n' for name in sorted(names))
    return f"{{\n{rows}}}" if rows else "{}"
