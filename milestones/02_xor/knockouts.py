"""Mistakes that learners make in milestone 2, each with the test that notices it."""


@knockout(
    of="hidden_blame",
    killed_by="test_unit_hidden_blame_example",
    says="the slope of tanh is left out: the blame stops before the activation",
)
def slope_forgotten(error, weight, hidden):
    return error * weight * (1 + 0 * hidden)


@knockout(
    of="hidden_blame",
    killed_by="test_unit_hidden_blame_example",
    says="it is the slope of the sigmoid, h (1 - h), not that of tanh",
)
def slope_of_sigmoid(error, weight, hidden):
    return error * weight * hidden * (1 - hidden)


@knockout(
    of="hidden_blame",
    killed_by="test_unit_hidden_blame_example",
    says="tanh is applied once more to what already is its value",
)
def tanh_twice(error, weight, hidden):
    from tinytorch.activations import tanh

    return error * weight * (1 - tanh(hidden) ** 2)


@knockout(
    of="hidden_blame",
    killed_by="test_unit_hidden_blame_example",
    says="the hidden value is not squared in the slope",
)
def not_squared(error, weight, hidden):
    return error * weight * (1 - hidden)


@knockout(
    of="hidden_blame",
    killed_by="test_unit_hidden_blame_example",
    says="every hidden unit gets the same blame, whatever its weight",
)
def weight_ignored(error, weight, hidden):
    return error * (1 - hidden * hidden)


@knockout(
    of="hidden_blame",
    killed_by="test_unit_hidden_blame_example",
    says="the sign of the weight is lost: a unit that held the output down is blamed, too",
)
def sign_lost(error, weight, hidden):
    return error * weight.abs() * (1 - hidden * hidden)


@knockout(
    of="hidden_blame",
    killed_by="test_unit_hidden_blame_example",
    says="the sign is turned: this is the step, not the slope",
)
def sign_turned(error, weight, hidden):
    return -error * weight * (1 - hidden * hidden)


@knockout(
    of="hidden_blame",
    killed_by="test_unit_hidden_blame_many_rows",
    says="the rows are added up; each row has its own blame",
)
def rows_added(error, weight, hidden):
    return (error * weight * (1 - hidden * hidden)).sum(dim=0, keepdim=True)


@knockout(
    of="hidden_blame",
    killed_by="test_unit_hidden_blame_many_rows",
    says="the error of the first row is taken for all rows",
)
def first_row(error, weight, hidden):
    return error[0] * weight * (1 - hidden * hidden)


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_bends",
    says="no activation stands between the two layers, and two Linears are one",
)
def no_activation(hidden):
    return Sequential(Linear(2, hidden), Linear(hidden, 1))


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_gives_sums",
    says="the activation stands after the last layer instead of between them",
)
def activation_at_the_end(hidden):
    return Sequential(Linear(2, hidden), Linear(hidden, 1), Tanh())


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_gives_sums",
    says="an activation comes after the last layer, too",
)
def activation_twice(hidden):
    return Sequential(Linear(2, hidden), Tanh(), Linear(hidden, 1), Tanh())


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_gives_sums",
    says="the output goes through a sigmoid, which the loss has inside already",
)
def probabilities(hidden):
    from tinytorch.layers import Sigmoid

    return Sequential(Linear(2, hidden), Tanh(), Linear(hidden, 1), Sigmoid())


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_example",
    says="the number of hidden units is always the same, whatever is asked for",
)
def width_ignored(hidden):
    return Sequential(Linear(2, 8), Tanh(), Linear(8, 1))


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_example",
    says="there is no hidden layer",
)
def one_layer(hidden):
    return Sequential(Linear(2, 1))


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_new_weights",
    says="the seed is set in build_model, so every network starts from the same weights",
)
def seeded(hidden):
    import tinytorch

    tinytorch.manual_seed(0)
    return Sequential(Linear(2, hidden), Tanh(), Linear(hidden, 1))


@knockout(
    of="train",
    killed_by="test_unit_train_example",
    says="the Trainer is not given back",
)
def nothing_given_back(model, inputs, targets):
    trainer = Trainer(model, Adam(model.parameters(), lr=0.1), BCEWithLogitsLoss())
    trainer.fit([(inputs, targets)], epochs=200)


@knockout(
    of="train",
    killed_by="test_unit_train_example",
    says="fit is never called",
)
def never_fitted(model, inputs, targets):
    return Trainer(model, Adam(model.parameters(), lr=0.1), BCEWithLogitsLoss())


@knockout(
    of="train",
    killed_by="test_unit_train_example",
    says="what fit gives is given back, not the Trainer",
)
def history_given_back(model, inputs, targets):
    trainer = Trainer(model, Adam(model.parameters(), lr=0.1), BCEWithLogitsLoss())
    trainer.fit([(inputs, targets)], epochs=200)
    return trainer.history


@knockout(
    of="train",
    killed_by="test_unit_train_example",
    says="the steps are far too small for so few epochs",
)
def steps_too_small(model, inputs, targets):
    trainer = Trainer(model, Adam(model.parameters(), lr=0.0001), BCEWithLogitsLoss())
    trainer.fit([(inputs, targets)], epochs=200)
    return trainer


@knockout(
    of="train",
    killed_by="test_unit_train_example",
    says="it stops after one epoch, and an epoch of four rows is one step",
)
def one_epoch(model, inputs, targets):
    trainer = Trainer(model, Adam(model.parameters(), lr=0.1), BCEWithLogitsLoss())
    trainer.fit([(inputs, targets)], epochs=1)
    return trainer


@knockout(
    of="train",
    killed_by="test_unit_train_the_model_given",
    says="the optimizer holds the weights of another model",
)
def another_model(model, inputs, targets):
    other = Linear(2, 1)
    trainer = Trainer(other, Adam(other.parameters(), lr=0.1), BCEWithLogitsLoss())
    trainer.fit([(inputs, targets)], epochs=200)
    return trainer


@knockout(
    of="train",
    killed_by="test_unit_train_cross_entropy",
    says="the loss is the mean square, not the binary cross-entropy",
)
def mean_square(model, inputs, targets):
    from tinytorch.losses import MSELoss

    trainer = Trainer(model, Adam(model.parameters(), lr=0.1), MSELoss())
    trainer.fit([(inputs, targets)], epochs=200)
    return trainer
