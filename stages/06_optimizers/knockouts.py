"""Mistakes that learners make in stage 06, each with the test that notices it."""


# -- descend


@knockout(
    of="descend",
    killed_by="test_unit_descend_example",
    says="the direction is added: a step goes against the slope",
)
def uphill(w, direction, rate, spare):
    np.multiply(direction, rate, out=spare)
    w += spare


@knockout(
    of="descend",
    killed_by="test_unit_descend_example",
    says="the whole direction is taken, without the rate",
)
def no_rate(w, direction, rate, spare):
    w -= direction


@knockout(
    of="descend",
    killed_by="test_unit_descend_example",
    says="`w = w - ...` gives the name w to a new array, and the weight stays as it was",
)
def new_weight(w, direction, rate, spare):
    np.multiply(direction, rate, out=spare)
    w = w - spare


@knockout(
    of="descend",
    killed_by="test_unit_descend_example",
    says="the new weight was written into spare, not into w",
)
def result_in_spare(w, direction, rate, spare):
    np.multiply(direction, rate, out=spare)
    np.subtract(w, spare, out=spare)


@knockout(
    of="descend",
    killed_by="test_unit_descend_keeps_the_direction",
    says="the direction itself was multiplied: the gradient of the caller is another now",
)
def direction_scaled(w, direction, rate, spare):
    direction *= rate
    w -= direction


@knockout(
    of="descend",
    killed_by="test_unit_descend_makes_no_array",
    says="`rate * direction` makes a new array at each step; spare is there for it",
)
def one_step_array(w, direction, rate, spare):
    w -= rate * direction


@knockout(
    of="descend",
    killed_by="test_unit_descend_direction_in_spare",
    says="spare was overwritten before the direction was read, and both may be one array",
)
def spare_cleared(w, direction, rate, spare):
    spare[...] = rate
    spare *= direction
    w -= spare


# -- Optimizer.zero_grad


@knockout(
    of="Optimizer.zero_grad",
    killed_by="test_unit_optimizer_zero_grad_example",
    says="nothing is forgotten: the slopes of all steps add up",
)
def does_nothing(self, set_to_none=True):
    for group in self.param_groups:
        for parameter in group["params"]:
            parameter.grad = parameter.grad


@knockout(
    of="Optimizer.zero_grad",
    killed_by="test_unit_optimizer_zero_grad_example",
    says="the gradients are filled with 0 where they should become None",
)
def always_zeros(self, set_to_none=True):
    for group in self.param_groups:
        for parameter in group["params"]:
            if parameter.grad is not None:
                parameter.grad.copy_(0.0)


@knockout(
    of="Optimizer.zero_grad",
    killed_by="test_unit_optimizer_zero_grad_fills",
    says="set_to_none=False is not looked at",
)
def always_none(self, set_to_none=True):
    for group in self.param_groups:
        for parameter in group["params"]:
            parameter.grad = None


@knockout(
    of="Optimizer.zero_grad",
    killed_by="test_unit_optimizer_zero_grad_all_groups",
    says="only the first group is gone through",
)
def first_group_only(self, set_to_none=True):
    for parameter in self.param_groups[0]["params"]:
        if set_to_none:
            parameter.grad = None
        elif parameter.grad is not None:
            parameter.grad.copy_(0.0)


@knockout(
    of="Optimizer.zero_grad",
    killed_by="test_unit_optimizer_zero_grad_all_groups",
    says="a return inside the loop ends it after the first parameter",
)
def first_parameter_only(self, set_to_none=True):
    for group in self.param_groups:
        for parameter in group["params"]:
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.copy_(0.0)
            return None


@knockout(
    of="Optimizer.zero_grad",
    killed_by="test_unit_optimizer_zero_grad_fills",
    says="a parameter without a gradient has None there, and None cannot be filled",
)
def none_is_filled(self, set_to_none=True):
    for group in self.param_groups:
        for parameter in group["params"]:
            if set_to_none:
                parameter.grad = None
            else:
                parameter.grad.copy_(0.0)


@knockout(
    of="Optimizer.zero_grad",
    killed_by="test_unit_optimizer_zero_grad_fills",
    says="a new tensor of zeros takes the place of the gradient, which should stay",
)
def new_zeros(self, set_to_none=True):
    for group in self.param_groups:
        for parameter in group["params"]:
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad = parameter.grad * 0.0


@knockout(
    of="Optimizer.zero_grad",
    killed_by="test_unit_optimizer_zero_grad_weights_stay",
    says="the weights were set to 0, not the gradients",
)
def weights_zeroed(self, set_to_none=True):
    for group in self.param_groups:
        for parameter in group["params"]:
            parameter.copy_(0.0)
            parameter.grad = None


@knockout(
    of="Optimizer.zero_grad",
    killed_by="test_unit_optimizer_zero_grad_example",
    says='a group is a dictionary, and its keys were gone through; its parameters are in "params"',
)
def keys_of_the_group(self, set_to_none=True):
    for group in self.param_groups:
        for p in group:
            p.grad = None


@knockout(
    of="Optimizer.zero_grad",
    killed_by="test_unit_optimizer_zero_grad_fills",
    says="a parameter without a gradient ends the loop, and those after it keep theirs",
)
def none_ends_the_loop(self, set_to_none=True):
    for group in self.param_groups:
        for p in group["params"]:
            if set_to_none:
                p.grad = None
            elif p.grad is None:
                return
            else:
                p.grad.copy_(0.0)


# -- decayed


@knockout(
    of="decayed",
    killed_by="test_unit_decayed_example",
    says="the decay is taken off the slope: weights would grow",
)
def decay_pushes_away(w, g, decay, out):
    np.multiply(w, -decay, out=out)
    out += g
    return out


@knockout(
    of="decayed",
    killed_by="test_unit_decayed_signs",
    says="the decay multiplies the slope, not the weight",
)
def decay_of_the_slope(w, g, decay, out):
    np.multiply(g, decay, out=out)
    out += g
    return out


@knockout(
    of="decayed",
    killed_by="test_unit_decayed_example",
    says="only decay * w is there, the slope is missing",
)
def slope_forgotten(w, g, decay, out):
    np.multiply(w, decay, out=out)
    return out


@knockout(
    of="decayed",
    killed_by="test_unit_decayed_into_out",
    says="the slope itself was changed: the gradient belongs to the caller",
)
def slope_changed(w, g, decay, out):
    np.multiply(w, decay, out=out)
    g += out
    out[...] = g
    return out


@knockout(
    of="decayed",
    killed_by="test_unit_decayed_into_out",
    says="the result is a new array; it should be written into out",
)
def a_new_array(w, g, decay, out):
    return g + decay * w


@knockout(
    of="decayed",
    killed_by="test_unit_decayed_makes_no_array",
    says="decay * w made a new array before it was written into out",
)
def decay_step_array(w, g, decay, out):
    np.add(g, decay * w, out=out)
    return out


# -- SGD.update


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_momentum_by_hand",
    says="momentum is ignored: every step is lr times the slope of today",
)
def momentum_ignored(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if False:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_decay",
    says="weight decay is ignored",
)
def decay_ignored(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if False:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_groups",
    says="the rate is that of self.defaults; a group may have its own",
)
def default_rate(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, self.defaults["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_gradient_stays",
    says="the gradient was changed in place: g += ... writes into the parameter's .grad",
)
def own_slope_changed(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g += np.multiply(w, group["weight_decay"], out=s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_gradient_stays",
    says="the gradient was multiplied by the rate in place",
)
def gradient_scaled(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    g *= group["lr"]
    w -= g


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_dampening",
    says="the buffer starts at 0, so that the first slope is dampened, too",
)
def first_buffer_zero(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = np.zeros_like(w)
        buffer *= momentum
        buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_dampening",
    says="dampening is ignored",
)
def dampening_ignored(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += g
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_dampening",
    says="the slope is multiplied by dampening, not by 1 - dampening",
)
def dampening_not_subtracted(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, group["dampening"] or 1, out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_momentum_by_hand",
    says="the buffer is a running mean, with 1 - momentum before the slope; PyTorch adds up",
)
def mean_of_slopes(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - momentum, out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_buffer_is_a_copy",
    says="the first buffer is the gradient's own array, not a copy of it",
)
def buffer_is_the_gradient(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_buffer_stays",
    says="each step puts a new array into the state; change the one that is there",
)
def new_buffer_each_step(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            np.multiply(g, 1 - group["dampening"], out=t)
            buffer = state["momentum_buffer"] = momentum * buffer + t
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_momentum_by_hand",
    says="the buffer is computed, but the state does not keep it: each step is a first one",
)
def buffer_forgotten(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_momentum_by_hand",
    says="the step takes the slope, not the buffer",
)
def slope_into_buffer_only(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_momentum_by_hand",
    says="the buffer is not multiplied by momentum: it never forgets",
)
def buffer_not_shrunk(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_momentum_of_each",
    says="one buffer serves all parameters: it belongs into the parameter's own state",
)
def shared_buffer(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = group.get("momentum_buffer")
        if buffer is None:
            buffer = group["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_momentum_rate_outside",
    says="the rate went into the buffer; PyTorch keeps it outside, so that a new rate acts at once",
)
def rate_in_the_buffer(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g * group["lr"]
        else:
            buffer *= momentum
            buffer += np.multiply(g, (1 - group["dampening"]) * group["lr"], out=t)
        if group["nesterov"]:
            g = np.multiply(buffer, momentum, out=t) + group["lr"] * g
        else:
            g = buffer
    descend(w, g, 1.0 if momentum else group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_nesterov",
    says="nesterov is ignored",
)
def nesterov_ignored(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if False:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_nesterov",
    says="nesterov adds the whole buffer to the slope, without momentum before it",
)
def nesterov_twice(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, 1.0, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_nesterov",
    says="nesterov looks at the buffer of before, without the slope of today",
)
def nesterov_before_the_slope(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        old = np.zeros_like(w) if buffer is None else buffer.copy()
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(old, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_nesterov",
    says="nesterov's look ahead was written into the buffer, which should only add up slopes",
)
def nesterov_into_the_buffer(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            buffer *= momentum
            buffer += g
            g = buffer
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_decay_with_momentum",
    says="the decayed slope was overwritten in the spare array before it was used",
)
def decay_overwritten(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=s), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_decay_with_momentum",
    says="the decay is added after the buffer; it belongs to the slope that goes into it",
)
def decay_after_momentum(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_decay",
    says="the weight shrinks by the decay itself, without the rate",
)
def decay_without_rate(self, w, g, state, group, spares):
    t = spares[1]
    momentum = group["momentum"]
    if group["weight_decay"]:
        w *= 1 - group["weight_decay"]
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_no_momentum_no_memory",
    says="a buffer is kept although momentum is 0",
)
def buffer_always(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if True:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_makes_no_array",
    says="operators make a new array at each step; the spare arrays are there for them",
)
def slow_arrays(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += (1 - group["dampening"]) * g
        if group["nesterov"]:
            g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
        else:
            g = buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_example",
    says="`w = w - ...` gives the name w to a new array, and the weight stays as it was",
)
def sgd_new_weight(self, w, g, state, group, spares):
    w = w - group["lr"] * g


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_example",
    says="the new weight is returned; nobody takes it, the array w has to be changed",
)
def update_gives_back(self, w, g, state, group, spares):
    return w - group["lr"] * g


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_momentum_by_hand",
    says="the sum is a new array; the state still holds the buffer without today's slope",
)
def sum_not_kept(self, w, g, state, group, spares):
    if group["momentum"]:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= group["momentum"]
            np.multiply(g, 1 - group["dampening"], out=spares[1])
            buffer = buffer + spares[1]
        g = buffer
    descend(w, g, group["lr"], spares[0])


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_example",
    says="descend was handed the list of spare arrays; it takes one of them",
)
def list_of_spares(self, w, g, state, group, spares):
    descend(w, g, group["lr"], spares)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_settings_of_the_group",
    says="momentum is that of self.defaults; a group may have its own",
)
def default_momentum(self, w, g, state, group, spares):
    s, t = spares
    momentum = self.defaults["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        g = np.add(g, np.multiply(buffer, momentum, out=t), out=t) if group["nesterov"] else buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_settings_of_the_group",
    says="dampening is that of self.defaults; a group may have its own",
)
def default_dampening(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - self.defaults["dampening"], out=t)
        g = np.add(g, np.multiply(buffer, momentum, out=t), out=t) if group["nesterov"] else buffer
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_settings_of_the_group",
    says="nesterov is that of self.defaults; a group may have its own",
)
def default_nesterov(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if group["weight_decay"]:
        g = decayed(w, g, group["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        g = (
            np.add(g, np.multiply(buffer, momentum, out=t), out=t)
            if self.defaults["nesterov"]
            else buffer
        )
    descend(w, g, group["lr"], t)


@knockout(
    of="SGD.update",
    killed_by="test_unit_sgd_update_settings_of_the_group",
    says="weight decay is that of self.defaults; a group may have its own",
)
def default_decay(self, w, g, state, group, spares):
    s, t = spares
    momentum = group["momentum"]
    if self.defaults["weight_decay"]:
        g = decayed(w, g, self.defaults["weight_decay"], s)
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = g.copy()
        else:
            buffer *= momentum
            buffer += np.multiply(g, 1 - group["dampening"], out=t)
        g = np.add(g, np.multiply(buffer, momentum, out=t), out=t) if group["nesterov"] else buffer
    descend(w, g, group["lr"], t)


# -- Adam.init_state


@knockout(
    of="Adam.init_state",
    killed_by="test_unit_adam_init_state_arrays_of_its_own",
    says="both means are one and the same array",
)
def one_array_twice(self, w):
    zeros = np.zeros_like(w)
    return {"step": 0, "exp_avg": zeros, "exp_avg_sq": zeros}


@knockout(
    of="Adam.init_state",
    killed_by="test_unit_adam_init_state_example",
    says="the means start with the weight; they are of slopes, and none has been seen",
)
def means_of_the_weight(self, w):
    return {"step": 0, "exp_avg": w.copy(), "exp_avg_sq": w * w}


@knockout(
    of="Adam.init_state",
    killed_by="test_unit_adam_init_state_example",
    says="a mean is one number for the whole array; each weight needs its own",
)
def one_number(self, w):
    return {"step": 0, "exp_avg": 0.0, "exp_avg_sq": 0.0}


@knockout(
    of="Adam.init_state",
    killed_by="test_unit_adam_init_state_like_the_weight",
    says="np.zeros(w.shape) is float64; the means have the weight's dtype",
)
def always_float64(self, w):
    return {"step": 0, "exp_avg": np.zeros(w.shape), "exp_avg_sq": np.zeros(w.shape)}


@knockout(
    of="Adam.init_state",
    killed_by="test_unit_adam_init_state_example",
    says="step starts at 1, before any step was taken",
)
def counts_from_one(self, w):
    return {"step": 1, "exp_avg": np.zeros_like(w), "exp_avg_sq": np.zeros_like(w)}


@knockout(
    of="Adam.init_state",
    killed_by="test_unit_adam_init_state_example",
    says="np.empty_like holds whatever was in that memory; it has to be 0",
)
def not_zeroed(self, w):
    return {"step": 0, "exp_avg": np.full_like(w, 1e-3), "exp_avg_sq": np.full_like(w, 1e-3)}


@knockout(
    of="Adam.init_state",
    killed_by="test_unit_adam_init_state_example",
    says="the dictionary is empty: the two means and the count are missing",
)
def nothing_to_remember(self, w):
    return {}


@knockout(
    of="Adam.init_state",
    killed_by="test_unit_adam_init_state_example",
    says="the means are tensors; w is an array, and so are they",
)
def means_are_tensors(self, w):
    return {"step": 0, "exp_avg": Tensor(np.zeros_like(w)), "exp_avg_sq": Tensor(np.zeros_like(w))}


@knockout(
    of="Adam.init_state",
    killed_by="test_unit_adam_init_state_example",
    says="the means were written into self.state; only give them, `step` puts them there",
)
def written_into_self(self, w):
    self.state.update({"step": 0, "exp_avg": np.zeros_like(w), "exp_avg_sq": np.zeros_like(w)})
    return self.state


# -- Adam.adapt


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_example",
    says="this is gradient descent: the slope is not divided by its size",
)
def adam_is_sgd(self, w, g, state, group, spare):
    state["step"] += 1
    descend(w, g, group["lr"], spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_example",
    says="the mean slope alone is taken, it is not divided by the root of the mean square",
)
def adam_is_momentum(self, w, g, state, group, spare):
    beta1 = group["betas"][0]
    mean = state["exp_avg"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    descend(w, mean, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_example",
    says="there is no bias correction: the means started at 0 and are too small at first",
)
def no_correction(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"], spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_example",
    says="the mean is not corrected by 1 - beta1^step",
)
def no_correction_of_the_mean(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"], spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_example",
    says="the mean square is not corrected by 1 - beta2^step",
)
def no_correction_of_the_square(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_example",
    says="the correction of the square stands outside of the root and needs a root of its own",
)
def correction_without_root(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= 1 - beta2 ** state["step"]
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_two_steps_by_hand",
    says="the correction is 1 - beta at every step, not 1 - beta^step",
)
def correction_of_one_step(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_two_steps_by_hand",
    says="the two betas are exchanged",
)
def betas_exchanged(self, w, g, state, group, spare):
    beta2, beta1 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_example",
    says="step is never counted up: 1 - beta^0 is 0",
)
def not_counted(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_example",
    says="step is counted after it was used: the first correction is 1 - beta^0 = 0",
)
def counted_too_late(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    spare_step = state["step"]
    state["step"] += 1
    descend(w, spare, group["lr"] / (1 - beta1**spare_step), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_means",
    says="the corrected means are put into the state: each step corrects them again",
)
def corrected_for_good(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    mean /= 1 - beta1 ** state["step"]
    square /= 1 - beta2 ** state["step"]
    np.sqrt(square, out=spare)
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"], spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_eps",
    says="eps was added before the root; it stands outside",
)
def eps_in_the_root(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.divide(square, 1 - beta2 ** state["step"], out=spare)
    spare += group["eps"]
    np.sqrt(spare, out=spare)
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_eps",
    says="eps was added before the correction, which then divides it, too",
)
def eps_before_the_correction(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare += group["eps"]
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_no_slope",
    says="eps is missing: where there is no slope, 0 is divided by 0",
)
def no_eps(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_example",
    says="the root is missing: the mean slope is divided by the mean square",
)
def no_root(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.divide(square, 1 - beta2 ** state["step"], out=spare)
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_two_steps_by_hand",
    says="the slope of today is divided by the root, not its running mean",
)
def slope_over_root(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(g, spare, out=spare)
    descend(w, spare, group["lr"], spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_example",
    says="the second mean is of the slope, not of its square: its root may be nan",
)
def slope_not_squared(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_means",
    says="the means add up: the fresh slope lacks its 1 - beta",
)
def adds_up(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += g
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_two_steps_by_hand",
    says="the second mean squares the mean slope, not the slope",
)
def square_of_the_mean(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(mean, 1 - beta2, out=spare)
    spare *= mean
    spare /= (1 - beta1 ** state["step"]) ** 2
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_means",
    says="`m = ...` and `n += 1` make a new array and a new number that the state does not keep",
)
def nothing_kept(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    m, v, n = state["exp_avg"], state["exp_avg_sq"], state["step"]
    n += 1
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    np.sqrt(v / (1 - beta2**n), out=spare)
    spare += group["eps"]
    w -= group["lr"] * m / (1 - beta1**n) / spare


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_means",
    says="the means are new arrays that the state does not keep",
)
def means_not_kept(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"].copy(), state["exp_avg_sq"].copy()
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_means",
    says="each step puts new arrays into the state; change those that are there",
)
def new_means(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"].copy(), state["exp_avg_sq"].copy()
    state["exp_avg"], state["exp_avg_sq"] = mean, square
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_means",
    says="the division was written into the mean itself, which the next step needs",
)
def mean_destroyed(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=mean)
    descend(w, mean, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_means",
    says="the root was written into the mean square, which the next step needs",
)
def root_into_the_square(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=square)
    spare[...] = square
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_gradient_stays",
    says="the gradient was squared in place",
)
def gradient_squared_in_place(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    g *= g
    np.multiply(g, 1 - beta2, out=spare)
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_settings_of_the_group",
    says="the settings are those of self.defaults; a group may have its own",
)
def default_settings(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, self.defaults["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_counts",
    says="the steps are counted once for all parameters, not for each",
)
def shared_count(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    group["taken"] = group.get("taken", 0) + 1
    state["step"] = group["taken"]
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    np.multiply(g, 1 - beta2, out=spare)
    spare *= g
    square *= beta2
    square += spare
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_makes_no_array",
    says="operators make new arrays at each step; spare is there for them",
)
def adam_makes_arrays(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    mean *= beta1
    mean += np.multiply(g, 1 - beta1, out=spare)
    square *= beta2
    square += (1 - beta2) * g * g
    np.sqrt(square, out=spare)
    spare /= (1 - beta2 ** state["step"]) ** 0.5
    spare += group["eps"]
    np.divide(mean, spare, out=spare)
    descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_example",
    says="the step is added: it goes against the slope",
)
def adam_uphill(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    state["step"] += 1
    n = state["step"]
    m, v = state["exp_avg"], state["exp_avg_sq"]
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g * g
    w += group["lr"] * m / (1 - beta1**n) / (np.sqrt(v / (1 - beta2**n)) + group["eps"])


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_example",
    says="1 - beta2 was squared together with the slope",
)
def share_squared(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    state["step"] += 1
    n = state["step"]
    m, v = state["exp_avg"], state["exp_avg_sq"]
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += ((1 - beta2) * g) ** 2
    w -= group["lr"] * m / (1 - beta1**n) / (np.sqrt(v / (1 - beta2**n)) + group["eps"])


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_means",
    says="the new count stays in a name of its own; the state still has the old one",
)
def count_not_kept(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    n = state["step"]
    n += 1
    m, v = state["exp_avg"], state["exp_avg_sq"]
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g * g
    w -= group["lr"] * m / (1 - beta1**n) / (np.sqrt(v / (1 - beta2**n)) + group["eps"])


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_settings_of_the_group",
    says="betas are those of self.defaults; a group may have its own",
)
def default_betas(self, w, g, state, group, spare):
    beta1, beta2 = self.defaults["betas"]
    state["step"] += 1
    n = state["step"]
    m, v = state["exp_avg"], state["exp_avg_sq"]
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g * g
    w -= group["lr"] * m / (1 - beta1**n) / (np.sqrt(v / (1 - beta2**n)) + group["eps"])


@knockout(
    of="Adam.adapt",
    killed_by="test_unit_adam_adapt_settings_of_the_group",
    says="eps is that of self.defaults; a group may have its own",
)
def default_eps(self, w, g, state, group, spare):
    beta1, beta2 = group["betas"]
    state["step"] += 1
    n = state["step"]
    m, v = state["exp_avg"], state["exp_avg_sq"]
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g * g
    w -= group["lr"] * m / (1 - beta1**n) / (np.sqrt(v / (1 - beta2**n)) + self.defaults["eps"])


# -- AdamW.update


@knockout(
    of="AdamW.update",
    killed_by="test_unit_adamw_update_example",
    says="the decay was added to the slope, as Adam does it; AdamW shrinks the weight beside it",
)
def decay_in_the_slope(self, w, g, state, group, spares):
    g = decayed(w, g, group["weight_decay"], spares[0])
    self.adapt(w, g, state, group, spares[1])


@knockout(
    of="AdamW.update",
    killed_by="test_unit_adamw_update_example",
    says="the decay is missing",
)
def adamw_without_decay(self, w, g, state, group, spares):
    self.adapt(w, g, state, group, spares[1])


@knockout(
    of="AdamW.update",
    killed_by="test_unit_adamw_update_slope_and_decay",
    says="the weight only shrinks; Adam's own step is missing",
)
def adamw_decay_only(self, w, g, state, group, spares):
    w *= 1 - group["lr"] * group["weight_decay"]
    state["exp_avg"] += np.multiply(g, 0.1, out=spares[0])


@knockout(
    of="AdamW.update",
    killed_by="test_unit_adamw_update_example",
    says="the weight shrinks by 1 - decay; the rate belongs before the decay",
)
def decay_without_the_rate(self, w, g, state, group, spares):
    w *= 1 - group["weight_decay"]
    self.adapt(w, g, state, group, spares[1])


@knockout(
    of="AdamW.update",
    killed_by="test_unit_adamw_update_example",
    says="1 + lr * decay makes the weight grow",
)
def decay_grows(self, w, g, state, group, spares):
    w *= 1 + group["lr"] * group["weight_decay"]
    self.adapt(w, g, state, group, spares[1])


@knockout(
    of="AdamW.update",
    killed_by="test_unit_adamw_update_slope_and_decay",
    says="the weight shrinks after Adam's step; PyTorch, as the paper, shrinks it before",
)
def decay_after_the_step(self, w, g, state, group, spares):
    self.adapt(w, g, state, group, spares[1])
    w *= 1 - group["lr"] * group["weight_decay"]


@knockout(
    of="AdamW.update",
    killed_by="test_unit_adamw_update_means_know_nothing",
    says="the weight shrinks, and the slope has the decay, too: super().update() adds it",
)
def both_decays(self, w, g, state, group, spares):
    w *= 1 - group["lr"] * group["weight_decay"]
    super(AdamW, self).update(w, g, state, group, spares)


@knockout(
    of="AdamW.update",
    killed_by="test_unit_adamw_update_example",
    says="adapt was handed the list of spare arrays; it takes one of them",
)
def both_spares(self, w, g, state, group, spares):
    w *= 1 - group["lr"] * group["weight_decay"]
    self.adapt(w, g, state, group, spares)


@knockout(
    of="AdamW.update",
    killed_by="test_unit_adamw_update_example",
    says="`w = w * ...` gives the name w to a new array, and the weight stays as it was",
)
def adamw_new_weight(self, w, g, state, group, spares):
    w = w * (1 - group["lr"] * group["weight_decay"])
    self.adapt(w, g, state, group, spares[1])


@knockout(
    of="AdamW.update",
    killed_by="test_unit_adamw_update_makes_no_array",
    says="`lr * decay * w` makes a new array; multiply w in place by one number",
)
def adamw_makes_arrays(self, w, g, state, group, spares):
    w -= group["lr"] * group["weight_decay"] * w
    self.adapt(w, g, state, group, spares[1])


@knockout(
    of="AdamW.update",
    killed_by="test_unit_adamw_update_settings_of_the_group",
    says="the rate is that of self.defaults; a group may have its own",
)
def adamw_default_rate(self, w, g, state, group, spares):
    w *= 1 - self.defaults["lr"] * group["weight_decay"]
    self.adapt(w, g, state, group, spares[1])


@knockout(
    of="AdamW.update",
    killed_by="test_unit_adamw_update_settings_of_the_group",
    says="the factor of the first step is kept; a scheduler's new rate never comes into it",
)
def factor_kept(self, w, g, state, group, spares):
    if "shrink" not in state:
        state["shrink"] = 1 - group["lr"] * group["weight_decay"]
    w *= state["shrink"]
    self.adapt(w, g, state, group, spares[1])


# -- Optimizer.state_dict


@knockout(
    of="Optimizer.state_dict",
    killed_by="test_unit_optimizer_state_dict_example",
    says="the parameters themselves are in it; a number has to stand for each",
)
def parameters_in_the_file(self):
    number = {parameter: i for i, parameter in enumerate(self.parameters())}
    groups = [{**group, "params": list(group["params"])} for group in self.param_groups]
    state = {number[parameter]: dict(kept) for parameter, kept in self.state.items()}
    return {"state": state, "param_groups": groups}


@knockout(
    of="Optimizer.state_dict",
    killed_by="test_unit_optimizer_state_dict_settings",
    says="only params are kept of the groups; lr and the rest are missing",
)
def settings_forgotten(self):
    number = {parameter: i for i, parameter in enumerate(self.parameters())}
    groups = [
        {"params": [number[parameter] for parameter in group["params"]]}
        for group in self.param_groups
    ]
    state = {number[parameter]: dict(kept) for parameter, kept in self.state.items()}
    return {"state": state, "param_groups": groups}


@knockout(
    of="Optimizer.state_dict",
    killed_by="test_unit_optimizer_state_dict_settings",
    says="the defaults were kept in place of each group's own settings",
)
def default_settings_kept(self):
    number = {parameter: i for i, parameter in enumerate(self.parameters())}
    groups = [
        {**self.defaults, "params": [number[parameter] for parameter in group["params"]]}
        for group in self.param_groups
    ]
    state = {number[parameter]: dict(kept) for parameter, kept in self.state.items()}
    return {"state": state, "param_groups": groups}


@knockout(
    of="Optimizer.state_dict",
    killed_by="test_unit_optimizer_state_dict_numbers_through_groups",
    says="each group counts from 0 again; the numbers go on through all groups",
)
def numbers_from_zero(self):
    number = {parameter: i for i, parameter in enumerate(self.parameters())}
    groups = [{**group, "params": list(range(len(group["params"])))} for group in self.param_groups]
    state = {number[parameter]: dict(kept) for parameter, kept in self.state.items()}
    return {"state": state, "param_groups": groups}


@knockout(
    of="Optimizer.state_dict",
    killed_by="test_unit_optimizer_state_dict_state",
    says="the state is numbered in its own order: a parameter without state shifts all that follow",
)
def state_by_its_own_count(self):
    number = {parameter: i for i, parameter in enumerate(self.parameters())}
    groups = [
        {**group, "params": [number[parameter] for parameter in group["params"]]}
        for group in self.param_groups
    ]
    state = {i: dict(kept) for i, kept in enumerate(self.state.values())}
    return {"state": state, "param_groups": groups}


@knockout(
    of="Optimizer.state_dict",
    killed_by="test_unit_optimizer_state_dict_state",
    says="the state is missing",
)
def no_state(self):
    number = {parameter: i for i, parameter in enumerate(self.parameters())}
    groups = [
        {**group, "params": [number[parameter] for parameter in group["params"]]}
        for group in self.param_groups
    ]
    state = {}
    return {"state": state, "param_groups": groups}


@knockout(
    of="Optimizer.state_dict",
    killed_by="test_unit_optimizer_state_dict_state",
    says="the numbers are addresses of memory (id), other ones in each run",
)
def state_by_id(self):
    number = {parameter: i for i, parameter in enumerate(self.parameters())}
    groups = [
        {**group, "params": [number[parameter] for parameter in group["params"]]}
        for group in self.param_groups
    ]
    state = {id(parameter): dict(kept) for parameter, kept in self.state.items()}
    return {"state": state, "param_groups": groups}


@knockout(
    of="Optimizer.state_dict",
    killed_by="test_unit_optimizer_state_dict_changes_nothing",
    says="the numbers were written into the optimizer's own groups",
)
def groups_overwritten(self):
    number = {parameter: i for i, parameter in enumerate(self.parameters())}
    for group in self.param_groups:
        group["params"] = [number[parameter] for parameter in group["params"]]
    state = {number[parameter]: dict(kept) for parameter, kept in self.state.items()}
    return {"state": state, "param_groups": self.param_groups}


@knockout(
    of="Optimizer.state_dict",
    killed_by="test_unit_optimizer_state_dict_settings",
    says="of the settings only lr is kept",
)
def only_lr_saved(self):
    number = {p: i for i, p in enumerate(self.parameters())}
    groups = [
        {"lr": group["lr"], "params": [number[p] for p in group["params"]]}
        for group in self.param_groups
    ]
    return {
        "state": {number[p]: dict(kept) for p, kept in self.state.items()},
        "param_groups": groups,
    }


@knockout(
    of="Optimizer.state_dict",
    killed_by="test_unit_optimizer_state_dict_state",
    says="every parameter was asked for its state, and those that have none got an empty one",
)
def state_for_all(self):
    number = {p: i for i, p in enumerate(self.parameters())}
    groups = [
        {**group, "params": [number[p] for p in group["params"]]} for group in self.param_groups
    ]
    return {"state": {i: self.state[p] for p, i in number.items()}, "param_groups": groups}


@knockout(
    of="Optimizer.state_dict",
    killed_by="test_unit_optimizer_state_dict_changes_nothing",
    says="the optimizer's own dictionaries were given away; the next step writes into them",
)
def own_dictionaries(self):
    number = {p: i for i, p in enumerate(self.parameters())}
    groups = [
        {**group, "params": [number[p] for p in group["params"]]} for group in self.param_groups
    ]
    return {"state": {number[p]: kept for p, kept in self.state.items()}, "param_groups": groups}


@knockout(
    of="Optimizer.state_dict",
    killed_by="test_unit_optimizer_state_dict_state",
    says="the arrays were copied: saving would double the memory",
)
def arrays_copied(self):
    number = {p: i for i, p in enumerate(self.parameters())}
    groups = [
        {**group, "params": [number[p] for p in group["params"]]} for group in self.param_groups
    ]
    return {
        "state": {number[p]: own_copy(kept, p) for p, kept in self.state.items()},
        "param_groups": groups,
    }


# -- Optimizer.load_state_dict


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_example",
    says="only the state was taken over, not the settings of the groups",
)
def settings_not_loaded(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    parameter = dict(zip(numbers, self.parameters(), strict=True))
    self.state.clear()
    for number, kept in state_dict["state"].items():
        self.state[parameter[number]] = own_copy(kept, parameter[number])


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_goes_on",
    says="only the settings were taken over, not the state",
)
def state_not_loaded(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    self.state.clear()
    for group, saved in zip(self.param_groups, groups, strict=True):
        group.update({**saved, "params": group["params"]})


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_parameters_stay",
    says="the numbers of the file took the place of the parameters",
)
def numbers_as_parameters(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    parameter = dict(zip(numbers, self.parameters(), strict=True))
    self.state.clear()
    for number, kept in state_dict["state"].items():
        self.state[parameter[number]] = own_copy(kept, parameter[number])
    for group, saved in zip(self.param_groups, groups, strict=True):
        group.update(saved)


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_by_number",
    says="states are handed out in the order in which they come; the number says whose they are",
)
def in_their_order(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    self.state.clear()
    for owner, kept in zip(self.parameters(), state_dict["state"].values(), strict=False):
        self.state[owner] = own_copy(kept, owner)
    for group, saved in zip(self.param_groups, groups, strict=True):
        group.update({**saved, "params": group["params"]})


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_goes_on",
    says="the state stands under the number; `step` looks for it under the parameter",
)
def keyed_by_number(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    parameter = dict(zip(numbers, self.parameters(), strict=True))
    self.state.clear()
    for number, kept in state_dict["state"].items():
        self.state[number] = own_copy(kept, parameter[number])
    for group, saved in zip(self.param_groups, groups, strict=True):
        group.update({**saved, "params": group["params"]})


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_forgets",
    says="the old state was not cleared: what the loaded one does not hold lives on",
)
def old_state_stays(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    parameter = dict(zip(numbers, self.parameters(), strict=True))
    for number, kept in state_dict["state"].items():
        self.state[parameter[number]] = own_copy(kept, parameter[number])
    for group, saved in zip(self.param_groups, groups, strict=True):
        group.update({**saved, "params": group["params"]})


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_copies",
    says="both optimizers hold the same arrays now: copy what is loaded",
)
def same_dictionary(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    parameter = dict(zip(numbers, self.parameters(), strict=True))
    self.state.clear()
    for number, kept in state_dict["state"].items():
        self.state[parameter[number]] = kept
    for group, saved in zip(self.param_groups, groups, strict=True):
        group.update({**saved, "params": group["params"]})


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_copies",
    says="the dictionary was copied, its arrays were not: both optimizers hold the same ones",
)
def same_arrays(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    parameter = dict(zip(numbers, self.parameters(), strict=True))
    self.state.clear()
    for number, kept in state_dict["state"].items():
        self.state[parameter[number]] = dict(kept)
    for group, saved in zip(self.param_groups, groups, strict=True):
        group.update({**saved, "params": group["params"]})


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_refuses",
    says="nothing is checked: a state of other shapes is taken",
)
def not_checked(self, state_dict):
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    parameter = dict(zip(numbers, self.parameters(), strict=True))
    self.state.clear()
    for number, kept in state_dict["state"].items():
        self.state[parameter[number]] = own_copy(kept, parameter[number])
    for group, saved in zip(self.param_groups, groups, strict=True):
        group.update({**saved, "params": group["params"]})


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_refuses",
    says="it was checked after the optimizer had been changed",
)
def checked_too_late(self, state_dict):
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    parameter = dict(zip(numbers, self.parameters(), strict=False))
    self.state.clear()
    for number, kept in state_dict["state"].items():
        self.state[parameter[number]] = own_copy(kept, parameter[number])
    for group, saved in zip(self.param_groups, groups, strict=False):
        group.update({**saved, "params": group["params"]})
    self.check_state(state_dict)


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_goes_on",
    says="only lr was taken over; the other settings of a group count, too",
)
def only_the_rate(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    parameter = dict(zip(numbers, self.parameters(), strict=True))
    self.state.clear()
    for number, kept in state_dict["state"].items():
        self.state[parameter[number]] = own_copy(kept, parameter[number])
    for group, saved in zip(self.param_groups, groups, strict=True):
        group["lr"] = saved["lr"] if len(groups) == 1 else self.defaults["lr"]


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_settings",
    says="only lr was taken over; the other settings of a group count, too",
)
def only_lr_loaded(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    parameter = dict(zip(numbers, self.parameters(), strict=True))
    self.state.clear()
    for number, kept in state_dict["state"].items():
        self.state[parameter[number]] = own_copy(kept, parameter[number])
    for group, saved in zip(self.param_groups, groups, strict=True):
        group["lr"] = saved["lr"]


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_settings",
    says="settings that are 0 or False were left out",
)
def nothing_that_is_0(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    parameter = dict(zip(numbers, self.parameters(), strict=True))
    self.state.clear()
    for number, kept in state_dict["state"].items():
        self.state[parameter[number]] = own_copy(kept, parameter[number])
    for group, saved in zip(self.param_groups, groups, strict=True):
        for name, value in saved.items():
            if name != "params" and value:
                group[name] = value


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_example",
    says="every number was asked for its state, and not every number has one",
)
def state_of_every_number(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    self.state.clear()
    for number, p in zip(numbers, self.parameters(), strict=True):
        self.state[p] = own_copy(state_dict["state"][number], p)
    for group, saved in zip(self.param_groups, groups, strict=True):
        group.update({**saved, "params": group["params"]})


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_by_number",
    says="the parameters were counted; the numbers that were saved say whose state it is",
)
def counted_anew(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    parameter = dict(enumerate(self.parameters()))
    self.state.clear()
    for number, kept in state_dict["state"].items():
        self.state[parameter[number]] = own_copy(kept, parameter[number])
    for group, saved in zip(self.param_groups, groups, strict=True):
        group.update({**saved, "params": group["params"]})


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_leaves_the_given",
    says="params were taken out of the caller's dictionary",
)
def params_popped(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    parameter = dict(zip(numbers, self.parameters(), strict=True))
    self.state.clear()
    for number, kept in state_dict["state"].items():
        self.state[parameter[number]] = own_copy(kept, parameter[number])
    for group, saved in zip(self.param_groups, groups, strict=True):
        saved.pop("params")
        group.update(saved)


@knockout(
    of="Optimizer.load_state_dict",
    killed_by="test_unit_optimizer_load_state_dict_leaves_the_given",
    says="the caller's dictionary became the group of the optimizer",
)
def group_replaced(self, state_dict):
    self.check_state(state_dict)
    groups = state_dict["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    parameter = dict(zip(numbers, self.parameters(), strict=True))
    self.state.clear()
    for number, kept in state_dict["state"].items():
        self.state[parameter[number]] = own_copy(kept, parameter[number])
    for i, (mine, saved) in enumerate(zip(self.param_groups, groups, strict=True)):
        saved["params"] = mine["params"]
        self.param_groups[i] = saved
