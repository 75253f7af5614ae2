"""Mistakes that learners make in stage 04, each with the test that notices it."""


@knockout(
    of="reduce",
    killed_by="test_unit_reduce_example",
    says="the losses are added up where their mean was asked for",
)
def sum_for_mean(values, reduction):
    if reduction == "none":
        return values
    return values.sum()


@knockout(
    of="reduce",
    killed_by="test_unit_reduce_all_axes",
    says="the mean goes down the first axis only, so more than one number is left",
)
def first_axis_only(values, reduction):
    if reduction == "none":
        return values
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is 'mean', 'sum' or 'none', not {reduction!r}")
    return getattr(values, reduction)(0) if len(values.shape) else values


@knockout(
    of="reduce",
    killed_by="test_unit_reduce_all_axes",
    says="the sum is divided by the number of rows, not by the number of elements",
)
def divided_by_rows(values, reduction):
    if reduction == "none":
        return values
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is 'mean', 'sum' or 'none', not {reduction!r}")
    rows = values.shape[0] if reduction == "mean" and values.shape else 1
    return values.sum() / rows


@knockout(
    of="reduce",
    killed_by="test_unit_reduce_other_words",
    says="an unknown word falls through to the mean, in silence",
)
def every_other_word_is_mean(values, reduction):
    if reduction == "none":
        return values
    return values.sum() if reduction == "sum" else values.mean()


@knockout(
    of="reduce",
    killed_by="test_unit_reduce_other_words",
    says="the ValueError does not say which word it was",
)
def word_not_named(values, reduction):
    if reduction == "none":
        return values
    if reduction == "sum":
        return values.sum()
    if reduction == "mean":
        return values.mean()
    raise ValueError("unknown reduction")


@knockout(
    of="mse_loss",
    killed_by="test_unit_mse_loss_shape_trap",
    says="(n, 1) against (n,) broadcasts to (n, n): each prediction meets every target",
)
def shapes_not_checked(input, target, *, reduction="mean"):
    return reduce((input - target) ** 2.0, reduction)


@knockout(
    of="mse_loss",
    killed_by="test_unit_mse_loss_errors_do_not_cancel",
    says="the mean error is squared, so one too high and one too low cancel",
)
def square_of_the_mean(input, target, *, reduction="mean"):
    _same_shape("mse_loss", input, target)
    return reduce(input - target, reduction) ** 2.0


@knockout(
    of="mse_loss",
    killed_by="test_unit_mse_loss_squares",
    says="the absolute error is taken, not its square",
)
def absolute_error(input, target, *, reduction="mean"):
    _same_shape("mse_loss", input, target)
    return reduce((input - target).abs(), reduction)


@knockout(
    of="mse_loss",
    killed_by="test_unit_mse_loss_squares",
    says="a half in front, as in some textbooks; PyTorch has none",
)
def half_in_front(input, target, *, reduction="mean"):
    _same_shape("mse_loss", input, target)
    return reduce((input - target) ** 2.0 * 0.5, reduction)


@knockout(
    of="mse_loss",
    killed_by="test_unit_mse_loss_reductions",
    says="the reduction is ignored: it always gives the mean",
)
def always_the_mean(input, target, *, reduction="mean"):
    _same_shape("mse_loss", input, target)
    return ((input - target) ** 2.0).mean()


@knockout(
    of="mse_loss",
    killed_by="test_unit_mse_loss_leaves_input",
    says="the prediction is overwritten by the error",
)
def prediction_overwritten(input, target, *, reduction="mean"):
    _same_shape("mse_loss", input, target)
    input -= target
    return reduce(input**2.0, reduction)


@knockout(
    of="nll_loss",
    killed_by="test_unit_nll_loss_example",
    says="the minus is missing, so a better model has a larger loss",
)
def minus_forgotten(input, target, *, reduction="mean"):
    _check_classes("nll_loss", input.shape, target)
    if input.ndim == 1:
        return reduce(input[target], reduction)
    return reduce(input[np.arange(input.shape[0]), target], reduction)


@knockout(
    of="nll_loss",
    killed_by="test_unit_nll_loss_example",
    says="input[:, target] picks all targets in every row: (N, N) numbers for N",
)
def every_target_in_every_row(input, target, *, reduction="mean"):
    _check_classes("nll_loss", input.shape, target)
    return reduce(-input[..., target], reduction)


@knockout(
    of="nll_loss",
    killed_by="test_unit_nll_loss_right_class",
    says="the most likely class is taken, whatever the right one is",
)
def most_likely_class(input, target, *, reduction="mean"):
    _check_classes("nll_loss", input.shape, target)
    return reduce(-input.max(dim=-1).values, reduction)


@knockout(
    of="nll_loss",
    killed_by="test_unit_nll_loss_reductions",
    says="the mean is over all N x C numbers of a mask, not over the N examples",
)
def mean_over_the_mask(input, target, *, reduction="mean"):
    _check_classes("nll_loss", input.shape, target)
    chosen = np.eye(input.shape[-1])[target.data]
    losses = -(input * Tensor(chosen))
    return losses.sum(dim=-1) if reduction == "none" else reduce(losses, reduction)


@knockout(
    of="nll_loss",
    killed_by="test_unit_nll_loss_right_class",
    says="the log is taken once more, though the input already holds logarithms",
)
def log_taken_again(input, target, *, reduction="mean"):
    _check_classes("nll_loss", input.shape, target)
    if input.ndim == 1:
        return reduce(-input[target].log(), reduction)
    return reduce(-input[np.arange(input.shape[0]), target].log(), reduction)


@knockout(
    of="nll_loss",
    killed_by="test_unit_nll_loss_classes_that_do_not_exist",
    says="the target is not checked, and NumPy takes class -1 for the last one",
)
def classes_not_checked(input, target, *, reduction="mean"):
    if input.ndim == 1:
        return reduce(-input[target], reduction)
    return reduce(-input[np.arange(input.shape[0]), target], reduction)


@knockout(
    of="nll_loss",
    killed_by="test_unit_nll_loss_one_example",
    says="one example without a batch axis is not provided for",
)
def batches_only(input, target, *, reduction="mean"):
    _check_classes("nll_loss", input.shape, target)
    return reduce(-input[np.arange(input.shape[0]), target], reduction)


@knockout(
    of="nll_loss",
    killed_by="test_unit_nll_loss_one_example_other_words",
    says="one example does not go through reduce, so a mistyped reduction is not noticed there",
)
def one_example_not_reduced(input, target, *, reduction="mean"):
    _check_classes("nll_loss", input.shape, target)
    if input.ndim == 1:
        return -input[target]
    return reduce(-input[np.arange(input.shape[0]), target], reduction)


@knockout(
    of="nll_loss",
    killed_by="test_unit_nll_loss_reductions",
    says="the reduction is ignored: it always gives the losses one by one",
)
def never_reduced(input, target, *, reduction="mean"):
    _check_classes("nll_loss", input.shape, target)
    if input.ndim == 1:
        return -input[target]
    return -input[np.arange(input.shape[0]), target]


@knockout(
    of="cross_entropy",
    killed_by="test_unit_cross_entropy_large_scores",
    says="the maximum is not subtracted, so exp overflows to inf",
)
def no_maximum_subtracted(logits, target, *, reduction="mean"):
    _check_classes("cross_entropy", logits.shape, target)
    log_total = np.log(np.exp(logits).sum(axis=-1))
    right = np.take_along_axis(logits, target[..., None], axis=-1)[..., 0]
    return reduce(log_total - right, reduction)


@knockout(
    of="cross_entropy",
    killed_by="test_unit_cross_entropy_large_scores",
    says="the log of a finished probability is -inf where that has become 0",
)
def log_of_the_probability(logits, target, *, reduction="mean"):
    _check_classes("cross_entropy", logits.shape, target)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities = powers / powers.sum(axis=-1, keepdims=True)
    right = np.take_along_axis(probabilities, target[..., None], axis=-1)[..., 0]
    return reduce(-np.log(right), reduction)


@knockout(
    of="cross_entropy",
    killed_by="test_unit_cross_entropy_example",
    says="a small number added inside the log ends every large loss at 27.6",
)
def epsilon_in_the_log(logits, target, *, reduction="mean"):
    _check_classes("cross_entropy", logits.shape, target)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities = powers / powers.sum(axis=-1, keepdims=True)
    right = np.take_along_axis(probabilities, target[..., None], axis=-1)[..., 0]
    return reduce(-np.log(right + 1e-12), reduction)


@knockout(
    of="cross_entropy",
    killed_by="test_unit_cross_entropy_only_differences_count",
    says="the right score is taken before the shift, the sum after it",
)
def right_score_not_shifted(logits, target, *, reduction="mean"):
    _check_classes("cross_entropy", logits.shape, target)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=-1))
    right = np.take_along_axis(logits, target[..., None], axis=-1)[..., 0]
    return reduce(log_total - right, reduction)


@knockout(
    of="cross_entropy",
    killed_by="test_unit_cross_entropy_rows_far_apart",
    says="one maximum of the whole batch is subtracted, so a row far below it has a total of 0",
)
def one_maximum_for_all(logits, target, *, reduction="mean"):
    _check_classes("cross_entropy", logits.shape, target)
    shifted = logits - (logits.max() if logits.size else 0)
    log_total = np.log(np.exp(shifted).sum(axis=-1))
    right = np.take_along_axis(shifted, target[..., None], axis=-1)[..., 0]
    return reduce(log_total - right, reduction)


@knockout(
    of="cross_entropy",
    killed_by="test_unit_cross_entropy_rows",
    says="the sum goes down the batch, not along the classes",
)
def sum_down_the_batch(logits, target, *, reduction="mean"):
    _check_classes("cross_entropy", logits.shape, target)
    shifted = logits - logits.max(axis=0, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=0, keepdims=True))
    right = np.take_along_axis(shifted - log_total, target[..., None], axis=-1)[..., 0]
    return reduce(-right, reduction)


@knockout(
    of="cross_entropy",
    killed_by="test_unit_cross_entropy_by_hand",
    says="the softmax is taken twice: the input is scores, not probabilities",
)
def softmax_twice(logits, target, *, reduction="mean"):
    _check_classes("cross_entropy", logits.shape, target)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    scores = powers / powers.sum(axis=-1, keepdims=True)
    log_total = np.log(np.exp(scores).sum(axis=-1))
    right = np.take_along_axis(scores, target[..., None], axis=-1)[..., 0]
    return reduce(log_total - right, reduction)


@knockout(
    of="cross_entropy",
    killed_by="test_unit_cross_entropy_by_hand",
    says="only the right score counts; the others, which it competes with, are forgotten",
)
def total_forgotten(logits, target, *, reduction="mean"):
    _check_classes("cross_entropy", logits.shape, target)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    right = np.take_along_axis(shifted, target[..., None], axis=-1)[..., 0]
    return reduce(-right, reduction)


@knockout(
    of="cross_entropy",
    killed_by="test_unit_cross_entropy_one_example",
    says="the classes are looked for on axis 1, which one example has not",
)
def axis_one(logits, target, *, reduction="mean"):
    _check_classes("cross_entropy", logits.shape, target)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1))
    right = shifted[np.arange(len(logits)), target]
    return reduce(log_total - right, reduction)


@knockout(
    of="cross_entropy",
    killed_by="test_unit_cross_entropy_wrong_targets",
    says="the target is not checked, and NumPy takes class -1 for the last one",
)
def target_not_checked(logits, target, *, reduction="mean"):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=-1))
    right = np.take_along_axis(shifted, target[..., None], axis=-1)[..., 0]
    return reduce(log_total - right, reduction)


@knockout(
    of="cross_entropy",
    killed_by="test_unit_cross_entropy_leaves_input",
    says="logits -= … changes the scores in place; whoever called still needs them",
)
def scores_shifted_in_place(logits, target, *, reduction="mean"):
    _check_classes("cross_entropy", logits.shape, target)
    logits -= logits.max(axis=-1, keepdims=True)
    log_total = np.log(np.exp(logits).sum(axis=-1))
    right = np.take_along_axis(logits, target[..., None], axis=-1)[..., 0]
    return reduce(log_total - right, reduction)


@knockout(
    of="binary_cross_entropy_with_logits",
    killed_by="test_unit_binary_cross_entropy_with_logits_large_scores",
    says="the log of a finished sigmoid meets 0, and 0 * -inf is nan",
)
def through_the_sigmoid(logits, target, *, reduction="mean"):
    _same_shape("binary_cross_entropy_with_logits", logits, target)
    s = np.exp(np.minimum(logits, 0)) / (1 + np.exp(-np.abs(logits)))
    return reduce(-target * np.log(s) - (1 - target) * np.log(1 - s), reduction)


@knockout(
    of="binary_cross_entropy_with_logits",
    killed_by="test_unit_binary_cross_entropy_with_logits_large_scores",
    says="log(1 + exp(x)) overflows for x far above 0",
)
def softplus_overflows(logits, target, *, reduction="mean"):
    _same_shape("binary_cross_entropy_with_logits", logits, target)
    return reduce(np.log1p(np.exp(logits)) - logits * target, reduction)


@knockout(
    of="binary_cross_entropy_with_logits",
    killed_by="test_unit_binary_cross_entropy_with_logits_by_hand",
    says="only a wrong no is punished: the part for target 0 is missing",
)
def only_the_yes(logits, target, *, reduction="mean"):
    _same_shape("binary_cross_entropy_with_logits", logits, target)
    losses = np.maximum(-logits, 0) + np.log1p(np.exp(-np.abs(logits)))
    return reduce(target * losses, reduction)


@knockout(
    of="binary_cross_entropy_with_logits",
    killed_by="test_unit_binary_cross_entropy_with_logits_by_hand",
    says="max(x, 0) is missing in front, so large wrong scores cost too little",
)
def maximum_forgotten(logits, target, *, reduction="mean"):
    _same_shape("binary_cross_entropy_with_logits", logits, target)
    return reduce(np.log1p(np.exp(-np.abs(logits))) - logits * target, reduction)


@knockout(
    of="binary_cross_entropy_with_logits",
    killed_by="test_unit_binary_cross_entropy_with_logits_by_hand",
    says="yes and no are exchanged",
)
def yes_for_no(logits, target, *, reduction="mean"):
    _same_shape("binary_cross_entropy_with_logits", logits, target)
    losses = np.maximum(logits, 0) - logits * (1 - target) + np.log1p(np.exp(-np.abs(logits)))
    return reduce(losses, reduction)


@knockout(
    of="binary_cross_entropy_with_logits",
    killed_by="test_unit_binary_cross_entropy_with_logits_between_yes_and_no",
    says="a target between 0 and 1 is rounded to yes or no",
)
def target_rounded(logits, target, *, reduction="mean"):
    _same_shape("binary_cross_entropy_with_logits", logits, target)
    sure = np.where(target > 0.5, logits, 0)
    return reduce(np.maximum(logits, 0) - sure + np.log1p(np.exp(-np.abs(logits))), reduction)


@knockout(
    of="binary_cross_entropy_with_logits",
    killed_by="test_unit_binary_cross_entropy_with_logits_shape_trap",
    says="(n, 1) against (n,) broadcasts to (n, n): each answer meets every target",
)
def shapes_broadcast(logits, target, *, reduction="mean"):
    losses = np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))
    return reduce(losses, reduction)


@knockout(
    of="binary_cross_entropy_with_logits",
    killed_by="test_unit_binary_cross_entropy_with_logits_reductions",
    says="the reduction is ignored: it always gives the mean",
)
def mean_whatever_is_asked(logits, target, *, reduction="mean"):
    _same_shape("binary_cross_entropy_with_logits", logits, target)
    losses = np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))
    return losses.mean()
