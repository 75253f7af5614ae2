"""Mistakes that learners make in stage 02, each with the test that notices it."""


@knockout(
    of="relu",
    killed_by="test_unit_relu_example",
    says="np.abs turns negative numbers positive; relu makes them 0",
)
def absolute_value(x):
    return np.abs(x)


@knockout(
    of="relu",
    killed_by="test_unit_relu_example",
    says="the smaller of x and 0 is kept where it should be the larger",
)
def minimum_for_maximum(x):
    return np.minimum(x, 0)


@knockout(
    of="relu",
    killed_by="test_unit_relu_infinities",
    says="a product with x > 0 makes nan of -inf, since -inf * 0 is nan",
)
def product_with_a_mask(x):
    return x * (x > 0)


@knockout(
    of="relu",
    killed_by="test_unit_relu_nan",
    says="np.where(x > 0, x, 0) makes 0 of nan, since nan > 0 is False",
)
def nan_becomes_zero(x):
    return np.where(x > 0, x, 0)


@knockout(
    of="relu",
    killed_by="test_unit_relu_leaves_input",
    says="the input is changed in place; whoever called still needs it",
)
def input_overwritten(x):
    x[x < 0] = 0
    return x


@knockout(
    of="relu",
    killed_by="test_unit_relu_dtype",
    says="np.zeros is float64, so a float32 tensor comes back as float64",
)
def zeros_of_float64(x):
    return np.maximum(x, np.zeros(x.shape))


@knockout(
    of="sigmoid",
    killed_by="test_unit_sigmoid_no_overflow",
    says="exp(-x) overflows for x far below 0",
)
def only_one_side(x):
    return 1 / (1 + np.exp(-x))


@knockout(
    of="sigmoid",
    killed_by="test_unit_sigmoid_example",
    says="exp(x) / (1 + exp(x)) is inf / inf = nan for x far above 0",
)
def only_the_other_side(x):
    return np.exp(x) / (1 + np.exp(x))


@knockout(
    of="sigmoid",
    killed_by="test_unit_sigmoid_no_overflow",
    says="np.where chooses between two finished arrays, so exp overflows all the same",
)
def where_computes_both(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))


@knockout(
    of="sigmoid",
    killed_by="test_unit_sigmoid_by_hand",
    says="the sign of the exponent is forgotten, so the curve falls instead of rising",
)
def sign_forgotten(x):
    return np.exp(np.minimum(-x, 0)) / (1 + np.exp(-np.abs(x)))


@knockout(
    of="sigmoid",
    killed_by="test_unit_sigmoid_by_hand",
    says="only the branch for x >= 0 is there, so negative x gives what |x| should",
)
def symmetric(x):
    return 1 / (1 + np.exp(-np.abs(x)))


@knockout(
    of="sigmoid",
    killed_by="test_unit_sigmoid_far_below",
    says="1 minus a number near 1 loses what is small: sigmoid(-80) becomes 0",
)
def one_minus(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), 1 - 1 / (1 + small))


@knockout(
    of="sigmoid",
    killed_by="test_unit_sigmoid_by_hand",
    says="the tanh is not moved and squashed: it goes from -1 to 1, sigmoid from 0 to 1",
)
def tanh_itself(x):
    return np.tanh(x)


@knockout(
    of="sigmoid",
    killed_by="test_unit_sigmoid_far_below",
    says="clipping x hides the overflow and makes every far number the same",
)
def clipped(x):
    return 1 / (1 + np.exp(-np.clip(x, -50, 50)))


@knockout(
    of="softmax",
    killed_by="test_unit_softmax_large_scores",
    says="the maximum is not subtracted, so exp overflows to inf and inf / inf is nan",
)
def no_maximum_subtracted(x, *, dim):
    powers = np.exp(x)
    return powers / np.sum(powers, axis=dim, keepdims=True)


@knockout(
    of="softmax",
    killed_by="test_unit_softmax_rows_far_apart",
    says="one maximum of the whole array is subtracted, so a row far below it becomes 0 / 0",
)
def one_maximum_for_all(x, *, dim):
    powers = np.exp(x - np.max(x))
    return powers / np.sum(powers, axis=dim, keepdims=True)


@knockout(
    of="softmax",
    killed_by="test_unit_softmax_each_dim",
    says="the sum goes over the whole array, not along dim",
)
def one_sum_for_all(x, *, dim):
    powers = np.exp(x - np.max(x, axis=dim, keepdims=True))
    return powers / np.sum(powers)


@knockout(
    of="softmax",
    killed_by="test_unit_softmax_square",
    says="without keepdims the sums of a square lie along the wrong axis",
)
def sum_without_keepdims(x, *, dim):
    powers = np.exp(x - np.max(x, axis=dim, keepdims=True))
    return powers / np.sum(powers, axis=dim)


@knockout(
    of="softmax",
    killed_by="test_unit_softmax_each_dim",
    says="dim is ignored: it always works along the last axis",
)
def always_the_last_axis(x, *, dim):
    powers = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return powers / np.sum(powers, axis=-1, keepdims=True)


@knockout(
    of="softmax",
    killed_by="test_unit_softmax_by_hand",
    says="the scores themselves are divided by their sum: the exp is missing",
)
def exp_forgotten(x, *, dim):
    return x / np.sum(x, axis=dim, keepdims=True)


@knockout(
    of="softmax",
    killed_by="test_unit_softmax_large_scores",
    says="the smallest score is subtracted; the largest still overflows",
)
def minimum_subtracted(x, *, dim):
    powers = np.exp(x - np.min(x, axis=dim, keepdims=True))
    return powers / np.sum(powers, axis=dim, keepdims=True)


@knockout(
    of="softmax",
    killed_by="test_unit_softmax_leaves_input",
    says="x -= … changes the input in place; whoever called still needs it",
)
def input_shifted(x, *, dim):
    x -= np.max(x, axis=dim, keepdims=True)
    powers = np.exp(x)
    return powers / np.sum(powers, axis=dim, keepdims=True)


@knockout(
    of="softmax",
    killed_by="test_unit_softmax_dtype",
    says="the conversion to float64 makes float64 of float32",
)
def float64_out(x, *, dim):
    x = np.asarray(x, dtype=np.float64)
    powers = np.exp(x - np.max(x, axis=dim, keepdims=True))
    return powers / np.sum(powers, axis=dim, keepdims=True)


@knockout(
    of="log_softmax",
    killed_by="test_unit_log_softmax_example",
    says="the log of a finished softmax is -inf where the probability has become 0",
)
def log_of_softmax(x, *, dim):
    powers = np.exp(x - np.max(x, axis=dim, keepdims=True))
    return np.log(powers / np.sum(powers, axis=dim, keepdims=True))


@knockout(
    of="log_softmax",
    killed_by="test_unit_log_softmax_example",
    says="a small number added inside the log gives -27.6 for every small probability",
)
def epsilon_in_the_log(x, *, dim):
    powers = np.exp(x - np.max(x, axis=dim, keepdims=True))
    return np.log(powers / np.sum(powers, axis=dim, keepdims=True) + 1e-12)


@knockout(
    of="log_softmax",
    killed_by="test_unit_log_softmax_large_scores",
    says="the maximum is not subtracted, so exp overflows to inf",
)
def nothing_subtracted(x, *, dim):
    return x - np.log(np.sum(np.exp(x), axis=dim, keepdims=True))


@knockout(
    of="log_softmax",
    killed_by="test_unit_log_softmax_by_hand",
    says="the maximum is subtracted inside the sum only: it must come off x as well",
)
def subtracted_once(x, *, dim):
    m = np.max(x, axis=dim, keepdims=True)
    return x - np.log(np.sum(np.exp(x - m), axis=dim, keepdims=True))


@knockout(
    of="log_softmax",
    killed_by="test_unit_log_softmax_each_dim",
    says="the sum goes over the whole array, not along dim",
)
def one_total_for_all(x, *, dim):
    shifted = x - np.max(x, axis=dim, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted)))


@knockout(
    of="log_softmax",
    killed_by="test_unit_log_softmax_rows_far_apart",
    says="one maximum of the whole array is subtracted, so a row far below it has a total of 0",
)
def maximum_of_everything(x, *, dim):
    shifted = x - np.max(x)
    return shifted - np.log(np.sum(np.exp(shifted), axis=dim, keepdims=True))


@knockout(
    of="log_softmax",
    killed_by="test_unit_log_softmax_square",
    says="without keepdims the totals of a square lie along the wrong axis",
)
def total_without_keepdims(x, *, dim):
    shifted = x - np.max(x, axis=dim, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=dim))


@knockout(
    of="log_softmax",
    killed_by="test_unit_log_softmax_by_hand",
    says="the log to base 2 is taken, not the natural one",
)
def base_two(x, *, dim):
    shifted = x - np.max(x, axis=dim, keepdims=True)
    return shifted - np.log2(np.sum(np.exp(shifted), axis=dim, keepdims=True))


@knockout(
    of="log_softmax",
    killed_by="test_unit_log_softmax_leaves_input",
    says="x -= … changes the input in place; whoever called still needs it",
)
def scores_shifted_in_place(x, *, dim):
    x -= np.max(x, axis=dim, keepdims=True)
    return x - np.log(np.sum(np.exp(x), axis=dim, keepdims=True))


@knockout(
    of="gelu_tanh",
    killed_by="test_unit_gelu_tanh_example",
    says="the half in front is missing: everything is twice as large",
)
def half_forgotten(x):
    return x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x * x * x)))


@knockout(
    of="gelu_tanh",
    killed_by="test_unit_gelu_tanh_example",
    says="x is squared, not cubed, so the two sides no longer mirror each other",
)
def square_for_cube(x):
    return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x * x)))


@knockout(
    of="gelu_tanh",
    killed_by="test_unit_gelu_tanh_formula",
    says="x sigmoid(1.702 x) is another, coarser stand-in for GELU, 0.02 off",
)
def sigmoid_form(x):
    return x / (1 + np.exp(-1.702 * x))


@knockout(
    of="gelu_tanh",
    killed_by="test_unit_gelu_tanh_example",
    says="the root goes over the 2 only: sqrt(2) / pi for sqrt(2 / pi)",
)
def root_of_two_only(x):
    return 0.5 * x * (1 + np.tanh(2**0.5 / np.pi * (x + 0.044715 * x * x * x)))


@knockout(
    of="gelu_tanh",
    killed_by="test_unit_gelu_tanh_dtype",
    says="np.sqrt(2 / np.pi) is a NumPy float64 and makes float64 of float32",
)
def numpy_scalar_promotes(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x)))


@knockout(
    of="gelu_tanh",
    killed_by="test_unit_gelu_tanh_leaves_input",
    says="x *= … changes the input in place; whoever called still needs it",
)
def gate_in_place(x):
    gate = 0.5 * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x * x * x)))
    x *= gate
    return x
