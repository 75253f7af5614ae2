"""Ask a framework whether its gradients are complete: `python -m checker.gradients ROOT REQUEST`.

Course-check runs this in a child over the reference. REQUEST is JSON: `modules`, names of modules
of the package, and `layers`: null, to ask for rules, or what builds a layer and what goes in, both
as expressions. Prints what is missing, one line each.
"""

import importlib
import inspect
import json
import sys

__all__ = ["main", "rule_gaps", "unreached"]


def main(root, request):
    """Print every gap of the modules asked for."""
    sys.path.insert(0, root)
    asked = json.loads(request)
    modules = [importlib.import_module(f"tinytorch.{name}") for name in asked["modules"]]
    layers = asked["layers"]
    for problem in rule_gaps(modules) if layers is None else unreached(modules, layers):
        print(problem)


def rule_gaps(modules):
    """Yield the inputs of operations that have no rule and are not declared constant.

    Also constants that are no inputs, and rules that do not take what the walk hands them.
    """
    from tinytorch.autograd import RULES

    for op in _operations(modules):
        for name in sorted(op.constant - set(op.inputs)):
            yield f"{op.name}: constant {name!r} is none of its inputs {', '.join(op.inputs)}"
        for name in op.inputs:
            rule = RULES.get((op, name))
            if rule is None and name not in op.constant:
                yield f"{op.name}: input {name!r} has no gradient rule and is not declared constant"
            elif rule is not None and name in op.constant:
                yield f"{op.name}: input {name!r} has a rule, and is declared constant"
            elif rule is not None and not _fits(rule, op):
                yield f"{op.name}: the rule {rule.__name__} does not take its inputs and parameters"


def _operations(modules):
    """List the operations that the modules define, each once, those inside classes too."""
    from tinytorch.op import Op

    found = {}
    for module in modules:
        for value in list(vars(module).values()):
            inside = vars(value).values() if isinstance(value, type) else ()
            for one in (value, *inside):
                if isinstance(one, Op) and one.__module__ == module.__name__:
                    found[one.__qualname__, module.__name__] = one
    return list(found.values())


def _fits(rule, op):
    """Tell whether rule(g, out, *inputs, **params) can be called: with all, and without defaults.

    What a caller leaves out, the walk does not hand over either.
    """
    kinds = op.signature.parameters
    needed = [name for name in op.parameters if kinds[name].default is inspect.Parameter.empty]
    place = ["position"] if op.variadic else []
    try:
        for inputs, params in ((op.inputs, op.parameters), (op.inputs[: op.least], needed)):
            inspect.signature(rule).bind(None, None, *inputs, **dict.fromkeys([*params, *place]))
    except TypeError:
        return False
    return True


def unreached(modules, layers):
    """Yield the parameters that no gradient reaches from the output of their layer.

    Each of `layers` is built and run, and the sum of its output is walked back. Yields also the
    exported layers that own parameters, or need arguments, and are none of them.
    """
    import tinytorch
    from tinytorch.layers import Module

    shown = set()
    for built, given in layers.items():
        tinytorch.manual_seed(0)
        try:
            layer, inputs = (eval(said, {}, _Names(modules)) for said in (built, given))
            shown |= {type(module) for module in layer.modules()}
            yield from _not_reached(built, layer, inputs)
        except Exception as error:
            yield f"{built} of {given}: {type(error).__name__}: {error}"
    for module in modules:
        for name in module.__all__:
            kind = getattr(module, name)
            layer = isinstance(kind, type) and issubclass(kind, Module) and kind not in shown
            if layer and kind.__module__ == module.__name__ and _owns(kind):
                yield f"{name} is in no line of [layers] in stage.toml: how is it built and run?"


class _Names(dict):
    """Everything that an expression may name: what the modules define, then the package's."""

    def __init__(self, modules):
        super().__init__()
        self.modules = modules

    def __missing__(self, name):
        import tinytorch

        for place in (*self.modules, tinytorch):
            if hasattr(place, name):
                return getattr(place, name)
        raise KeyError(name)


def _owns(kind):
    """Tell whether a layer has parameters; one that cannot be built without arguments may."""
    try:
        return bool(list(kind().parameters()))
    except TypeError:
        return True


def _not_reached(built, layer, inputs):
    """Run a layer, walk back from the sum of all that comes out, and look at its parameters."""
    from tinytorch.tensor import Tensor

    output = layer(*inputs) if isinstance(inputs, tuple) else layer(inputs)
    parts = output if isinstance(output, tuple) else (output,)
    sums = [part.sum() for part in parts if isinstance(part, Tensor) and part.requires_grad]
    if sums:
        sum(sums[1:], sums[0]).backward()
    for name, parameter in layer.named_parameters():
        if parameter.grad is None:
            yield f"{built}: no gradient reaches {name}"
        elif parameter.grad.shape != parameter.shape:
            yield f"{built}: the gradient of {name} has shape {parameter.grad.shape}"


if __name__ == "__main__":
    main(*sys.argv[1:])
