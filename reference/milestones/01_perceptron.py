"""Milestone 1, 1957: the one function of the perceptron that is yours."""


def perceptron_update(layer, x, target):
    """Change `layer` after one example by Rosenblatt's rule, and give back the mistake made.

    `layer` is a Linear(in_features, 1), `x` a Tensor (in_features,), `target` 0 or 1. The output
    is 1 where layer(x) is above 0, else 0; the mistake is target - output: 1, 0 or -1. The weight
    moves by mistake * x, the bias by the mistake; so a right answer changes nothing. Both are
    overwritten by `copy_`: `+=` is refused for what asks for a gradient.

    >>> layer = Linear(2, 1)
    >>> start = layer.weight.copy_([[0.0, 0.0]]), layer.bias.copy_([0.0])
    >>> perceptron_update(layer, Tensor([1.0, 2.0]), 1), layer.weight.tolist(), layer.bias.tolist()
    (1, [[1.0, 2.0]], [1.0])
    """
    output = 1 if layer(x).item() > 0 else 0
    mistake = target - output
    layer.weight.copy_(layer.weight + mistake * x)
    layer.bias.copy_(layer.bias + mistake)
    return mistake
