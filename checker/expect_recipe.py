"""What the suites of milestones ask of a learner's recipe: of build_model, and of configure."""

import numpy as np

from .expect import FORGOTTEN_RETURN, expect_close, expect_equal, expect_true

__all__ = [
    "built",
    "configured",
    "expect_given",
    "expect_new_networks",
    "expect_schedule_turns_the_rate",
    "expect_scores_at_the_end",
    "expect_steps",
    "expect_the_models_parameters",
]


def expect_given(value, what, wanted):
    """Require that something was given back at all."""
    __tracebackhide__ = True
    expect_true(value is not None, f"{what} gives None, expected {wanted}", FORGOTTEN_RETURN)


def built(build_model):
    """Let the learner build a network, and see that it is one."""
    __tracebackhide__ = True
    network = build_model()
    expect_given(network, "build_model", "a network")
    expect_true(
        callable(network) and hasattr(network, "parameters"),
        f"build_model gives {type(network).__name__}, which is no network",
        "A network is a Module: a Sequential of layers, or a class of your own.",
    )
    return network


def configured(configure, network, batches):
    """Let the learner choose, and see that three things came back, in their order."""
    __tracebackhide__ = True
    given = configure(network, batches)
    expect_given(given, "configure", "(optimizer, scheduler, epochs)")
    expect_true(
        isinstance(given, tuple) and len(given) == 3,
        f"configure gave back {type(given).__name__}, expected (optimizer, scheduler, epochs)",
        "All three are needed to train, and nothing else.",
    )
    optimizer, scheduler, epochs = given
    expect_true(
        hasattr(optimizer, "param_groups"),
        f"what configure gives first is {type(optimizer).__name__}, no optimizer",
        "The order is (optimizer, scheduler, epochs).",
    )
    expect_true(
        hasattr(scheduler, "total_steps"),
        f"what configure gives second is {type(scheduler).__name__}, no OneCycleLR",
        "The order is (optimizer, scheduler, epochs).",
    )
    expect_true(
        isinstance(epochs, int) and epochs >= 1,
        f"what configure gives third is {epochs!r}, not a number of epochs",
        "The order is (optimizer, scheduler, epochs).",
    )
    return given


def expect_steps(configure, network, batches, why):
    """Require a schedule of exactly so many steps as there are batches in all epochs."""
    __tracebackhide__ = True
    _, scheduler, epochs = configured(configure, network, batches)
    expect_equal(
        scheduler.total_steps,
        batches * epochs,
        f"the steps planned for {epochs} epochs of {batches} batches",
        why,
    )


def expect_the_models_parameters(configure, network):
    """Require that the optimizer holds every parameter of the network that it is given, once."""
    __tracebackhide__ = True
    optimizer, _, _ = configured(configure, network, 10)
    held = [id(p) for group in optimizer.param_groups for p in group["params"]]
    expect_true(
        sorted(held) == sorted(id(p) for p in network.parameters()),
        "the optimizer does not hold the parameters of the model that was given, each once",
        "What an optimizer does not hold never moves: optimizer(model.parameters(), ...).",
    )


def expect_schedule_turns_the_rate(configure, network):
    """Require that the scheduler belongs to this optimizer."""
    __tracebackhide__ = True
    optimizer, scheduler, epochs = configured(configure, network, 10)
    for step in range(1, 10 * epochs):
        scheduler.step()
        planned, rate = scheduler.get_last_lr()[0], optimizer.param_groups[0]["lr"]
        expect_true(
            rate == planned,
            f"after {step} steps the schedule is at {planned:.3g}, the optimizer at {rate:.3g}",
            "The schedule has to turn the rate of this very optimizer.",
        )


def expect_new_networks(build_model, why):
    """Require that every call makes a network of its own, with parameters."""
    __tracebackhide__ = True
    networks = [build_model(), build_model()]
    first, second = ([id(p) for p in network.parameters()] for network in networks)
    expect_true(
        len(first) > 0 and not set(first) & set(second),
        "two calls of build_model give networks with the same parameters, or with none",
        why,
    )


def expect_scores_at_the_end(network, inputs):
    """Require that nothing comes after the last layer, whatever the one input is."""
    __tracebackhide__ = True
    scores = np.arange(-5, 5, dtype=np.float32)
    for parameter in network.parameters():
        parameter.copy_(np.zeros(parameter.shape, np.float32))
    list(network.parameters())[-1].copy_(scores)
    network.eval()  # no dropout plays in
    expect_close(
        network(inputs),
        scores[None],
        "the scores where all weights are 0 and the last biases are -5 to 4",
        "Nothing comes after the last layer: cross_entropy has the softmax inside.",
    )
