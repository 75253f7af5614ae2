"""Stage 03 against PyTorch: names, numbers, registration, states, representations."""

import copy
import math

import numpy as np
import pytest
import tinytorch
from tinytorch import nn
from tinytorch.tensor import Tensor

torch = pytest.importorskip("torch")

BOTH = pytest.mark.parametrize("kit", [nn, torch.nn], ids=["tinytorch", "torch"])


def array(value):
    return value.detach().numpy()


def tensor(kit, data):
    return Tensor(data) if kit is nn else torch.tensor(data)


def twin(mine, theirs):
    """Give `theirs` the numbers of `mine`, through both state_dicts."""
    state = {name: torch.tensor(array(t)) for name, t in mine.state_dict().items()}
    theirs.load_state_dict(state)
    return mine, theirs


def nets(kit):
    """Some networks with something special, one after the other."""
    linear, relu = kit.Linear(3, 3), kit.ReLU()
    yield kit.Sequential(linear, relu, linear, relu)
    yield kit.Sequential(kit.Linear(3, 4, bias=False), kit.Sequential(kit.GELU(), kit.Dropout(0.1)))
    tied = kit.Sequential(kit.Linear(3, 3), kit.Linear(3, 3, bias=False))
    tied[1].weight = tied[0].weight
    yield tied
    holder = kit.Module()
    holder.layers = kit.ModuleList([kit.Linear(3, 2), kit.Linear(2, 1)])
    holder.scale = kit.Parameter(tensor(kit, [1.0]))
    holder.register_buffer("mean", tensor(kit, [0.5, 0.5]))
    holder.register_buffer("nothing", None)
    holder.again = holder.layers
    yield holder
    yield kit.Sequential(kit.Flatten(), kit.Softmax(dim=1), kit.Identity(), kit.Tanh())


def pairs():
    return list(zip(nets(nn), nets(torch.nn), strict=True))


def test_names():
    for mine, theirs in pairs():
        for listed in ("named_parameters", "named_buffers"):
            assert [n for n, _ in getattr(mine, listed)()] == [
                n for n, _ in getattr(theirs, listed)()
            ]
            assert [n for n, _ in getattr(mine, listed)("top")] == [
                n for n, _ in getattr(theirs, listed)("top")
            ]
        assert list(mine.state_dict()) == list(theirs.state_dict())
        for listed in ("named_modules", "named_children"):
            assert [n for n, _ in getattr(mine, listed)()] == [
                n for n, _ in getattr(theirs, listed)()
            ]
        assert [n for n, _ in mine.named_modules(remove_duplicate=False)] == [
            n for n, _ in theirs.named_modules(remove_duplicate=False)
        ]
        assert [n for n, _ in mine.named_modules(None, "top", False)] == [
            n for n, _ in theirs.named_modules(None, "top", False)
        ]
        for counted in ("parameters", "modules", "children", "buffers"):
            assert len(list(getattr(mine, counted)())) == len(list(getattr(theirs, counted)()))


def test_repr():
    """As PyTorch's, except that Dropout and ReLU have no `inplace` and equal lines stay apart."""
    for mine, theirs in pairs():
        if hasattr(mine, "layers"):
            continue
        assert repr(mine) == repr(theirs).replace(", inplace=False", "")
    assert repr(nn.ModuleList([nn.Linear(1, 2)])) == repr(
        torch.nn.ModuleList([torch.nn.Linear(1, 2)])
    )


def test_repr_of_a_module_with_words_of_its_own():
    def build(kit):
        class Block(kit.Module):
            def __init__(self):
                super().__init__()
                self.act = kit.Sigmoid()

            def extra_repr(self):
                return "size=3"

        return kit.Sequential(Block(), kit.Sequential())

    assert repr(build(nn)) == repr(build(torch.nn))


@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3), (0, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape, bias):
    mine, theirs = twin(nn.Linear(3, 4, bias), torch.nn.Linear(3, 4, bias))
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    got, expected = mine(Tensor(x)), theirs(torch.tensor(x))
    assert got.shape == tuple(expected.shape) and got.dtype == np.float32
    np.testing.assert_allclose(array(got), array(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("sizes", [(4, 7), (100, 10), (10, 100), (1, 1), (3, 2, 5, 5)])
@pytest.mark.parametrize(
    "options",
    [{}, {"a": math.sqrt(5)}, {"mode": "fan_out"}, {"a": 1.0, "mode": "fan_out"}]
    + [{"nonlinearity": name} for name in ("relu", "tanh", "linear", "sigmoid")],
)  # fmt: skip
def test_kaiming_bound(sizes, options, monkeypatch):
    """Both fill with numbers from [-bound, bound); PyTorch's bound is read off its call."""
    asked = {}
    monkeypatch.setattr(torch.Tensor, "uniform_", lambda self, a, b, **_: asked.update(a=a, b=b))
    torch.nn.init.kaiming_uniform_(torch.empty(sizes), **options)
    theirs = dict(asked)
    monkeypatch.setattr(tinytorch.layers, "uniform_", lambda t, a, b: asked.update(a=a, b=b) or t)
    nn.init.kaiming_uniform_(tinytorch.zeros(*sizes), **options)
    assert asked == pytest.approx(theirs)
    torch.nn.init.xavier_uniform_(torch.empty(sizes), gain=2.0)
    theirs = dict(asked)
    nn.init.xavier_uniform_(tinytorch.zeros(*sizes), gain=2.0)
    assert asked == pytest.approx({"a": -theirs["b"], "b": theirs["b"]})


def test_kaiming_by_position():
    """(tensor, a, mode, nonlinearity), as in PyTorch, and the same complaints."""
    for init, made in ((nn.init, tinytorch.zeros(4, 3)), (torch.nn.init, torch.zeros(4, 3))):
        assert init.kaiming_uniform_(made, 0.0, "fan_out", "relu") is made
        with pytest.raises(ValueError):
            init.kaiming_uniform_(made, mode="fan_up")
        with pytest.raises(ValueError):
            init.kaiming_uniform_(made[0])
    gains = ["linear", "sigmoid", "tanh", "relu", "leaky_relu"]
    for name in gains:
        assert nn.init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    assert nn.init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain(
        "leaky_relu", 0.3
    )


def test_linear_starts_in_the_same_range():
    for kit in (nn, torch.nn):
        layer = kit.Linear(25, 4000)
        for values in (array(layer.weight), array(layer.bias)):
            assert 0.199 < np.abs(values).max() <= 0.2
            assert abs(values.mean()) < 0.01


def test_linear_without_inputs():
    """Like PyTorch's: the weight is empty, the answer is the bias."""
    assert nn.Linear(0, 3)(tinytorch.zeros(2, 0)).shape == (2, 3)


@BOTH
def test_registration(kit):
    layer = kit.Linear(2, 1)
    other = kit.Parameter(tensor(kit, [[1.0, 2.0]]))
    layer.weight = other
    assert next(iter(layer.parameters())) is other
    for wrong in (tensor(kit, [[1.0, 2.0]]), 3.0, kit.ReLU()):
        with pytest.raises(TypeError):
            layer.weight = wrong
    assert layer.weight is other
    layer.bias = None
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    assert layer.bias is None and list(layer.state_dict()) == ["weight"]
    layer.bias = kit.Parameter(tensor(kit, [1.0]))
    assert list(layer.state_dict()) == ["weight", "bias"]
    del layer.bias
    assert not hasattr(layer, "bias")
    with pytest.raises(AttributeError):
        del layer.bias


@BOTH
def test_registration_of_modules(kit):
    net = kit.Sequential(kit.Linear(1, 1), kit.ReLU())
    with pytest.raises(TypeError):
        setattr(net, "1", 3)
    setattr(net, "1", None)
    assert [name for name, _ in net.named_children()] == ["0"]
    assert "(1): None" in repr(net)
    setattr(net, "1", kit.Identity())
    assert isinstance(net[1], kit.Identity) and len(net) == 2
    net.extra = 3
    net.extra = kit.Tanh()
    assert "extra" in dict(net.named_children()) and "extra" not in vars(net)
    net.extra = kit.Parameter(tensor(kit, [1.0]))
    assert "extra" in dict(net.named_parameters()) and "extra" not in dict(net.named_children())
    del net.extra
    assert not hasattr(net, "extra")


@BOTH
def test_registration_of_buffers(kit):
    holder = kit.Module()
    holder.plain = tensor(kit, [1.0])
    assert list(holder.state_dict()) == []
    holder.register_buffer("mean", tensor(kit, [1.0]))
    holder.mean = tensor(kit, [2.0])
    assert array(holder.state_dict()["mean"]).tolist() == [2.0]
    with pytest.raises(TypeError):
        holder.mean = 3.0
    holder.mean = None
    assert list(holder.named_buffers()) == [] and list(holder.state_dict()) == []


@BOTH
def test_buffers_that_are_not_saved(kit):
    holder = kit.Module()
    holder.register_buffer("mask", tensor(kit, [1.0]), persistent=False)
    assert list(holder.state_dict()) == [] and array(holder.mask).tolist() == [1.0]
    assert [name for name, _ in holder.named_buffers()] == ["mask"]
    holder.mask = tensor(kit, [2.0])
    assert list(holder.state_dict()) == [] and array(holder.mask).tolist() == [2.0]
    with pytest.raises(TypeError):
        holder.mask = 3.0
    holder.load_state_dict({})
    holder.double()
    assert "float64" in str(holder.mask.dtype)
    del holder.mask
    assert not hasattr(holder, "mask")
    holder.register_buffer("mean", tensor(kit, [1.0]))
    assert list(holder.state_dict()) == ["mean"]


@BOTH
def test_before_init(kit):
    class Early(kit.Module):
        def __init__(self, value):
            self.value = value
            super().__init__()

    assert Early(3).value == 3
    for value in (kit.Parameter(tensor(kit, [1.0])), kit.ReLU()):
        with pytest.raises(AttributeError):
            Early(value)
    with pytest.raises(AttributeError):
        _ = kit.ReLU().nothing


@BOTH
def test_containers(kit):
    layers = [kit.Linear(1, 1), kit.ReLU(), kit.Tanh()]
    for box in (kit.Sequential(*layers), kit.ModuleList(layers)):
        assert [len(box), box[0], box[-1]] == [3, layers[0], layers[2]]
        assert list(box) == layers and type(box[1:]) is type(box) and list(box[1:]) == layers[1:]
        for wrong in (3, -4):
            with pytest.raises(IndexError):
                box[wrong]
        box[-1] = kit.Sigmoid()
        assert isinstance(box[2], kit.Sigmoid)
        assert box.append(kit.Identity()) is box and isinstance(box[3], kit.Identity)
    box = kit.ModuleList([kit.ReLU()])
    assert box.extend([kit.Tanh(), kit.Linear(1, 1)]) is box and len(box) == 3
    assert list(box.state_dict()) == ["2.weight", "2.bias"]
    assert list(kit.Sequential(*layers)[:1].state_dict()) == ["0.weight", "0.bias"]
    behind = kit.Sequential(kit.ReLU(), kit.Linear(1, 1))[1:]
    assert list(behind.state_dict()) == ["1.weight", "1.bias"]
    assert list(kit.ModuleList([kit.ReLU(), kit.Linear(1, 1)])[1:].state_dict()) == [
        "0.weight",
        "0.bias",
    ]


def test_append_to_a_slice_loses_nothing():
    """PyTorch gives the new module the name "2", which is taken, and drops the ReLU."""
    net = nn.Sequential(nn.Tanh(), nn.Linear(1, 1), nn.ReLU())[1:]
    net.append(nn.Sigmoid())
    assert [type(module).__name__ for module in net] == ["Linear", "ReLU", "Sigmoid"]


@BOTH
def test_named_sequential(kit):
    from collections import OrderedDict

    net = kit.Sequential(OrderedDict(first=kit.Linear(2, 3), act=kit.ReLU()))
    assert list(net.state_dict()) == ["first.weight", "first.bias"]
    assert net(tensor(kit, [[1.0, 2.0]])).shape == (1, 3)
    assert isinstance(net.act, kit.ReLU)


def test_a_layer_used_twice_runs_twice():
    mine, theirs = pairs()[0]
    twin(mine, theirs)
    x = np.ones((2, 3), np.float32)
    np.testing.assert_allclose(array(mine(Tensor(x))), array(theirs(torch.tensor(x))), rtol=1e-5)


@BOTH
def test_state(kit):
    net = kit.Sequential(kit.Linear(2, 2), kit.Linear(2, 1))
    state = net.state_dict()
    assert all(not value.requires_grad for value in state.values())
    parameters = list(net.parameters())
    assert str(net.load_state_dict(state)) in (
        "IncompatibleKeys(missing_keys=[], unexpected_keys=[])", "<All keys matched successfully>",
    )  # fmt: skip
    assert all(a is b for a, b in zip(parameters, net.parameters(), strict=True))
    state["2.weight"] = state.pop("0.weight")
    with pytest.raises((ValueError, RuntimeError)) as refused:
        net.load_state_dict(state)
    assert "2.weight" in str(refused.value) and "0.weight" in str(refused.value)
    result = net.load_state_dict(state, strict=False)
    assert result.missing_keys == ["0.weight"] and result.unexpected_keys == ["2.weight"]
    state["0.bias"] = tensor(kit, [1.0])
    with pytest.raises((ValueError, RuntimeError)):
        net.load_state_dict(state, strict=False)


@BOTH
def test_state_shares_memory(kit):
    layer = kit.Linear(1, 1)
    kept = layer.state_dict()["weight"]
    layer.load_state_dict({"weight": tensor(kit, [[7.0]]), "bias": tensor(kit, [0.0])})
    assert kept.item() == 7.0


def test_loading_bumps_the_versions():
    """Autograd refuses to walk over a parameter that was changed since; loading must show."""
    layer = nn.Linear(1, 1)
    layer.register_buffer("mean", Tensor([0.0]))
    before = layer.weight.version, layer.mean.version
    layer.load_state_dict(layer.state_dict())
    assert (layer.weight.version, layer.mean.version) == (before[0] + 1, before[1] + 1)


def test_dropout_statistics():
    for p in (0.1, 0.5, 0.9):
        x = np.ones(40_000, np.float32)
        mine, theirs = array(nn.Dropout(p)(Tensor(x))), array(torch.nn.Dropout(p)(torch.tensor(x)))
        assert np.unique(mine) == pytest.approx(np.unique(theirs))
        assert abs((mine == 0).mean() - p) < 0.02
        assert mine.dtype == theirs.dtype


@BOTH
def test_dropout_edges(kit):
    x = tensor(kit, [[1.0, -2.0]])
    assert array(kit.Dropout(0.0)(x)).tolist() == [[1.0, -2.0]]
    assert np.abs(array(kit.Dropout(1.0)(x))).tolist() == [[0.0, 0.0]]
    assert kit.Dropout(0.9).eval()(x) is x
    for wrong in (-0.1, 1.1):
        with pytest.raises(ValueError):
            kit.Dropout(wrong)


@BOTH
def test_hooks(kit):
    layer, seen = kit.ReLU(), []
    handle = layer.register_forward_hook(lambda module, inputs, out: seen.append((inputs, out)))
    x = tensor(kit, [-1.0, 1.0])
    out = layer(x)
    assert seen[0][0][0] is x and type(seen[0][0]) is tuple and seen[0][1] is out
    handle.remove()
    handle.remove()
    layer(x)
    assert len(seen) == 1
    layer.register_forward_hook(lambda module, inputs, out: out * 2)
    layer.register_forward_hook(lambda module, inputs, out: out + 1)
    assert array(layer(x)).tolist() == [1.0, 3.0]


@BOTH
def test_walks(kit):
    net = kit.Sequential(kit.Linear(2, 2), kit.Sequential(kit.Dropout()))
    order = []
    assert net.apply(lambda module: order.append(type(module).__name__)) is net
    assert order == ["Linear", "Dropout", "Sequential", "Sequential"]
    assert net.eval() is net and not any(module.training for module in net.modules())
    assert net.train() is net and all(module.training for module in net.modules())
    assert net.requires_grad_(False) is net
    assert not any(p.requires_grad for p in net.parameters())
    net[0].weight.grad = tensor(kit, [[1.0, 1.0], [1.0, 1.0]])
    net.zero_grad()
    assert net[0].weight.grad is None


@BOTH
def test_to_keeps_the_objects(kit):
    layer = kit.Linear(2, 1)
    weight = layer.weight
    assert layer.to(np.float64 if kit is nn else torch.float64) is layer
    assert layer.weight is weight and "float64" in str(weight.dtype)
    assert "float64" in str(layer(weight).dtype)


@BOTH
def test_dtypes_and_devices(kit):
    layer = kit.Linear(2, 1)
    layer.register_buffer("count", tensor(kit, [1]))
    for moved in (layer.double(), layer.to("cpu"), layer.to(device="cpu"), layer.cpu()):
        assert moved is layer and "float64" in str(layer.weight.dtype)
    assert layer.float() is layer and "float32" in str(layer.bias.dtype)
    assert "int64" in str(layer.count.dtype)
    wide = np.float64 if kit is nn else torch.float64
    assert "float64" in str(layer.to("cpu", wide).weight.dtype)
    assert "float32" in str(layer.to(dtype=np.float32 if kit is nn else torch.float32).bias.dtype)


def test_there_is_only_the_cpu():
    for call in (lambda m: m.to("cuda"), lambda m: m.to(device="cuda")):
        with pytest.raises(ValueError, match="CPU only"):
            call(nn.Linear(1, 1))


def test_states_may_be_lists():
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": [[1.0, 2.0]], "bias": np.array([3.0])})
    assert layer.weight.tolist() == [[1.0, 2.0]] and layer.bias.tolist() == [3.0]
    with pytest.raises(ValueError, match=r"bias is \(1,\), not \(2,\)"):
        layer.load_state_dict({"weight": [[0.0, 0.0]], "bias": [3.0, 3.0]})
    assert layer.weight.tolist() == [[1.0, 2.0]]


@BOTH
def test_deepcopy(kit):
    net = kit.Sequential(kit.Linear(2, 2), kit.Dropout())
    twice = copy.deepcopy(net)
    assert twice[0].weight is not net[0].weight
    assert np.array_equal(array(twice[0].weight), array(net[0].weight))
    assert list(twice.state_dict()) == list(net.state_dict())


def test_flatten():
    x = np.arange(120, dtype=np.float32).reshape(2, 3, 4, 5)
    for options in ((), (0,), (2,), (1, 2), (-2,), (0, -2)):
        mine = nn.Flatten(*options)(Tensor(x))
        theirs = torch.nn.Flatten(*options)(torch.tensor(x))
        assert mine.shape == tuple(theirs.shape)
        assert np.array_equal(array(mine), array(theirs))


def test_activation_modules():
    x = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32) * 4
    modules = [
        ("ReLU", {}), ("Sigmoid", {}), ("Tanh", {}), ("Identity", {}), ("Softmax", {"dim": 0}),
        ("Softmax", {"dim": 1}), ("GELU", {}), ("GELU", {"approximate": "tanh"}),
    ]  # fmt: skip
    for name, options in modules:
        mine, theirs = (getattr(kit, name)(**options) for kit in (nn, torch.nn))
        np.testing.assert_allclose(
            array(mine(Tensor(x))), array(theirs(torch.tensor(x))), atol=2e-6
        )


@BOTH
def test_no_forward(kit):
    with pytest.raises((TypeError, NotImplementedError)):
        kit.Module()(1)
    with pytest.raises((TypeError, NotImplementedError)):
        kit.ModuleList()(1)
