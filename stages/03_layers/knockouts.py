"""Mistakes that learners make in stage 03, each with the test that notices it."""

# -- kaiming_uniform_


@knockout(
    of="kaiming_uniform_",
    killed_by="test_unit_kaiming_uniform_example",
    says="fan_in and fan_out are exchanged: the shape is (fan_out, fan_in)",
)
def fans_exchanged(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = _fans(tensor)
    fan = {"fan_in": fan_out, "fan_out": fan_in}[_one_of("mode", mode, ("fan_in", "fan_out"))]
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / fan)
    return uniform_(tensor, -bound, bound)


@knockout(
    of="kaiming_uniform_",
    killed_by="test_unit_kaiming_uniform_example",
    says="gain / sqrt(fan) is the spread; a uniform range reaches sqrt(3) times as far",
)
def no_root_of_three(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = _fans(tensor)
    fan = {"fan_in": fan_in, "fan_out": fan_out}[_one_of("mode", mode, ("fan_in", "fan_out"))]
    bound = calculate_gain(nonlinearity, a) / math.sqrt(fan)
    return uniform_(tensor, -bound, bound)


@knockout(
    of="kaiming_uniform_",
    killed_by="test_unit_kaiming_uniform_keeps_the_signal",
    says="the square root is missing: the weights are much too small and the signal dies",
)
def no_square_root(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = _fans(tensor)
    fan = {"fan_in": fan_in, "fan_out": fan_out}[_one_of("mode", mode, ("fan_in", "fan_out"))]
    bound = calculate_gain(nonlinearity, a) * 3.0 / fan
    return uniform_(tensor, -bound, bound)


@knockout(
    of="kaiming_uniform_",
    killed_by="test_unit_kaiming_uniform_is_uniform",
    says="the numbers go from 0 to the bound, none is negative",
)
def only_positive(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = _fans(tensor)
    fan = {"fan_in": fan_in, "fan_out": fan_out}[_one_of("mode", mode, ("fan_in", "fan_out"))]
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / fan)
    return uniform_(tensor, 0.0, bound)


@knockout(
    of="kaiming_uniform_",
    killed_by="test_unit_kaiming_uniform_is_uniform",
    says="the numbers come from the normal distribution, not from a uniform one",
)
def normal_numbers(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = _fans(tensor)
    fan = {"fan_in": fan_in, "fan_out": fan_out}[_one_of("mode", mode, ("fan_in", "fan_out"))]
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / fan)
    drawn = random_generator().standard_normal(tensor.shape) * bound / math.sqrt(3.0)
    return tensor.copy_(np.clip(drawn, -bound, bound))


@knockout(
    of="kaiming_uniform_",
    killed_by="test_unit_kaiming_uniform_bounds",
    says="the slope `a` is not handed to calculate_gain",
)
def slope_ignored(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = _fans(tensor)
    fan = {"fan_in": fan_in, "fan_out": fan_out}[_one_of("mode", mode, ("fan_in", "fan_out"))]
    return uniform_(tensor, -math.sqrt(6.0 / fan), math.sqrt(6.0 / fan))


@knockout(
    of="kaiming_uniform_",
    killed_by="test_unit_kaiming_uniform_bounds",
    says="`mode` is ignored, fan_in is always taken",
)
def mode_ignored(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, _ = _fans(tensor)
    _one_of("mode", mode, ("fan_in", "fan_out"))
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / fan_in)
    return uniform_(tensor, -bound, bound)


@knockout(
    of="kaiming_uniform_",
    killed_by="test_unit_kaiming_uniform_bounds",
    says="fan_in is read off the shape, so a kernel's own axes are forgotten",
)
def kernel_forgotten(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    _fans(tensor)
    fans = {"fan_in": tensor.shape[1], "fan_out": tensor.shape[0]}
    fan = fans[_one_of("mode", mode, ("fan_in", "fan_out"))]
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / fan)
    return uniform_(tensor, -bound, bound)


@knockout(
    of="kaiming_uniform_",
    killed_by="test_unit_kaiming_uniform_refuses",
    says="a mistyped mode silently means fan_out",
)
def any_mode(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = _fans(tensor)
    fan = fan_in if mode == "fan_in" else fan_out
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / fan)
    return uniform_(tensor, -bound, bound)


@knockout(
    of="kaiming_uniform_",
    killed_by="test_unit_kaiming_uniform_gives_the_tensor_back",
    says="the tensor is filled but not given back",
)
def nothing_given_back(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = _fans(tensor)
    fan = {"fan_in": fan_in, "fan_out": fan_out}[_one_of("mode", mode, ("fan_in", "fan_out"))]
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / fan)
    uniform_(tensor, -bound, bound)


@knockout(
    of="kaiming_uniform_",
    killed_by="test_unit_kaiming_uniform_gives_the_tensor_back",
    says="a new tensor is made, and the one that was to be filled stays as it is",
)
def a_new_tensor(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = _fans(tensor)
    fan = {"fan_in": fan_in, "fan_out": fan_out}[_one_of("mode", mode, ("fan_in", "fan_out"))]
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / fan)
    return uniform_(zeros(*tensor.shape), -bound, bound)


@knockout(
    of="kaiming_uniform_",
    killed_by="test_unit_kaiming_uniform_draws_from_the_framework",
    says="the numbers come from np.random, which manual_seed knows nothing of",
)
def numpys_own_numbers(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = _fans(tensor)
    fan = {"fan_in": fan_in, "fan_out": fan_out}[_one_of("mode", mode, ("fan_in", "fan_out"))]
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / fan)
    return tensor.copy_(np.random.uniform(-bound, bound, tensor.shape))


@knockout(
    of="kaiming_uniform_",
    killed_by="test_unit_kaiming_uniform_keeps_the_dtype",
    says=".data is replaced by a float64 array instead of being overwritten",
)
def float64_array(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = _fans(tensor)
    fan = {"fan_in": fan_in, "fan_out": fan_out}[_one_of("mode", mode, ("fan_in", "fan_out"))]
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / fan)
    tensor.data = random_generator().uniform(-bound, bound, tensor.shape)
    return tensor


# -- Linear.__init__


@knockout(
    of="Linear.__init__",
    killed_by="test_unit_linear_init_example",
    says="the weight is (in_features, out_features); it has one row for each output",
)
def weight_transposed(self, in_features, out_features, bias=True):
    super().__init__()
    self.in_features, self.out_features = in_features, out_features
    self.weight = Parameter(kaiming_uniform_(zeros(in_features, out_features), a=math.sqrt(5)))
    bound = 1 / math.sqrt(in_features)
    self.bias = Parameter(uniform_(zeros(out_features), -bound, bound)) if bias else None


@knockout(
    of="Linear.__init__",
    killed_by="test_unit_linear_init_example",
    says="the bias has one number for each input; it has one for each output",
)
def bias_of_the_inputs(self, in_features, out_features, bias=True):
    super().__init__()
    self.in_features, self.out_features = in_features, out_features
    self.weight = Parameter(kaiming_uniform_(zeros(out_features, in_features), a=math.sqrt(5)))
    bound = 1 / math.sqrt(in_features)
    self.bias = Parameter(uniform_(zeros(in_features), -bound, bound)) if bias else None


@knockout(
    of="Linear.__init__",
    killed_by="test_unit_linear_init_registers_parameters",
    says="weight and bias are plain tensors, so the module does not register them",
)
def plain_tensors(self, in_features, out_features, bias=True):
    super().__init__()
    self.in_features, self.out_features = in_features, out_features
    self.weight = kaiming_uniform_(zeros(out_features, in_features), a=math.sqrt(5))
    bound = 1 / math.sqrt(in_features)
    self.bias = uniform_(zeros(out_features), -bound, bound) if bias else None


@knockout(
    of="Linear.__init__",
    killed_by="test_unit_linear_init_range",
    says="a = sqrt(5) is missing, so the weight is sqrt(6) times as large as PyTorch's",
)
def another_slope(self, in_features, out_features, bias=True):
    super().__init__()
    self.in_features, self.out_features = in_features, out_features
    self.weight = Parameter(kaiming_uniform_(zeros(out_features, in_features)))
    bound = 1 / math.sqrt(in_features)
    self.bias = Parameter(uniform_(zeros(out_features), -bound, bound)) if bias else None


@knockout(
    of="Linear.__init__",
    killed_by="test_unit_linear_init_range",
    says="the bias starts at 0; PyTorch's is random in ±1/sqrt(in_features)",
)
def bias_of_zeros(self, in_features, out_features, bias=True):
    super().__init__()
    self.in_features, self.out_features = in_features, out_features
    self.weight = Parameter(kaiming_uniform_(zeros(out_features, in_features), a=math.sqrt(5)))
    self.bias = Parameter(zeros(out_features)) if bias else None


@knockout(
    of="Linear.__init__",
    killed_by="test_unit_linear_init_range",
    says="the range is 1/in_features; the square root is missing",
)
def no_root(self, in_features, out_features, bias=True):
    super().__init__()
    self.in_features, self.out_features = in_features, out_features
    bound = 1 / in_features
    self.weight = Parameter(uniform_(zeros(out_features, in_features), -bound, bound))
    self.bias = Parameter(uniform_(zeros(out_features), -bound, bound)) if bias else None


@knockout(
    of="Linear.__init__",
    killed_by="test_unit_linear_init_without_bias",
    says="the argument `bias` is ignored",
)
def always_a_bias(self, in_features, out_features, bias=True):
    super().__init__()
    self.in_features, self.out_features = in_features, out_features
    self.weight = Parameter(kaiming_uniform_(zeros(out_features, in_features), a=math.sqrt(5)))
    bound = 1 / math.sqrt(in_features)
    self.bias = Parameter(uniform_(zeros(out_features), -bound, bound))


@knockout(
    of="Linear.__init__",
    killed_by="test_unit_linear_init_without_bias",
    says="without a bias the attribute does not exist at all; it is None",
)
def bias_left_out(self, in_features, out_features, bias=True):
    super().__init__()
    self.in_features, self.out_features = in_features, out_features
    self.weight = Parameter(kaiming_uniform_(zeros(out_features, in_features), a=math.sqrt(5)))
    bound = 1 / math.sqrt(in_features)
    if bias:
        self.bias = Parameter(uniform_(zeros(out_features), -bound, bound))


@knockout(
    of="Linear.__init__",
    killed_by="test_unit_linear_init_sizes",
    says="in_features and out_features are not kept",
)
def sizes_not_kept(self, in_features, out_features, bias=True):
    super().__init__()
    self.weight = Parameter(kaiming_uniform_(zeros(out_features, in_features), a=math.sqrt(5)))
    bound = 1 / math.sqrt(in_features)
    self.bias = Parameter(uniform_(zeros(out_features), -bound, bound)) if bias else None


@knockout(
    of="Linear.__init__",
    killed_by="test_unit_linear_init_registers_parameters",
    says="super().__init__() is not called first, so there is nowhere to register",
)
def no_super(self, in_features, out_features, bias=True):
    self.in_features, self.out_features = in_features, out_features
    self.weight = Parameter(kaiming_uniform_(zeros(out_features, in_features), a=math.sqrt(5)))
    bound = 1 / math.sqrt(in_features)
    self.bias = Parameter(uniform_(zeros(out_features), -bound, bound)) if bias else None


@knockout(
    of="Linear.__init__",
    killed_by="test_unit_linear_init_follows_the_seed",
    says="every layer starts from a generator of its own with the same seed",
)
def own_generator(self, in_features, out_features, bias=True):
    super().__init__()
    self.in_features, self.out_features = in_features, out_features
    bound, draw = 1 / math.sqrt(in_features), np.random.default_rng(0).uniform
    weight = draw(-bound, bound, (out_features, in_features)).astype(np.float32)
    self.weight = Parameter(weight)
    self.bias = Parameter(draw(-bound, bound, out_features).astype(np.float32)) if bias else None


# -- Linear.forward


@knockout(
    of="Linear.forward",
    killed_by="test_unit_linear_forward_square",
    says="the weight is not transposed",
)
def not_transposed(self, x):
    out = x @ self.weight if self.weight.shape[0] == x.shape[-1] else x @ self.weight.T
    return out if self.bias is None else out + self.bias


@knockout(
    of="Linear.forward",
    killed_by="test_unit_linear_forward_example",
    says="the bias is forgotten",
)
def bias_forgotten(self, x):
    return x @ self.weight.T


@knockout(
    of="Linear.forward",
    killed_by="test_unit_linear_forward_without_bias",
    says="a bias of None is added, too",
)
def bias_always_added(self, x):
    return x @ self.weight.T + self.bias


@knockout(
    of="Linear.forward",
    killed_by="test_unit_linear_forward_remembers",
    says="computed with .data, so the output does not know what it was made from",
)
def recipe_lost(self, x):
    out = x.data @ self.weight.data.T
    return Tensor(out if self.bias is None else out + self.bias.data)


@knockout(
    of="Linear.forward",
    killed_by="test_unit_linear_forward_batch",
    says="weight @ x works for one example only",
)
def one_example_only(self, x):
    out = self.weight @ (x.T if x.ndim > 1 else x)
    return out if self.bias is None else out + self.bias


@knockout(
    of="Linear.forward",
    killed_by="test_unit_linear_forward_keeps_float64",
    says="the result is cut down to float32",
)
def always_float32(self, x):
    out = x @ self.weight.T
    return (out if self.bias is None else out + self.bias).float()


@knockout(
    of="Linear.forward",
    killed_by="test_unit_linear_forward_uses_the_weight_of_now",
    says="the transposed weight is kept from the first call, so it never changes again",
)
def weight_kept(self, x):
    if "kept" not in self.__dict__:
        self.kept = self.weight.T
    out = x @ self.kept
    return out if self.bias is None else out + self.bias


# -- Module.named_parameters


@knockout(
    of="Module.named_parameters",
    killed_by="test_unit_module_named_parameters_example",
    says="only the module's own parameters are found, not those of the modules below",
)
def own_only(self, prefix=""):
    for name, parameter in self._parameters.items():
        if parameter is not None:
            yield _dotted(prefix, name), parameter


@knockout(
    of="Module.named_parameters",
    killed_by="test_unit_module_named_parameters_own_first",
    says="only the modules directly below are asked, not those below them",
)
def one_level(self, prefix=""):
    seen = set()
    for path, module in [(prefix, self), *self.named_children()]:
        for name, parameter in module._parameters.items():
            if parameter is not None and id(parameter) not in seen:
                seen.add(id(parameter))
                yield _dotted(path, name), parameter


@knockout(
    of="Module.named_parameters",
    killed_by="test_unit_module_named_parameters_shared",
    says="a shared parameter is yielded once for each place where it is used",
)
def shared_twice(self, prefix=""):
    for path, module in self.named_modules(prefix=prefix):
        for name, parameter in module._parameters.items():
            if parameter is not None:
                yield _dotted(path, name), parameter


@knockout(
    of="Module.named_parameters",
    killed_by="test_unit_module_named_parameters_shared",
    says="each module has its own `seen`, so what two modules share comes twice",
)
def seen_for_each_module(self, prefix=""):
    for path, module in self.named_modules(prefix=prefix):
        seen = set()
        for name, parameter in module._parameters.items():
            if parameter is not None and id(parameter) not in seen:
                seen.add(id(parameter))
                yield _dotted(path, name), parameter


@knockout(
    of="Module.named_parameters",
    killed_by="test_unit_module_named_parameters_equal_is_not_shared",
    says="`in` on a list of tensors compares numbers, not identity",
)
def compared_by_value(self, prefix=""):
    seen = []
    for path, module in self.named_modules(prefix=prefix):
        for name, parameter in module._parameters.items():
            if parameter is not None and parameter not in seen:
                seen.append(parameter)
                yield _dotted(path, name), parameter


@knockout(
    of="Module.named_parameters",
    killed_by="test_unit_module_named_parameters_own_first",
    says="a parameter of the outermost module has a dot in front of its name",
)
def leading_dot(self, prefix=""):
    seen = set()
    for path, module in self.named_modules(prefix=prefix):
        for name, parameter in module._parameters.items():
            if parameter is not None and id(parameter) not in seen:
                seen.add(id(parameter))
                yield f"{path}.{name}", parameter


@knockout(
    of="Module.named_parameters",
    killed_by="test_unit_module_named_parameters_prefix",
    says="the prefix is ignored",
)
def prefix_ignored(self, prefix=""):
    seen = set()
    for path, module in self.named_modules():
        for name, parameter in module._parameters.items():
            if parameter is not None and id(parameter) not in seen:
                seen.add(id(parameter))
                yield _dotted(path, name), parameter


@knockout(
    of="Module.named_parameters",
    killed_by="test_unit_module_named_parameters_none",
    says="a parameter that was set to None is yielded like one",
)
def none_yielded(self, prefix=""):
    seen = set()
    for path, module in self.named_modules(prefix=prefix):
        for name, parameter in module._parameters.items():
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield _dotted(path, name), parameter


@knockout(
    of="Module.named_parameters",
    killed_by="test_unit_module_named_parameters_values",
    says="copies are given, so an optimizer would train what nobody uses",
)
def copies(self, prefix=""):
    seen = set()
    for path, module in self.named_modules(prefix=prefix):
        for name, parameter in module._parameters.items():
            if parameter is not None and id(parameter) not in seen:
                seen.add(id(parameter))
                yield _dotted(path, name), Parameter(parameter.clone())


@knockout(
    of="Module.named_parameters",
    killed_by="test_unit_module_named_parameters_follows_changes",
    says="buffers are taken for parameters",
)
def buffers_too(self, prefix=""):
    seen = set()
    for path, module in self.named_modules(prefix=prefix):
        for name, value in [*module._parameters.items(), *module._buffers.items()]:
            if value is not None and id(value) not in seen:
                seen.add(id(value))
                yield _dotted(path, name), value


# -- Module.train


@knockout(
    of="Module.train",
    killed_by="test_unit_module_train_example",
    says="only this module is switched, not those below it",
)
def not_below(self, mode=True):
    self.training = mode
    return self


@knockout(
    of="Module.train",
    killed_by="test_unit_module_train_all_levels",
    says="the switch reaches the modules directly below, and stops there",
)
def one_level_only(self, mode=True):
    self.training = mode
    for module in self.children():
        module.training = mode
    return self


@knockout(
    of="Module.train",
    killed_by="test_unit_module_train_gives_itself",
    says="the module is not given back",
)
def nothing_back(self, mode=True):
    self.training = mode
    for module in self.children():
        module.train(mode)


@knockout(
    of="Module.train",
    killed_by="test_unit_module_train_example",
    says="the modules below are always switched to training: `mode` is not handed on",
)
def mode_not_handed_on(self, mode=True):
    self.training = mode
    for module in self.children():
        module.train()
    return self


@knockout(
    of="Module.train",
    killed_by="test_unit_module_train_example",
    says="modules() begins with the module itself, so train calls itself without end",
)
def modules_for_children(self, mode=True):
    self.training = mode
    for module in self.modules():
        module.train(mode)
    return self


@knockout(
    of="Module.train",
    killed_by="test_unit_module_train_does_not_freeze",
    says="evaluation freezes the parameters, too",
)
def freezes(self, mode=True):
    self.training = mode
    for parameter in self._parameters.values():
        parameter.requires_grad = mode
    for module in self.children():
        module.train(mode)
    return self


# -- Sequential.forward


@knockout(
    of="Sequential.forward",
    killed_by="test_unit_sequential_forward_same_module_twice",
    says="children() yields each module once, so the second use of a layer is left out",
)
def children_once(self, x):
    for module in self.children():
        x = module(x)
    return x


@knockout(
    of="Sequential.forward",
    killed_by="test_unit_sequential_forward_order",
    says="each module gets the first input instead of the last output",
)
def always_the_first_input(self, x):
    out = x
    for module in self:
        out = module(x)
    return out


@knockout(
    of="Sequential.forward",
    killed_by="test_unit_sequential_forward_order",
    says="the modules run from the last to the first",
)
def backwards(self, x):
    for module in reversed(list(self)):
        x = module(x)
    return x


@knockout(
    of="Sequential.forward",
    killed_by="test_unit_sequential_forward_order",
    says="`return` stands inside the loop, so only the first module runs",
)
def returns_too_early(self, x):
    for module in self:
        return module(x)
    return x


@knockout(
    of="Sequential.forward",
    killed_by="test_unit_sequential_forward_calls_the_modules",
    says="forward() is called directly, so hooks do not run",
)
def past_the_hooks(self, x):
    for module in self:
        x = module.forward(x)
    return x


@knockout(
    of="Sequential.forward",
    killed_by="test_unit_sequential_forward_nested",
    says="all modules below are gone through, so those of an inner Sequential run twice",
)
def modules_of_all_levels(self, x):
    for _, module in list(self.named_modules(remove_duplicate=False))[1:]:
        x = module(x)
    return x


# -- Flatten.forward


@knockout(
    of="Flatten.forward",
    killed_by="test_unit_flatten_forward_example",
    says="the axis of the examples is merged, too",
)
def everything_merged(self, x):
    return x.flatten()


@knockout(
    of="Flatten.forward",
    killed_by="test_unit_flatten_forward_axes",
    says="start_dim and end_dim are ignored",
)
def axes_ignored(self, x):
    return x.flatten(1)


@knockout(
    of="Flatten.forward",
    killed_by="test_unit_flatten_forward_axes",
    says="end_dim is ignored",
)
def end_ignored(self, x):
    return x.flatten(self.start_dim)


@knockout(
    of="Flatten.forward",
    killed_by="test_unit_flatten_forward_remembers",
    says="computed with .data, so the output does not know what it was made from",
)
def flat_data(self, x):
    return Tensor(x.data).flatten(self.start_dim, self.end_dim)


@knockout(
    of="Flatten.forward",
    killed_by="test_unit_flatten_forward_values",
    says="the elements are read in the order of columns, so the pictures mix",
)
def pictures_mixed(self, x):
    shape = x.flatten(self.start_dim, self.end_dim).shape
    return x.permute(*reversed(range(x.ndim))).reshape(*shape)


# -- Dropout.forward


@knockout(
    of="Dropout.forward",
    killed_by="test_unit_dropout_forward_expectation",
    says="what is left is not divided by 1 - p, so the expected value shrinks",
)
def not_scaled(self, x):
    if not self.training or self.p == 0.0:
        return x
    return x * Tensor(random_generator().random(x.shape) >= self.p, dtype=x.dtype)


@knockout(
    of="Dropout.forward",
    killed_by="test_unit_dropout_forward_values",
    says="what is left is divided by p instead of 1 - p",
)
def divided_by_p(self, x):
    if not self.training or self.p == 0.0:
        return x
    keep = random_generator().random(x.shape) >= self.p
    return x * Tensor(keep * (1.0 / self.p if self.p < 1.0 else 0.0), dtype=x.dtype)


@knockout(
    of="Dropout.forward",
    killed_by="test_unit_dropout_forward_share",
    says="p is taken for the probability to survive",
)
def p_survives(self, x):
    if not self.training or self.p == 0.0:
        return x
    if self.p == 1.0:
        return x * 0.0
    keep = random_generator().random(x.shape) < self.p
    return x * Tensor(keep * (1.0 / (1.0 - self.p)), dtype=x.dtype)


@knockout(
    of="Dropout.forward",
    killed_by="test_unit_dropout_forward_example",
    says="evaluation drops, too",
)
def always_on(self, x):
    if self.p == 0.0:
        return x
    keep = random_generator().random(x.shape) >= self.p
    scale = 1.0 / (1.0 - self.p) if self.p < 1.0 else 0.0
    return x * Tensor(keep * scale, dtype=x.dtype)


@knockout(
    of="Dropout.forward",
    killed_by="test_unit_dropout_forward_example",
    says="evaluation scales by 1 - p, although training has made up for it already",
)
def scaled_in_evaluation(self, x):
    if not self.training:
        return x * (1.0 - self.p)
    keep = random_generator().random(x.shape) >= self.p
    scale = 1.0 / (1.0 - self.p) if self.p < 1.0 else 0.0
    return x * Tensor(keep * scale, dtype=x.dtype)


@knockout(
    of="Dropout.forward",
    killed_by="test_unit_dropout_forward_each_element",
    says="one mask for all rows: each feature is off for the whole batch",
)
def same_for_all_rows(self, x):
    if not self.training or self.p == 0.0:
        return x
    keep = random_generator().random(x.shape[-1:]) >= self.p
    scale = 1.0 / (1.0 - self.p) if self.p < 1.0 else 0.0
    return x * Tensor(keep * scale, dtype=x.dtype)


@knockout(
    of="Dropout.forward",
    killed_by="test_unit_dropout_forward_edges",
    says="p = 1 divides by 0, and 0 * inf is nan",
)
def divides_by_zero(self, x):
    if not self.training or self.p == 0.0:
        return x
    keep = random_generator().random(x.shape) >= self.p
    return x * Tensor(keep / np.float64(1.0 - self.p), dtype=x.dtype)


@knockout(
    of="Dropout.forward",
    killed_by="test_unit_dropout_forward_everything_off",
    says="p = 1 gives fresh zeros, which are float32 and know nothing of x",
)
def fresh_zeros(self, x):
    if not self.training or self.p == 0.0:
        return x
    if self.p == 1.0:
        return zeros(*x.shape)
    keep = random_generator().random(x.shape) >= self.p
    return x * Tensor(keep / (1.0 - self.p), dtype=x.dtype)


@knockout(
    of="Dropout.forward",
    killed_by="test_unit_dropout_forward_random_numbers",
    says="the same elements are dropped at every call",
)
def same_every_time(self, x):
    if not self.training or self.p == 0.0:
        return x
    keep = np.random.default_rng(0).random(x.shape) >= self.p
    scale = 1.0 / (1.0 - self.p) if self.p < 1.0 else 0.0
    return x * Tensor(keep * scale, dtype=x.dtype)


@knockout(
    of="Dropout.forward",
    killed_by="test_unit_dropout_forward_keeps_the_dtype",
    says="the mask is float64 and makes float64 of everything",
)
def mask_of_float64(self, x):
    if not self.training or self.p == 0.0:
        return x
    keep = random_generator().random(x.shape) >= self.p
    scale = 1.0 / (1.0 - self.p) if self.p < 1.0 else 0.0
    return x * Tensor(np.asarray(keep * scale))


@knockout(
    of="Dropout.forward",
    killed_by="test_unit_dropout_forward_changes_nothing",
    says="the input itself is overwritten",
)
def input_overwritten(self, x):
    if not self.training or self.p == 0.0:
        return x
    keep = random_generator().random(x.shape) >= self.p
    x.data[...] *= keep * (1.0 / (1.0 - self.p) if self.p < 1.0 else 0.0)
    return x


@knockout(
    of="Dropout.forward",
    killed_by="test_unit_dropout_forward_remembers",
    says="computed with .data, so the output does not know what it was made from",
)
def dropped_data(self, x):
    if not self.training or self.p == 0.0:
        return x
    keep = random_generator().random(x.shape) >= self.p
    scale = 1.0 / (1.0 - self.p) if self.p < 1.0 else 0.0
    return Tensor((x.data * keep * scale).astype(x.dtype))


# -- Module.state_dict


@knockout(
    of="Module.state_dict",
    killed_by="test_unit_module_state_dict_buffers",
    says="buffers are left out",
)
def no_buffers(self):
    state = {}
    for path, module in self.named_modules(remove_duplicate=False):
        for name, value in module._parameters.items():
            if value is not None:
                state[_dotted(path, name)] = value.detach()
    return state


@knockout(
    of="Module.state_dict",
    killed_by="test_unit_module_state_dict_shared",
    says="named_parameters gives a shared parameter once, but the state needs it under both names",
)
def shared_once(self):
    state = {name: parameter.detach() for name, parameter in self.named_parameters()}
    for path, module in self.named_modules():
        for name, value in module._buffers.items():
            if value is not None:
                state[_dotted(path, name)] = value.detach()
    return state


@knockout(
    of="Module.state_dict",
    killed_by="test_unit_module_state_dict_shared",
    says="named_parameters and named_buffers give what is shared once, the state needs it twice",
)
def both_lists_joined(self):
    state = {name: parameter.detach() for name, parameter in self.named_parameters()}
    state.update(self.named_buffers())
    return state


@knockout(
    of="Module.state_dict",
    killed_by="test_unit_module_state_dict_detached",
    says="the parameters themselves are given, still asking for gradients",
)
def not_detached(self):
    state = {}
    for path, module in self.named_modules(remove_duplicate=False):
        for name, value in [*module._parameters.items(), *module._buffers.items()]:
            if value is not None:
                state[_dotted(path, name)] = value
    return state


@knockout(
    of="Module.state_dict",
    killed_by="test_unit_module_state_dict_shares_memory",
    says="every array is copied",
)
def state_copied(self):
    state = {}
    for path, module in self.named_modules(remove_duplicate=False):
        for name, value in [*module._parameters.items(), *module._buffers.items()]:
            if value is not None:
                state[_dotted(path, name)] = Tensor(value.data.copy())
    return state


@knockout(
    of="Module.state_dict",
    killed_by="test_unit_module_state_dict_names",
    says="the path is missing, so that layers with the same names overwrite each other",
)
def no_path(self):
    state = {}
    for _, module in self.named_modules(remove_duplicate=False):
        for name, value in [*module._parameters.items(), *module._buffers.items()]:
            if value is not None:
                state[name] = value.detach()
    return state


@knockout(
    of="Module.state_dict",
    killed_by="test_unit_module_state_dict_none",
    says="what is None is taken for a tensor",
)
def none_detached(self):
    state = {}
    for path, module in self.named_modules(remove_duplicate=False):
        for name, value in [*module._parameters.items(), *module._buffers.items()]:
            state[_dotted(path, name)] = value.detach() if value is not None else None
    return state


@knockout(
    of="Module.state_dict",
    killed_by="test_unit_module_state_dict_leaves_the_module",
    says="requires_grad is switched off in the module itself",
)
def module_frozen(self):
    state = {}
    for path, module in self.named_modules(remove_duplicate=False):
        for name, value in [*module._parameters.items(), *module._buffers.items()]:
            if value is not None:
                state[_dotted(path, name)] = value.requires_grad_(False).detach()
    return state


# -- Module.load_state_dict


@knockout(
    of="Module.load_state_dict",
    killed_by="test_unit_module_load_state_dict_versions",
    says="the arrays are overwritten behind the tensors' backs, and no version counts it",
)
def into_the_state(self, state_dict, strict=True):
    own = self.state_dict()
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    known = [name for name in own if name in state_dict]
    wrong = [
        f"{name} is {own[name].shape}, not {state_dict[name].shape}"
        for name in known
        if own[name].shape != state_dict[name].shape
    ]
    if wrong or (strict and (missing or unexpected)):
        raise ValueError(_state_message(self, missing, unexpected, wrong))
    for name in known:
        own[name].data[...] = state_dict[name].data
    return IncompatibleKeys(missing, unexpected)


@knockout(
    of="Module.load_state_dict",
    killed_by="test_unit_module_load_state_dict_same_objects",
    says="new Parameters are put in the place of the old ones, which optimizers still hold",
)
def new_parameters(self, state_dict, strict=True):
    own = self.state_dict()
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    known = [name for name in own if name in state_dict]
    wrong = [
        f"{name} is {own[name].shape}, not {state_dict[name].shape}"
        for name in known
        if own[name].shape != state_dict[name].shape
    ]
    if wrong or (strict and (missing or unexpected)):
        raise ValueError(_state_message(self, missing, unexpected, wrong))
    for name in known:
        path, _, last = name.rpartition(".")
        module = self._at(path) if path else self
        kind = type(self._at(name))
        setattr(module, last, kind(state_dict[name].data.astype(self._at(name).dtype)))
    return IncompatibleKeys(missing, unexpected)


@knockout(
    of="Module.load_state_dict",
    killed_by="test_unit_module_load_state_dict_copies",
    says="the module takes over the state's memory instead of copying it",
)
def memory_taken_over(self, state_dict, strict=True):
    own = self.state_dict()
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    known = [name for name in own if name in state_dict]
    wrong = [
        f"{name} is {own[name].shape}, not {state_dict[name].shape}"
        for name in known
        if own[name].shape != state_dict[name].shape
    ]
    if wrong or (strict and (missing or unexpected)):
        raise ValueError(_state_message(self, missing, unexpected, wrong))
    for name in known:
        self._at(name).data = state_dict[name].data
    return IncompatibleKeys(missing, unexpected)


@knockout(
    of="Module.load_state_dict",
    killed_by="test_unit_module_load_state_dict_shapes",
    says="shapes are not compared, and a smaller state is repeated over the parameter",
)
def shapes_not_compared(self, state_dict, strict=True):
    own = self.state_dict()
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    if strict and (missing or unexpected):
        raise ValueError(_state_message(self, missing, unexpected, []))
    for name in own:
        if name in state_dict:
            self._at(name).copy_(state_dict[name])
    return IncompatibleKeys(missing, unexpected)


@knockout(
    of="Module.load_state_dict",
    killed_by="test_unit_module_load_state_dict_shapes",
    says="`wrong` is a list of names, so the message does not say which shapes met",
)
def names_without_shapes(self, state_dict, strict=True):
    own = self.state_dict()
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    known = [name for name in own if name in state_dict]
    wrong = [name for name in known if own[name].shape != state_dict[name].shape]
    if wrong or (strict and (missing or unexpected)):
        raise ValueError(_state_message(self, missing, unexpected, wrong))
    for name in known:
        self._at(name).copy_(state_dict[name])
    return IncompatibleKeys(missing, unexpected)


@knockout(
    of="Module.load_state_dict",
    killed_by="test_unit_module_load_state_dict_shapes",
    says="with strict=False a wrong shape is let through, too",
)
def shapes_only_strict(self, state_dict, strict=True):
    own = self.state_dict()
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    known = [name for name in own if name in state_dict]
    wrong = [
        f"{name} is {own[name].shape}, not {state_dict[name].shape}"
        for name in known
        if own[name].shape != state_dict[name].shape
    ]
    if strict and (wrong or missing or unexpected):
        raise ValueError(_state_message(self, missing, unexpected, wrong))
    for name in known:
        self._at(name).copy_(state_dict[name])
    return IncompatibleKeys(missing, unexpected)


@knockout(
    of="Module.load_state_dict",
    killed_by="test_unit_module_load_state_dict_missing",
    says="what is missing is not noticed, and a layer keeps its random numbers",
)
def missing_unnoticed(self, state_dict, strict=True):
    own = self.state_dict()
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    known = [name for name in own if name in state_dict]
    wrong = [
        f"{name} is {own[name].shape}, not {state_dict[name].shape}"
        for name in known
        if own[name].shape != state_dict[name].shape
    ]
    if wrong or (strict and unexpected):
        raise ValueError(_state_message(self, missing, unexpected, wrong))
    for name in known:
        self._at(name).copy_(state_dict[name])
    return IncompatibleKeys(missing, unexpected)


@knockout(
    of="Module.load_state_dict",
    killed_by="test_unit_module_load_state_dict_unexpected",
    says="names that the module does not have are silently left out",
)
def unexpected_unnoticed(self, state_dict, strict=True):
    own = self.state_dict()
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    known = [name for name in own if name in state_dict]
    wrong = [
        f"{name} is {own[name].shape}, not {state_dict[name].shape}"
        for name in known
        if own[name].shape != state_dict[name].shape
    ]
    if wrong or (strict and missing):
        raise ValueError(_state_message(self, missing, unexpected, wrong))
    for name in known:
        self._at(name).copy_(state_dict[name])
    return IncompatibleKeys(missing, unexpected)


@knockout(
    of="Module.load_state_dict",
    killed_by="test_unit_module_load_state_dict_missing",
    says="it complains after it has copied, and leaves a half-loaded network",
)
def complains_too_late(self, state_dict, strict=True):
    own = self.state_dict()
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    known = [name for name in own if name in state_dict]
    wrong = []
    for name in known:
        if own[name].shape == state_dict[name].shape:
            self._at(name).copy_(state_dict[name])
        else:
            wrong.append(f"{name} is {own[name].shape}, not {state_dict[name].shape}")
    if wrong or (strict and (missing or unexpected)):
        raise ValueError(_state_message(self, missing, unexpected, wrong))
    return IncompatibleKeys(missing, unexpected)


@knockout(
    of="Module.load_state_dict",
    killed_by="test_unit_module_load_state_dict_not_strict",
    says="`strict` is ignored",
)
def always_strict(self, state_dict, strict=True):
    own = self.state_dict()
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    known = [name for name in own if name in state_dict]
    wrong = [
        f"{name} is {own[name].shape}, not {state_dict[name].shape}"
        for name in known
        if own[name].shape != state_dict[name].shape
    ]
    if wrong or missing or unexpected:
        raise ValueError(_state_message(self, missing, unexpected, wrong))
    for name in known:
        self._at(name).copy_(state_dict[name])
    return IncompatibleKeys(missing, unexpected)


@knockout(
    of="Module.load_state_dict",
    killed_by="test_unit_module_load_state_dict_example",
    says="nothing is given back, so nobody learns what was missing",
)
def no_answer(self, state_dict, strict=True):
    own = self.state_dict()
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    known = [name for name in own if name in state_dict]
    wrong = [
        f"{name} is {own[name].shape}, not {state_dict[name].shape}"
        for name in known
        if own[name].shape != state_dict[name].shape
    ]
    if wrong or (strict and (missing or unexpected)):
        raise ValueError(_state_message(self, missing, unexpected, wrong))
    for name in known:
        self._at(name).copy_(state_dict[name])


@knockout(
    of="Module.load_state_dict",
    killed_by="test_unit_module_load_state_dict_values",
    says="only parameters are loaded, buffers keep their old numbers",
)
def parameters_only(self, state_dict, strict=True):
    own = self.state_dict()
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    known = [name for name in own if name in state_dict]
    wrong = [
        f"{name} is {own[name].shape}, not {state_dict[name].shape}"
        for name in known
        if own[name].shape != state_dict[name].shape
    ]
    if wrong or (strict and (missing or unexpected)):
        raise ValueError(_state_message(self, missing, unexpected, wrong))
    for name, parameter in self.named_parameters():
        if name in state_dict:
            parameter.copy_(state_dict[name])
    return IncompatibleKeys(missing, unexpected)
