"""Milestone 2: who is to blame, a network with hidden units, and its training."""

from math import log

import numpy as np
from tinytorch import manual_seed
from tinytorch.layers import Linear, Sequential, Tanh
from tinytorch.losses import binary_cross_entropy_with_logits
from tinytorch.tensor import Tensor

from checker.expect import expect_close, expect_equal, expect_true, expect_unchanged

ROWS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
XOR = np.array([[0], [1], [1], [0]], np.float32)


def tensor(values):
    return Tensor(np.array(values, np.float32))


def blame(error, weight, hidden):
    from mine import hidden_blame

    return hidden_blame(tensor(error), tensor(weight), tensor(hidden))


def network(hidden):
    from mine import build_model

    return build_model(hidden)


def trained(model, inputs=ROWS, targets=XOR):
    """Let the learner train a model, and see that a Trainer with a history came back."""
    from mine import train

    __tracebackhide__ = True
    trainer = train(model, tensor(inputs), tensor(targets))
    expect_true(
        getattr(trainer, "history", None) is not None,
        f"train gave back {type(trainer).__name__}, which has no history",
        "Give the Trainer back, not what its fit() gave.",
    )
    expect_true(
        len(trainer.history) > 0,
        "train gave back a Trainer whose history is empty: nothing was trained",
        "A Trainer does nothing until fit() is called.",
    )
    return trainer


# -- hidden_blame


def test_unit_hidden_blame_example():
    expect_close(
        blame([[2.0]], [[3.0, -1.0]], [[0.0, 0.5]]),
        [[6.0, -1.5]],
        "the blame for an error of 2, weights [3. -1.] and hidden values [0. 0.5]",
        "2 * 3 times the slope of tanh at the value 0, which is 1; and 2 * -1 times its slope at "
        "the value 0.5, which is 1 - 0.25.",
    )


def test_unit_hidden_blame_at_the_end():
    expect_close(
        blame([[5.0]], [[1.0, -1.0, 2.0]], [[1.0, -1.0, 0.0]]),
        [[0.0, 0.0, 10.0]],
        "the blame where two units stand at 1 and -1",
        "At its ends tanh is flat: moving such a unit's sum changes nothing.",
    )


def test_unit_hidden_blame_many_rows():
    expect_close(
        blame([[1.0], [-2.0], [0.0]], [[2.0, 4.0]], [[0.5, 0.0], [0.0, -0.5], [0.3, 0.3]]),
        [[1.5, 4.0], [-4.0, -6.0], [0.0, 0.0]],
        "the blame of two units in three rows",
        "Each row has its own error and its own hidden values; the weights are the same for all.",
    )


def test_unit_hidden_blame_agrees_with_backward():
    manual_seed(0)
    model = Sequential(Linear(2, 4), Tanh(), Linear(4, 1))
    binary_cross_entropy_with_logits(model(tensor(ROWS)), tensor(XOR)).backward()
    hidden = model[1](model[0](tensor(ROWS))).data
    error = (1 / (1 + np.exp(-model(tensor(ROWS)).data)) - XOR) / 4
    ours = np.asarray(blame(error, model[2].weight.data, hidden).data)
    expect_equal(ours.shape, (4, 4), "the shape of the blame for 4 rows and 4 units")
    expect_close(
        ours.T @ ROWS,
        model[0].weight.grad.data,
        "the gradient of the first layer, made of hidden_blame",
        "Your backward() from stage 05 finds another one. Both are the chain rule.",
    )


def test_unit_hidden_blame_leaves_its_inputs():
    from mine import hidden_blame

    given = [tensor([[2.0]]), tensor([[3.0, -1.0]]), tensor([[0.1, 0.5]])]
    before = [t.data.copy() for t in given]
    hidden_blame(*given)
    for t, was in zip(given, before, strict=True):
        expect_unchanged(t, was, "hidden_blame")


# -- build_model


def test_unit_build_model_example():
    model = network(3)
    scores = model(tensor([[0.0, 1.0], [1.0, 1.0]]))
    expect_equal(scores.shape, (2, 1), "the shape of what the network gives for two rows")
    expect_equal(
        [parameter.shape for parameter in model.parameters()],
        [(3, 2), (3,), (1, 3), (1,)],
        "the shapes of the parameters of build_model(3)",
        "A layer from 2 inputs to 3 hidden units, and one from these to 1 output.",
    )


def test_unit_build_model_bends():
    manual_seed(1)
    model = network(5)
    for parameter in model.parameters():
        parameter.copy_(parameter.data * 3)
    f = model(tensor(ROWS)).data.ravel()
    expect_true(
        abs((f[0] + f[3]) - (f[1] + f[2])) > 1e-4,
        "f(0,0) + f(1,1) is f(0,1) + f(1,0): the network is a linear function",
        "So is every row of Linears, and XOR is none. An activation has to stand between them.",
    )


def test_unit_build_model_gives_sums():
    model = network(2)
    for value in (5.0, -5.0):
        for parameter in model.parameters():
            parameter.copy_(np.full(parameter.shape, 0.0, np.float32))
        list(model.parameters())[-1].copy_(np.full((1,), value, np.float32))
        expect_close(
            model(tensor([[1.0, 1.0]])),
            [[value]],
            f"the output where all weights are 0 and the last bias is {value:g}",
            "No activation comes after the last layer: the loss works on the sum itself.",
        )


def test_unit_build_model_new_weights():
    first, second = network(4), network(4)
    expect_true(
        not np.array_equal(*(next(iter(m.parameters())).data for m in (first, second))),
        "two calls of build_model give the same weights",
        "20 starts are 20 different ones only if each network draws weights of its own.",
    )


# -- train


def test_unit_train_example():
    manual_seed(0)
    trainer = trained(Linear(2, 1), [[0.0, 0.0], [1.0, 1.0]], [[0.0], [1.0]])
    loss = trainer.history[-1]["loss"]
    expect_true(
        loss < 0.2,
        f"after training on two rows that a line divides, the loss is {loss:.3f}",
        "Below 0.2 is easy there. Does the optimizer hold this model's parameters? Are there "
        "enough epochs, and large enough steps?",
    )


def test_unit_train_the_model_given():
    manual_seed(0)
    model = Linear(2, 1)
    before = model.weight.data.copy()
    trained(model)
    expect_true(
        not np.array_equal(before, model.weight.data),
        "the weights of the model are what they were before train",
        "The optimizer has to hold the parameters of the model that was given.",
    )


def test_unit_train_cross_entropy():
    manual_seed(3)
    loss = trained(Linear(2, 1)).history[-1]["loss"]
    expect_true(
        abs(loss - log(2)) < 0.02,
        f"for one layer on XOR the loss ends at {loss:.3f}, expected {log(2):.3f}",
        "The mean binary cross-entropy of an answer of 50 % is ln 2, and one layer has no better "
        "one. Another loss ends elsewhere (the mean square at 0.25), too few steps above it.",
    )


def test_module():
    """With 8 hidden units XOR is learnt."""
    manual_seed(0)
    model = network(8)
    trained(model)
    scores = model(tensor(ROWS)).data
    expect_equal(scores.shape, (4, 1), "the shape of the scores of four rows")
    right = int(np.sum((scores > 0) == (XOR > 0)))
    expect_equal(right, 4, "how many of the four rows 8 hidden units get right after train")
    error = 1 / (1 + np.exp(-scores)) - XOR
    hidden = np.zeros((4, 8), np.float32)
    expect_equal(blame(error, np.ones((1, 8)), hidden).shape, (4, 8), "the shape of the blame")
