"""Mistakes that learners make in milestone 1, each with the test that notices it."""


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_example",
    says="the weights move away from the example instead of towards it",
)
def wrong_direction(layer, x, target):
    output = 1 if layer(x).item() > 0 else 0
    mistake = target - output
    layer.weight.copy_(layer.weight - mistake * x)
    layer.bias.copy_(layer.bias - mistake)
    return mistake


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_example",
    says="the mistake is output - target, with the sign turned",
)
def sign_of_the_mistake(layer, x, target):
    output = 1 if layer(x).item() > 0 else 0
    mistake = output - target
    layer.weight.copy_(layer.weight - mistake * x)
    layer.bias.copy_(layer.bias - mistake)
    return mistake


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_example",
    says="the bias is not moved, so every line goes through the origin",
)
def bias_forgotten(layer, x, target):
    output = 1 if layer(x).item() > 0 else 0
    mistake = target - output
    layer.weight.copy_(layer.weight + mistake * x)
    return mistake


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_example",
    says="the mistake itself is added to every weight; it has to be mistake * x",
)
def without_x(layer, x, target):
    output = 1 if layer(x).item() > 0 else 0
    mistake = target - output
    layer.weight.copy_(layer.weight + mistake)
    layer.bias.copy_(layer.bias + mistake)
    return mistake


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_right_answers",
    says="right answers move the weights, too: the target is taken instead of the mistake",
)
def learns_from_right_answers(layer, x, target):
    output = 1 if layer(x).item() > 0 else 0
    layer.weight.copy_(layer.weight + (2 * target - 1) * x)
    layer.bias.copy_(layer.bias + (2 * target - 1))
    return target - output


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_too_high",
    says="it learns from a missed 1 only, never from a wrong 1",
)
def only_upwards(layer, x, target):
    output = 1 if layer(x).item() > 0 else 0
    mistake = target - output
    if mistake > 0:
        layer.weight.copy_(layer.weight + x)
        layer.bias.copy_(layer.bias + 1)
    return mistake


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_border",
    says="a sum of exactly 0 counts as above 0",
)
def border_included(layer, x, target):
    output = 1 if layer(x).item() >= 0 else 0
    mistake = target - output
    layer.weight.copy_(layer.weight + mistake * x)
    layer.bias.copy_(layer.bias + mistake)
    return mistake


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_size",
    says="the sum is compared with the target instead of the output: Adaline, the rule of 1960",
)
def no_threshold(layer, x, target):
    mistake = target - layer(x).item()
    layer.weight.copy_(layer.weight + mistake * x)
    layer.bias.copy_(layer.bias + mistake)
    return mistake


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_example",
    says="a learning rate is multiplied in, which the perceptron does not have",
)
def smaller_steps(layer, x, target):
    output = 1 if layer(x).item() > 0 else 0
    mistake = target - output
    layer.weight.copy_(layer.weight + 0.1 * mistake * x)
    layer.bias.copy_(layer.bias + 0.1 * mistake)
    return mistake


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_example",
    says="the new weights are computed, but never put into the layer",
)
def nothing_is_kept(layer, x, target):
    output = 1 if layer(x).item() > 0 else 0
    mistake = target - output
    weight, bias = layer.weight + mistake * x, layer.bias + mistake
    return int(mistake + 0 * (weight.sum() + bias.sum()).item())


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_example",
    says="the mistake is not given back",
)
def nothing_given_back(layer, x, target):
    output = 1 if layer(x).item() > 0 else 0
    mistake = target - output
    layer.weight.copy_(layer.weight + mistake * x)
    layer.bias.copy_(layer.bias + mistake)


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_too_high",
    says="the size of the mistake is given back, without its sign",
)
def sign_lost(layer, x, target):
    output = 1 if layer(x).item() > 0 else 0
    mistake = target - output
    layer.weight.copy_(layer.weight + mistake * x)
    layer.bias.copy_(layer.bias + mistake)
    return abs(mistake)


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_same_objects",
    says="new Parameters are put into the layer instead of new numbers into its own",
)
def new_parameters(layer, x, target):
    output = 1 if layer(x).item() > 0 else 0
    mistake = target - output
    layer.weight = type(layer.weight)(layer.weight.data + mistake * x.data)
    layer.bias = type(layer.bias)(layer.bias.data + mistake)
    return mistake


@knockout(
    of="perceptron_update",
    killed_by="test_unit_perceptron_update_leaves_the_example",
    says="the example is multiplied in place, and the caller finds other numbers in it",
)
def example_overwritten(layer, x, target):
    output = 1 if layer(x).item() > 0 else 0
    mistake = target - output
    layer.weight.copy_(layer.weight + mistake * x)
    layer.bias.copy_(layer.bias + mistake)
    x.copy_(mistake * x * 0.0)
    return mistake
