"""Mistakes that learners make in stage 05, each with the test that notices it."""


@knockout(
    of="numeric_gradient",
    killed_by="test_unit_numeric_gradient_both_sides",
    says="it nudges to one side only, so every bend shows up as slope",
)
def one_side_only(f, x, eps=1e-6):
    x = np.array(x, dtype=np.float64)
    slopes = np.zeros_like(x)
    here = float(f(x))
    for at in np.ndindex(x.shape):
        kept = x[at]
        x[at] = kept + eps
        slopes[at] = (float(f(x)) - here) / eps
        x[at] = kept
    return slopes


@knockout(
    of="numeric_gradient",
    killed_by="test_unit_numeric_gradient_example",
    says="the distance between the two points is 2 eps, not eps",
)
def divided_by_eps(f, x, eps=1e-6):
    x = np.array(x, dtype=np.float64)
    slopes = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        kept = x[at]
        x[at] = kept + eps
        above = float(f(x))
        x[at] = kept - eps
        slopes[at] = (above - float(f(x))) / eps
        x[at] = kept
    return slopes


@knockout(
    of="numeric_gradient",
    killed_by="test_unit_numeric_gradient_one_at_a_time",
    says="an element stays nudged while the next one is measured",
)
def not_put_back(f, x, eps=1e-6):
    x = np.array(x, dtype=np.float64)
    slopes = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        x[at] += eps
        above = float(f(x))
        x[at] -= 2 * eps
        slopes[at] = (above - float(f(x))) / (2 * eps)
    return slopes


@knockout(
    of="numeric_gradient",
    killed_by="test_unit_numeric_gradient_calls",
    says="all elements are nudged together, so each gets the slope of them all",
)
def all_at_once(f, x, eps=1e-6):
    x = np.array(x, dtype=np.float64)
    return np.full(x.shape, (float(f(x + eps)) - float(f(x - eps))) / (2 * eps))


@knockout(
    of="numeric_gradient",
    killed_by="test_unit_numeric_gradient_few_digits",
    says="it nudges in the dtype of x, and float32 has too few digits for a millionth",
)
def nudged_in_its_own_dtype(f, x, eps=1e-6):
    x = np.array(x)
    slopes = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        kept = x[at]
        x[at] = kept + eps
        above = float(f(x))
        x[at] = kept - eps
        slopes[at] = (above - float(f(x))) / (2 * eps)
        x[at] = kept
    return slopes


@knockout(
    of="numeric_gradient",
    killed_by="test_unit_numeric_gradient_leaves_x",
    says="it nudges x itself and does not bring it back",
)
def nudged_in_place(f, x, eps=1e-6):
    slopes = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        x[at] += eps
        above = float(f(x))
        x[at] -= 2 * eps
        slopes[at] = (above - float(f(x))) / (2 * eps)
    return slopes


@knockout(
    of="numeric_gradient",
    killed_by="test_unit_numeric_gradient_shapes",
    says="it goes along the first axis, so it works for a list of numbers only",
)
def first_axis_only(f, x, eps=1e-6):
    x = np.array(x, dtype=np.float64)
    slopes = np.zeros_like(x)
    for i in range(len(x)):
        kept = x[i].copy()
        x[i] = kept + eps
        above = float(f(x))
        x[i] = kept - eps
        slopes[i] = (above - float(f(x))) / (2 * eps)
        x[i] = kept
    return slopes


@knockout(
    of="numeric_gradient",
    killed_by="test_unit_numeric_gradient_both_sides",
    says="the step is fixed: the eps that was handed over is not used",
)
def step_of_its_own(f, x, eps=1e-6):
    eps = 1e-6
    x = np.array(x, dtype=np.float64)
    slopes = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        kept = x[at]
        x[at] = kept + eps
        above = float(f(x))
        x[at] = kept - eps
        slopes[at] = (above - float(f(x))) / (2 * eps)
        x[at] = kept
    return slopes


@knockout(
    of="numeric_gradient",
    killed_by="test_unit_numeric_gradient_leaves_x",
    says="np.asarray copies only what is not float64 yet; a float64 array is nudged itself",
)
def no_copy_of_float64(f, x, eps=1e-6):
    x = np.asarray(x, dtype=np.float64)
    slopes = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        kept = x[at]
        x[at] = kept + eps
        above = float(f(x))
        x[at] = kept - eps
        slopes[at] = (above - float(f(x))) / (2 * eps)
        x[at] = kept
    return slopes


@knockout(
    of="numeric_gradient",
    killed_by="test_unit_numeric_gradient_calls",
    says="elements are put back by adding eps again, which leaves a rounding error in them",
)
def put_back_by_adding(f, x, eps=1e-6):
    x = np.array(x, dtype=np.float64)
    slopes = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        x[at] += eps
        above = float(f(x))
        x[at] -= 2 * eps
        slopes[at] = (above - float(f(x))) / (2 * eps)
        x[at] += eps
    return slopes


@knockout(
    of="add_a",
    killed_by="test_unit_add_a_example",
    says="a slope of 1 is given back, and what arrived is forgotten",
)
def one_for_the_sum(g, out, a, b):
    return np.ones_like(g)


@knockout(
    of="add_a",
    killed_by="test_unit_add_a_example",
    says="what arrives is shared out between the summands; each gets all of it",
)
def half_for_each(g, out, a, b):
    return g / 2


@knockout(
    of="add_b",
    killed_by="test_unit_add_b_example",
    says="the sign is turned, as it would be for a difference",
)
def sign_turned(g, out, a, b):
    return -g


@knockout(
    of="add_b",
    killed_by="test_unit_add_b_example",
    says="what arrives is multiplied by b, which is the rule of a product",
)
def product_rule_for_a_sum(g, out, a, b):
    return g * b


@knockout(
    of="mul_a",
    killed_by="test_unit_mul_a_example",
    says="the share of a is multiplied by a itself, not by the other factor",
)
def factor_a_itself(g, out, a, b):
    return g * a


@knockout(
    of="mul_a",
    killed_by="test_unit_mul_a_example",
    says="what arrives, g, is forgotten: only the local slope is given back",
)
def g_forgotten_in_mul_a(g, out, a, b):
    return np.asarray(b)


@knockout(
    of="mul_a",
    killed_by="test_unit_mul_a_differences",
    says="g is changed in place, and others still have to read it",
)
def g_changed_in_place(g, out, a, b):
    g *= b
    return g


@knockout(
    of="mul_b",
    killed_by="test_unit_mul_b_example",
    says="the share of b is multiplied by b itself, not by the other factor",
)
def factor_b_itself(g, out, a, b):
    return g * b


@knockout(
    of="mul_b",
    killed_by="test_unit_mul_b_example",
    says="what arrives, g, is forgotten: only the local slope is given back",
)
def g_forgotten_in_mul_b(g, out, a, b):
    return np.asarray(a)


@knockout(
    of="power_x",
    killed_by="test_unit_power_x_example",
    says="the exponent does not come down in front",
)
def exponent_not_in_front(g, out, x, exponent):
    return g * x ** (exponent - 1)


@knockout(
    of="power_x",
    killed_by="test_unit_power_x_differences",
    says="it is the rule of the square, whatever the exponent is",
)
def squares_only(g, out, x, exponent):
    return g * 2 * x


@knockout(
    of="power_x",
    killed_by="test_unit_power_x_example",
    says="the exponent stays as it was; it has to become one less",
)
def exponent_not_lowered(g, out, x, exponent):
    return g * exponent * x**exponent


@knockout(
    of="power_x",
    killed_by="test_unit_power_x_at_zero",
    says="it divides by x, and 0 / 0 is nan where x is 0",
)
def divided_by_x(g, out, x, exponent):
    return g * exponent * x**exponent / x


@knockout(
    of="power_x",
    killed_by="test_unit_power_x_differences",
    says="what arrives, g, is forgotten: only the local slope is given back",
)
def g_forgotten_in_power(g, out, x, exponent):
    return exponent * x ** (exponent - 1)


@knockout(
    of="power_x",
    killed_by="test_unit_power_x_to_the_power_of_nothing",
    says="x ** 0 is flat everywhere, but at x = 0 this says 0 times inf, which is nan",
)
def nothing_times_infinity(g, out, x, exponent):
    return g * exponent * x ** (exponent - 1)


@knockout(
    of="power_x",
    killed_by="test_unit_power_x_at_zero",
    says="what is not finite is replaced by numbers; an infinite slope has to be seen",
)
def made_finite(g, out, x, exponent):
    return np.nan_to_num(g * exponent * x ** (exponent - 1))


@knockout(
    of="parents",
    killed_by="test_unit_parents_example",
    says="x * x lists x once, though two arrows lead to it",
)
def each_parent_once(tensor):
    recipe = tensor.recipe
    return list({id(recipe.inputs[i]): recipe.inputs[i] for i in recipe.wanted}.values()) \
        if recipe else []  # fmt: skip


@knockout(
    of="parents",
    killed_by="test_unit_parents_only_who_wants",
    says="all inputs are listed, also numbers and tensors that want no gradient",
)
def every_input(tensor):
    return list(tensor.recipe.inputs) if tensor.recipe else []


@knockout(
    of="parents",
    killed_by="test_unit_parents_only_who_wants",
    says="every tensor is listed, also data that wants no gradient",
)
def every_tensor(tensor):
    inputs = tensor.recipe.inputs if tensor.recipe else ()
    return [value for value in inputs if isinstance(value, Tensor)]


@knockout(
    of="parents",
    killed_by="test_unit_parents_as_the_recipe_says",
    says="it asks requires_grad now; recipe.wanted says who wanted one when it was made",
)
def asked_again(tensor):
    inputs = tensor.recipe.inputs if tensor.recipe else ()
    return [value for value in inputs if getattr(value, "requires_grad", False)]


@knockout(
    of="parents",
    killed_by="test_unit_parents_example",
    says="a leaf has no recipe, and None has no inputs",
)
def leaf_not_provided_for(tensor):
    return [tensor.recipe.inputs[i] for i in tensor.recipe.wanted]


@knockout(
    of="parents",
    killed_by="test_unit_parents_example",
    says="the positions are listed, not the tensors that stand there",
)
def positions_for_tensors(tensor):
    return list(tensor.recipe.wanted) if tensor.recipe else []


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_shapes_of_graphs",
    says="it goes on to every input at once, whether or not others have yet to deliver to it",
)
def first_come(root):
    seen, todo = {root}, [root]
    while todo:
        tensor = todo.pop()
        yield tensor
        for parent in parents(tensor):
            if parent not in seen:
                seen.add(parent)
                todo.append(parent)


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_shapes_of_graphs",
    says="it goes level by level, so a short way to a tensor comes before a long one is walked",
)
def level_by_level(root):
    level, seen = [root], {root}
    while level:
        yield from level
        following = []
        for tensor in level:
            for parent in parents(tensor):
                if parent not in seen:
                    seen.add(parent)
                    following.append(parent)
        level = following


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_linear_work",
    says="counting goes along every path: a tensor is looked into each time that it is met",
)
def looked_into_again_and_again(root):
    expected, todo = {root: 0}, [root]
    while todo:
        for parent in parents(todo.pop()):
            todo.append(parent)
    seen, todo = {root}, [root]
    while todo:
        for parent in parents(todo.pop()):
            expected[parent] = expected.get(parent, 0) + 1
            if parent not in seen:
                seen.add(parent)
                todo.append(parent)
    ready = [root]
    while ready:
        tensor = ready.pop()
        yield tensor
        for parent in parents(tensor):
            expected[parent] -= 1
            if expected[parent] == 0:
                ready.append(parent)


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_deep",
    says="it calls itself for each input, and Python gives up at about 1,000 nested calls",
)
def recursion(root):
    order, seen = [], set()

    def visit(tensor):
        if tensor not in seen:
            seen.add(tensor)
            for parent in parents(tensor):
                visit(parent)
            order.append(tensor)

    visit(root)
    yield from reversed(order)


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_shapes_of_graphs",
    says="one delivery is expected where two arrows lead, so a tensor is ready too early",
)
def one_delivery_for_two_arrows(root):
    expected, todo = {root: 0}, [root]
    while todo:
        for parent in {id(p): p for p in parents(todo.pop())}.values():
            if parent not in expected:
                expected[parent] = 0
                todo.append(parent)
            expected[parent] += 1
    ready = [root]
    while ready:
        tensor = ready.pop()
        yield tensor
        for parent in parents(tensor):
            expected[parent] -= 1
            if expected[parent] == 0:
                ready.append(parent)


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_example",
    says="one delivery is crossed off where two arrows lead, so x never comes",
)
def one_crossed_off(root):
    expected, todo = {root: 0}, [root]
    while todo:
        for parent in parents(todo.pop()):
            if parent not in expected:
                expected[parent] = 0
                todo.append(parent)
            expected[parent] += 1
    ready = [root]
    while ready:
        tensor = ready.pop()
        yield tensor
        for parent in {id(p): p for p in parents(tensor)}.values():
            expected[parent] -= 1
            if expected[parent] == 0:
                ready.append(parent)


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_example",
    says="a tensor is yielded at every delivery, not only at its last one",
)
def at_every_delivery(root):
    todo = [root]
    while todo:
        tensor = todo.pop()
        yield tensor
        todo.extend(parents(tensor))


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_equal_numbers",
    says="`in` over a list of tensors compares their numbers, and equal ones pass for the same",
)
def compared_by_number(root):
    every, todo = [root], [root]
    while todo:
        for parent in parents(todo.pop()):
            if parent not in every:
                every.append(parent)
                todo.append(parent)
    expected = dict.fromkeys(every, 0)
    for tensor in every:
        for parent in parents(tensor):
            expected[parent] = expected.get(parent, 0) + 1
    ready = [root]
    while ready:
        tensor = ready.pop()
        yield tensor
        for parent in parents(tensor):
            expected[parent] -= 1
            if expected[parent] == 0:
                ready.append(parent)


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_holds_on_to_nothing",
    says="a list of all tensors is made first, and it holds on to each until the end",
)
def all_held(root):
    expected, todo = {root: 0}, [root]
    while todo:
        for parent in parents(todo.pop()):
            if parent not in expected:
                expected[parent] = 0
                todo.append(parent)
            expected[parent] += 1
    order, ready = [], [root]
    while ready:
        tensor = ready.pop()
        order.append(tensor)
        for parent in parents(tensor):
            expected[parent] -= 1
            if expected[parent] == 0:
                ready.append(parent)
    yield from order


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_holds_on_to_nothing",
    says="the dictionary of expected deliveries keeps every tensor until the end",
)
def counts_kept(root):
    expected, todo = {root: 0}, [root]
    while todo:
        for parent in parents(todo.pop()):
            if parent not in expected:
                expected[parent] = 0
                todo.append(parent)
            expected[parent] += 1
    ready = [root]
    while ready:
        tensor = ready.pop()
        arrows = parents(tensor)
        yield tensor
        for parent in arrows:
            expected[parent] -= 1
            if expected[parent] == 0:
                ready.append(parent)


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_holds_on_to_nothing",
    says="it asks for the parents after the yield, when the walk has used up the recipe",
)
def parents_after_the_yield(root):
    expected, todo = {root: 0}, [root]
    while todo:
        for parent in parents(todo.pop()):
            if parent not in expected:
                expected[parent] = 0
                todo.append(parent)
            expected[parent] += 1
    ready = [root]
    while ready:
        tensor = ready.pop()
        del expected[tensor]
        yield tensor
        for parent in parents(tensor):
            expected[parent] -= 1
            if expected[parent] == 0:
                ready.append(parent)


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_a_leaf_alone",
    says="root itself is left out",
)
def root_left_out(root):
    expected, todo = {root: 0}, [root]
    while todo:
        for parent in parents(todo.pop()):
            if parent not in expected:
                expected[parent] = 0
                todo.append(parent)
            expected[parent] += 1
    ready = [root]
    while ready:
        tensor = ready.pop()
        if tensor is not root:
            yield tensor
        for parent in parents(tensor):
            expected[parent] -= 1
            if expected[parent] == 0:
                ready.append(parent)


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_example",
    says="leaves are left out: who has no recipe has to come, too",
)
def leaves_left_out(root):
    expected, todo = {root: 0}, [root]
    while todo:
        for parent in parents(todo.pop()):
            if parent not in expected:
                expected[parent] = 0
                todo.append(parent)
            expected[parent] += 1
    ready = [root]
    while ready:
        tensor = ready.pop()
        if tensor.recipe is None:
            continue
        yield tensor
        for parent in parents(tensor):
            expected[parent] -= 1
            if expected[parent] == 0:
                ready.append(parent)


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_example",
    says="it gives a list, which holds on to every tensor; it has to yield them one by one",
)
def list_given_back(root):
    expected, todo = {root: 0}, [root]
    while todo:
        for parent in parents(todo.pop()):
            if parent not in expected:
                expected[parent] = 0
                todo.append(parent)
            expected[parent] += 1
    order, ready = [], [root]
    while ready:
        tensor = ready.pop()
        order.append(tensor)
        for parent in parents(tensor):
            expected[parent] -= 1
            if expected[parent] == 0:
                ready.append(parent)
    return order


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_linear_search",
    says="who is ready is searched among all tensors each time, which makes the walk quadratic",
)
def ready_searched_among_all(root):
    expected, todo = {root: 0}, [root]
    while todo:
        for parent in parents(todo.pop()):
            if parent not in expected:
                expected[parent] = 0
                todo.append(parent)
            expected[parent] += 1
    while expected:
        tensor = next(t for t, missing in expected.items() if missing == 0)
        del expected[tensor]
        arrows = parents(tensor)
        yield tensor
        for parent in arrows:
            expected[parent] -= 1


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_shapes_of_graphs",
    says="an arrow is counted only where a tensor is met for the first time",
)
def first_arrow_only(root):
    expected, todo = {root: 0}, [root]
    while todo:
        for parent in parents(todo.pop()):
            if parent not in expected:
                expected[parent] = 1
                todo.append(parent)
    ready = [root]
    while ready:
        tensor = ready.pop()
        del expected[tensor]
        arrows = parents(tensor)
        yield tensor
        for parent in arrows:
            expected[parent] -= 1
            if expected[parent] == 0:
                ready.append(parent)


@knockout(
    of="consumers_first",
    killed_by="test_unit_consumers_first_example",
    says="a tensor is looked into each time that it is met, so too many deliveries are expected",
)
def counted_along_every_path(root):
    expected, todo = {root: 0}, [root]
    while todo:
        for parent in parents(todo.pop()):
            expected[parent] = expected.get(parent, 0) + 1
            todo.append(parent)
    ready = [root]
    while ready:
        tensor = ready.pop()
        del expected[tensor]
        arrows = parents(tensor)
        yield tensor
        for parent in arrows:
            expected[parent] -= 1
            if expected[parent] == 0:
                ready.append(parent)


@knockout(
    of="backward",
    killed_by="test_unit_backward_example",
    says="a later share replaces an earlier one in the letterbox",
)
def box_overwritten(root, gradient=None, retain_graph=False):
    boxes = {root: first_gradient(root, gradient)}
    for tensor in consumers_first(root):
        g = boxes.pop(tensor)
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g, retain_graph):
                boxes[parent] = share
        elif tensor.grad is None:
            tensor.grad = as_gradient(g)
        else:
            tensor.grad += g


@knockout(
    of="backward",
    killed_by="test_unit_backward_adds_to_grad",
    says="a second walk replaces the gradient of the first; it has to be added",
)
def leaf_overwritten(root, gradient=None, retain_graph=False):
    boxes = {root: first_gradient(root, gradient)}
    for tensor in consumers_first(root):
        g = boxes.pop(tensor)
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g, retain_graph):
                boxes[parent] = boxes[parent] + share if parent in boxes else share
        else:
            tensor.grad = as_gradient(g)


@knockout(
    of="backward",
    killed_by="test_unit_backward_linear_work",
    says="every path is walked by itself: right, and hopeless where paths fork again and again",
)
def every_path(root, gradient=None, retain_graph=False):
    todo = [(root, first_gradient(root, gradient))]
    while todo:
        tensor, g = todo.pop()
        if tensor.recipe is not None:
            todo.extend(contributions(tensor, g, True))
        elif tensor.grad is None:
            tensor.grad = as_gradient(g)
        else:
            tensor.grad += g


@knockout(
    of="backward",
    killed_by="test_unit_backward_deep",
    says="it calls itself for each input, and Python gives up at about 1,000 nested calls",
)
def backward_calls_itself(root, gradient=None, retain_graph=False):
    def deliver(tensor, g):
        if tensor.recipe is None:
            if tensor.grad is None:
                tensor.grad = as_gradient(g)
            else:
                tensor.grad += g
            return
        for parent, share in contributions(tensor, g, True):
            deliver(parent, share)

    deliver(root, first_gradient(root, gradient))


@knockout(
    of="backward",
    killed_by="test_unit_backward_diamond",
    says="a tensor hands on what it has before all its shares are there",
)
def handed_on_too_early(root, gradient=None, retain_graph=False):
    boxes, todo, seen = {root: first_gradient(root, gradient)}, [root], {root}
    while todo:
        tensor = todo.pop(0)
        g = boxes.pop(tensor)
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g, retain_graph):
                boxes[parent] = boxes[parent] + share if parent in boxes else share
                if parent not in seen:
                    seen.add(parent)
                    todo.append(parent)
        elif tensor.grad is None:
            tensor.grad = as_gradient(g)
        else:
            tensor.grad += g


@knockout(
    of="backward",
    killed_by="test_unit_backward_retain_graph",
    says="retain_graph is not handed on, so the recipes are used up in any case",
)
def retain_graph_ignored(root, gradient=None, retain_graph=False):
    boxes = {root: first_gradient(root, gradient)}
    for tensor in consumers_first(root):
        g = boxes.pop(tensor)
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g):
                boxes[parent] = boxes[parent] + share if parent in boxes else share
        elif tensor.grad is None:
            tensor.grad = as_gradient(g)
        else:
            tensor.grad += g


@knockout(
    of="backward",
    killed_by="test_unit_backward_second_walk",
    says="the recipes are kept whatever retain_graph says, and their arrays with them",
)
def always_retained(root, gradient=None, retain_graph=False):
    boxes = {root: first_gradient(root, gradient)}
    for tensor in consumers_first(root):
        g = boxes.pop(tensor)
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g, True):
                boxes[parent] = boxes[parent] + share if parent in boxes else share
        elif tensor.grad is None:
            tensor.grad = as_gradient(g)
        else:
            tensor.grad += g


@knockout(
    of="backward",
    killed_by="test_unit_backward_gradient_of_the_root",
    says="it always starts with 1, whatever gradient was handed over",
)
def always_one(root, gradient=None, retain_graph=False):
    boxes = {root: np.ones_like(root.data)}
    for tensor in consumers_first(root):
        g = boxes.pop(tensor)
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g, retain_graph):
                boxes[parent] = boxes[parent] + share if parent in boxes else share
        elif tensor.grad is None:
            tensor.grad = as_gradient(g)
        else:
            tensor.grad += g


@knockout(
    of="backward",
    killed_by="test_unit_backward_no_gradient_to_start_with",
    says="where no gradient is given it starts with ones, also for a root of several numbers",
)
def ones_for_any_shape(root, gradient=None, retain_graph=False):
    given = np.ones(root.shape) if gradient is None else gradient
    boxes = {root: first_gradient(root, given)}
    for tensor in consumers_first(root):
        g = boxes.pop(tensor)
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g, retain_graph):
                boxes[parent] = boxes[parent] + share if parent in boxes else share
        elif tensor.grad is None:
            tensor.grad = as_gradient(g)
        else:
            tensor.grad += g


@knockout(
    of="backward",
    killed_by="test_unit_backward_only_leaves_that_want",
    says="every tensor on the way keeps its gradient, not only the leaves",
)
def kept_everywhere(root, gradient=None, retain_graph=False):
    boxes = {root: first_gradient(root, gradient)}
    for tensor in consumers_first(root):
        g = boxes.pop(tensor)
        if tensor.grad is None:
            tensor.grad = as_gradient(g.copy())
        else:
            tensor.grad += g
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g, retain_graph):
                boxes[parent] = boxes[parent] + share if parent in boxes else share


@knockout(
    of="backward",
    killed_by="test_unit_backward_example",
    says="the gradient of a leaf is left as an array; it has to be a tensor",
)
def array_for_tensor(root, gradient=None, retain_graph=False):
    boxes = {root: first_gradient(root, gradient)}
    for tensor in consumers_first(root):
        g = boxes.pop(tensor)
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g, retain_graph):
                boxes[parent] = boxes[parent] + share if parent in boxes else share
        else:
            tensor.grad = g if tensor.grad is None else tensor.grad + g


@knockout(
    of="backward",
    killed_by="test_unit_backward_leaves_own_their_gradients",
    says="the rules are called without contributions, so two leaves get one and the same array",
)
def past_contributions(root, gradient=None, retain_graph=False):
    boxes = {root: first_gradient(root, gradient)}
    for tensor in consumers_first(root):
        g, recipe = boxes.pop(tensor), tensor.recipe
        if recipe is not None:
            check_recipe(tensor)
            for i in recipe.wanted:
                parent, rule = recipe.inputs[i], rule_for(recipe, i)
                share = rule(g, tensor.data, *recipe.arrays, **recipe.params)
                share = (
                    share if np.shape(share) == parent.shape else unbroadcast(share, parent.shape)
                )
                boxes[parent] = boxes[parent] + share if parent in boxes else share
            if not retain_graph:
                tensor.recipe = WALKED
        elif tensor.grad is None:
            tensor.grad = as_gradient(g)
        else:
            tensor.grad += g


@knockout(
    of="backward",
    killed_by="test_unit_backward_changed_in_place",
    says="nobody looks whether a tensor was changed in place since: contributions is passed by",
)
def versions_not_looked_at(root, gradient=None, retain_graph=False):
    boxes = {root: first_gradient(root, gradient)}
    for tensor in consumers_first(root):
        g, recipe = boxes.pop(tensor), tensor.recipe
        if recipe is WALKED:
            raise ValueError("walked already; use retain_graph=True")
        if recipe is not None:
            for i in recipe.wanted:
                parent, rule = recipe.inputs[i], rule_for(recipe, i)
                share = np.array(rule(g, tensor.data, *recipe.arrays, **recipe.params))
                share = unbroadcast(share, parent.shape).astype(parent.dtype)
                boxes[parent] = boxes[parent] + share if parent in boxes else share
            if not retain_graph:
                tensor.recipe = WALKED
        elif tensor.grad is None:
            tensor.grad = as_gradient(g)
        else:
            tensor.grad += g


@knockout(
    of="backward",
    killed_by="test_unit_backward_frees_the_graph",
    says="the order is made a list first, which keeps every array until the walk is over",
)
def order_listed_first(root, gradient=None, retain_graph=False):
    boxes = {root: first_gradient(root, gradient)}
    for tensor in list(consumers_first(root)):
        g = boxes.pop(tensor)
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g, retain_graph):
                boxes[parent] = boxes[parent] + share if parent in boxes else share
        elif tensor.grad is None:
            tensor.grad = as_gradient(g)
        else:
            tensor.grad += g


@knockout(
    of="backward",
    killed_by="test_unit_backward_frees_the_graph",
    says="letterboxes are read, not emptied, and keep every tensor until the walk is over",
)
def boxes_not_emptied(root, gradient=None, retain_graph=False):
    boxes = {root: first_gradient(root, gradient)}
    for tensor in consumers_first(root):
        g = boxes[tensor]
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g, retain_graph):
                boxes[parent] = boxes[parent] + share if parent in boxes else share
        elif tensor.grad is None:
            tensor.grad = as_gradient(g)
        else:
            tensor.grad += g


@knockout(
    of="backward",
    killed_by="test_unit_backward_shares_that_can_only_be_read",
    says="a share is added to an array in place, and somebody else may hold that array",
)
def added_in_place(root, gradient=None, retain_graph=False):
    boxes = {root: first_gradient(root, gradient)}
    for tensor in consumers_first(root):
        g = boxes.pop(tensor)
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g, retain_graph):
                if parent in boxes:
                    boxes[parent] += share
                else:
                    boxes[parent] = share
        elif tensor.grad is None:
            tensor.grad = as_gradient(g)
        else:
            tensor.grad += g


@knockout(
    of="backward",
    killed_by="test_unit_backward_example",
    says="the share itself becomes the gradient; it may be an array that can only be read",
)
def share_as_it_came(root, gradient=None, retain_graph=False):
    boxes = {root: first_gradient(root, gradient)}
    for tensor in consumers_first(root):
        g = boxes.pop(tensor)
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g, retain_graph):
                boxes[parent] = boxes[parent] + share if parent in boxes else share
        elif tensor.grad is None:
            tensor.grad = Tensor._wrap(g)
        else:
            tensor.grad += g


@knockout(
    of="unbroadcast",
    killed_by="test_unit_unbroadcast_example",
    says="the share comes back as it is: nothing is added up",
)
def as_it_is(g, shape):
    return g


@knockout(
    of="unbroadcast",
    killed_by="test_unit_unbroadcast_example",
    says="only missing axes are summed; those of size 1 that were stretched are forgotten",
)
def missing_axes_only(g, shape):
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


@knockout(
    of="unbroadcast",
    killed_by="test_unit_unbroadcast_example",
    says="only axes of size 1 are summed; those that were missing on the left are forgotten",
)
def stretched_axes_only(g, shape):
    stretched = tuple(i for i, size in enumerate(shape) if size == 1)
    return g.sum(axis=stretched, keepdims=True)


@knockout(
    of="unbroadcast",
    killed_by="test_unit_unbroadcast_example",
    says="an axis of size 1 is summed away; it has to stay (keepdims)",
)
def axis_lost(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, size in enumerate(shape) if size == 1))


@knockout(
    of="unbroadcast",
    killed_by="test_unit_unbroadcast_shapes",
    says="the axes that are summed away are the last ones; shapes align from the right",
)
def from_the_wrong_end(g, shape):
    missing = g.ndim - len(shape)
    g = g.sum(axis=tuple(range(g.ndim - missing, g.ndim)))
    stretched = tuple(i for i, size in enumerate(shape) if size == 1)
    return g.sum(axis=stretched, keepdims=True)


@knockout(
    of="unbroadcast",
    killed_by="test_unit_unbroadcast_example",
    says="the shares of the copies are averaged; they have to be added up",
)
def averaged(g, shape):
    g = g.mean(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(i for i, size in enumerate(shape) if size == 1)
    return g.mean(axis=stretched, keepdims=True)


@knockout(
    of="unbroadcast",
    killed_by="test_unit_unbroadcast_example",
    says="the first copy's share is taken for all of them",
)
def first_copy_only(g, shape):
    g = g[(0,) * (g.ndim - len(shape))]
    return g[tuple(slice(0, 1) if size == 1 else slice(None) for size in shape)]


@knockout(
    of="unbroadcast",
    killed_by="test_unit_unbroadcast_shapes",
    says="one missing axis is provided for, but there may be several, or a shape of ()",
)
def one_missing_axis(g, shape):
    if g.ndim > len(shape):
        g = g.sum(axis=0)
    return g.sum(axis=tuple(i for i, size in enumerate(shape) if size == 1), keepdims=True)


@knockout(
    of="unbroadcast",
    killed_by="test_unit_unbroadcast_shapes",
    says="a sum is reshaped until it fits; the numbers are no longer where they belong",
)
def reshaped_until_it_fits(g, shape):
    while g.size > np.prod(shape):
        g = g.sum(axis=0)
    return g.reshape(shape)


@knockout(
    of="matmul_a",
    killed_by="test_unit_matmul_a_example",
    says="b is not transposed",
)
def b_not_transposed(g, out, a, b):
    return g @ b


@knockout(
    of="matmul_a",
    killed_by="test_unit_matmul_a_example",
    says="the factors are exchanged: transposed b times g, instead of g times transposed b",
)
def factors_exchanged_in_a(g, out, a, b):
    return b.swapaxes(-1, -2) @ g


@knockout(
    of="matmul_a",
    killed_by="test_unit_matmul_a_pure",
    says=".T turns all axes around; of a batch only the last two may be exchanged",
)
def all_axes_turned_in_a(g, out, a, b):
    return g @ b.T


@knockout(
    of="matmul_a",
    killed_by="test_unit_matmul_a_example",
    says="g and b are multiplied element by element, as in the rule of a product of numbers",
)
def elementwise(g, out, a, b):
    return g * b


@knockout(
    of="matmul_a",
    killed_by="test_unit_matmul_a_differences",
    says="the share belongs to b: a transposed times g",
)
def rule_of_the_other_factor(g, out, a, b):
    return a.swapaxes(-1, -2) @ g


@knockout(
    of="matmul_b",
    killed_by="test_unit_matmul_b_example",
    says="the result is transposed: g transposed times a has shape (m, k)",
)
def result_transposed(g, out, a, b):
    return g.swapaxes(-1, -2) @ a


@knockout(
    of="matmul_b",
    killed_by="test_unit_matmul_b_pure",
    says="the factors are exchanged: g times transposed a, instead of transposed a times g",
)
def factors_exchanged_in_b(g, out, a, b):
    return g @ a.swapaxes(-1, -2)


@knockout(
    of="matmul_b",
    killed_by="test_unit_matmul_b_pure",
    says=".T turns all axes around; of a batch only the last two may be exchanged",
)
def all_axes_turned_in_b(g, out, a, b):
    return a.T @ g


@knockout(
    of="matmul_b",
    killed_by="test_unit_matmul_b_pure",
    says="a is not transposed",
)
def a_not_transposed(g, out, a, b):
    return a @ g


@knockout(
    of="matmul_b",
    killed_by="test_unit_matmul_b_pure",
    says="the shares of a batch are added up here, but b may have a matrix for each",
)
def batch_added_up(g, out, a, b):
    share = a.swapaxes(-1, -2) @ g
    return share.sum(axis=tuple(range(share.ndim - 2)))


@knockout(
    of="reduce_sum_x",
    killed_by="test_unit_reduce_sum_x_axes",
    says="the axis that was summed away is not put back, so g is copied along the wrong one",
)
def axis_not_put_back(g, out, x, *, dim=None, keepdim=False):
    return np.broadcast_to(g, x.shape)


@knockout(
    of="reduce_sum_x",
    killed_by="test_unit_reduce_sum_x_axes",
    says="the axis is put back at the end, wherever it was",
)
def axis_put_back_at_the_end(g, out, x, *, dim=None, keepdim=False):
    if dim is not None and not keepdim:
        g = np.expand_dims(g, -1)
    return np.broadcast_to(g, x.shape)


@knockout(
    of="reduce_sum_x",
    killed_by="test_unit_reduce_sum_x_axes",
    says="an axis is put back although keepdim kept it",
)
def keepdim_ignored(g, out, x, *, dim=None, keepdim=False):
    if dim is not None:
        g = np.expand_dims(g, dim)
    return np.broadcast_to(g, x.shape)


@knockout(
    of="reduce_sum_x",
    killed_by="test_unit_reduce_sum_x_example",
    says="the axis is put back, but g is not copied along it to the shape of x",
)
def not_copied(g, out, x, *, dim=None, keepdim=False):
    if dim is not None and not keepdim:
        g = np.expand_dims(g, dim)
    return g


@knockout(
    of="reduce_sum_x",
    killed_by="test_unit_reduce_sum_x_axes",
    says="g is divided by the number of summands; that is the rule of the mean",
)
def rule_of_the_mean(g, out, x, *, dim=None, keepdim=False):
    if dim is not None and not keepdim:
        g = np.expand_dims(g, dim)
    return np.broadcast_to(g, x.shape) * (max(np.size(g), 1) / max(x.size, 1))


@knockout(
    of="reduce_sum_x",
    killed_by="test_unit_reduce_sum_x_axes",
    says="only one axis is provided for; dim may be a tuple",
)
def one_axis_only(g, out, x, *, dim=None, keepdim=False):
    if dim is not None and not keepdim:
        shape = list(x.shape)
        shape[dim if isinstance(dim, int) else dim[0]] = 1
        g = g.reshape(shape)
    return np.broadcast_to(g, x.shape)


@knockout(
    of="reduce_sum_x",
    killed_by="test_unit_reduce_sum_x_example",
    says="ones are given back, and what arrived is forgotten",
)
def ones_for_everything(g, out, x, *, dim=None, keepdim=False):
    return np.ones_like(x)


@knockout(
    of="reshape_x",
    killed_by="test_unit_reshape_x_example",
    says="g is given the shape that was asked for, which it has already; x had another",
)
def shape_asked_for(g, out, x, *, shape):
    return g.reshape(shape)


@knockout(
    of="reshape_x",
    killed_by="test_unit_reshape_x_example",
    says="g comes back as it is, in the shape of the result",
)
def not_reshaped(g, out, x, *, shape):
    return g


@knockout(
    of="reshape_x",
    killed_by="test_unit_reshape_x_example",
    says="the numbers are read column by column, in another order than reshape did",
)
def another_order(g, out, x, *, shape):
    return g.reshape(x.shape[::-1]).T


@knockout(
    of="reshape_x",
    killed_by="test_unit_reshape_x_shapes",
    says="g itself is given another shape: a rule changes none of its arrays",
)
def reshaped_in_place(g, out, x, *, shape):
    g.shape = x.shape
    return g


@knockout(
    of="permute_x",
    killed_by="test_unit_permute_x_example",
    says="the axes are exchanged once more by dims; the way back needs the inverse",
)
def dims_once_more(g, out, x, *, dims):
    return g.transpose(dims)


@knockout(
    of="permute_x",
    killed_by="test_unit_permute_x_example",
    says="the axes are reversed: the way back from .T, but not from other orders",
)
def reversed_axes(g, out, x, *, dims):
    return g.T


@knockout(
    of="permute_x",
    killed_by="test_unit_permute_x_negative",
    says="negative axes are sorted before the others",
)
def negative_sorted_first(g, out, x, *, dims):
    return g.transpose(np.argsort(dims))


@knockout(
    of="permute_x",
    killed_by="test_unit_permute_x_example",
    says="dims is read backwards, which is not the same as the inverse",
)
def dims_backwards(g, out, x, *, dims):
    return g.transpose(dims[::-1])


@knockout(
    of="permute_x",
    killed_by="test_unit_permute_x_orders",
    says="the numbers are poured into the shape of x in the order in which they lie",
)
def reshaped_not_permuted(g, out, x, *, dims):
    return g.reshape(x.shape)


@knockout(
    of="take_x",
    killed_by="test_unit_take_x_example",
    says="shares of what was picked twice replace each other: += writes such a place once",
)
def picked_twice_written_once(g, out, x, *, index):
    share = np.zeros_like(x)
    share[index] += g
    return share


@knockout(
    of="take_x",
    killed_by="test_unit_take_x_every_index",
    says="what was not picked is not 0: the array starts with other numbers",
)
def not_started_with_zeros(g, out, x, *, index):
    share = np.ones_like(x)
    np.add.at(share, index, g - 1)
    return share


@knockout(
    of="take_x",
    killed_by="test_unit_take_x_example",
    says="the shares are picked once more, instead of being put back",
)
def picked_again(g, out, x, *, index):
    return np.broadcast_to(g[index].sum(), x.shape) * 1.0


@knockout(
    of="take_x",
    killed_by="test_unit_take_x_every_index",
    says="x itself is written into: a rule changes none of its arrays",
)
def written_into_x(g, out, x, *, index):
    x[...] = 0
    np.add.at(x, index, g)
    return x


@knockout(
    of="take_x",
    killed_by="test_unit_take_x_dtype",
    says="the share is float64 whatever x is: np.zeros without a dtype",
)
def zeros_without_a_dtype(g, out, x, *, index):
    share = np.zeros(x.shape)
    np.add.at(share, index, g)
    return share


@knockout(
    of="take_x",
    killed_by="test_unit_take_x_example",
    says="np.add.at writes into its first array and gives None back; None is handed on",
)
def what_add_at_gives(g, out, x, *, index):
    share = np.zeros_like(x)
    return np.add.at(share, index, g)


@knockout(
    of="relu_x",
    killed_by="test_unit_relu_x_example",
    says="at 0 itself it lets g through (>=); PyTorch takes 0 there",
)
def open_at_zero(g, out, x):
    return g * (x >= 0)


@knockout(
    of="relu_x",
    killed_by="test_unit_relu_x_example",
    says="the slope is given back without what arrived: g is forgotten",
)
def slope_without_g(g, out, x):
    return (x > 0) * 1.0


@knockout(
    of="relu_x",
    killed_by="test_unit_relu_x_example",
    says="relu is applied to g; it is x that decides what passes",
)
def relu_of_g(g, out, x):
    return np.maximum(g, 0)


@knockout(
    of="relu_x",
    killed_by="test_unit_relu_x_example",
    says="g is multiplied by relu(x), not by its slope",
)
def times_the_result(g, out, x):
    return g * np.maximum(x, 0)


@knockout(
    of="relu_x",
    killed_by="test_unit_relu_x_differences",
    says="g itself is changed: a rule changes none of its arrays",
)
def g_cut_in_place(g, out, x):
    g[x <= 0] = 0
    return g


@knockout(
    of="relu_x",
    killed_by="test_unit_relu_x_close_to_zero",
    says="what is a little above 0 is taken for 0",
)
def almost_zero_is_zero(g, out, x):
    return g * (x > 1e-3)


@knockout(
    of="sigmoid_x",
    killed_by="test_unit_sigmoid_x_example",
    says="one factor is missing: the slope is out (1 - out)",
)
def one_factor_missing(g, out, x):
    return g * (1 - out)


@knockout(
    of="sigmoid_x",
    killed_by="test_unit_sigmoid_x_example",
    says="the slope is computed from x as if x were sigmoid(x)",
)
def x_for_out(g, out, x):
    return g * x * (1 - x)


@knockout(
    of="sigmoid_x",
    killed_by="test_unit_sigmoid_x_differences",
    says="g is forgotten: only the slope is given back",
)
def slope_of_sigmoid_alone(g, out, x):
    return out * (1 - out)


@knockout(
    of="sigmoid_x",
    killed_by="test_unit_sigmoid_x_far_out",
    says="exp(-x) is computed again, and overflows far below 0; out is at hand",
)
def exponential_again(g, out, x):
    return g * np.exp(-x) / (1 + np.exp(-x)) ** 2


@knockout(
    of="sigmoid_x",
    killed_by="test_unit_sigmoid_x_example",
    says="1 - out² is the slope of tanh",
)
def slope_of_tanh(g, out, x):
    return g * (1 - out * out)


@knockout(
    of="softmax_x",
    killed_by="test_unit_softmax_x_example",
    says="each answer is treated by itself: what they lose to each other is left out",
)
def without_the_inner_product(g, out, x, *, dim):
    return out * (1 - out) * g


@knockout(
    of="softmax_x",
    killed_by="test_unit_softmax_x_example",
    says="g is multiplied by the probabilities, and the sum that all lose is not taken off",
)
def sum_not_taken_off(g, out, x, *, dim):
    return out * g


@knockout(
    of="softmax_x",
    killed_by="test_unit_softmax_x_example",
    says="the plain sum of g is taken off, not weighed with the probabilities",
)
def plain_sum(g, out, x, *, dim):
    return out * (g - np.sum(g, axis=dim, keepdims=True))


@knockout(
    of="softmax_x",
    killed_by="test_unit_softmax_x_axes",
    says="the sum goes over everything, not along dim",
)
def sum_of_everything(g, out, x, *, dim):
    return out * (g - np.sum(g * out))


@knockout(
    of="softmax_x",
    killed_by="test_unit_softmax_x_axes",
    says="the sum goes along the last axis, whatever dim says",
)
def last_axis_always(g, out, x, *, dim):
    return out * (g - np.sum(g * out, axis=-1, keepdims=True))


@knockout(
    of="softmax_x",
    killed_by="test_unit_softmax_x_axes",
    says="the axis of the sum is lost (keepdims), so rows meet columns",
)
def axis_of_the_sum_lost(g, out, x, *, dim):
    return out * (g - np.sum(g * out, axis=dim))


@knockout(
    of="cross_entropy_logits",
    killed_by="test_unit_cross_entropy_logits_example",
    says="the mean has N examples, and each has 1/N of g: the division is missing",
)
def not_divided_by_n(g, out, logits, target, *, reduction="mean"):
    share = softmax.forward(logits, dim=-1)
    right = np.take_along_axis(share, target[..., None], axis=-1)
    np.put_along_axis(share, target[..., None], right - 1, axis=-1)
    return share * (g[..., None] if reduction == "none" else g)


@knockout(
    of="cross_entropy_logits",
    killed_by="test_unit_cross_entropy_logits_example",
    says="1 is not taken off for the right class: the softmax alone pushes every score down",
)
def one_hot_forgotten(g, out, logits, target, *, reduction="mean"):
    share = softmax.forward(logits, dim=-1)
    scale = g / target.size if reduction == "mean" else g
    return share * (scale[..., None] if reduction == "none" else scale)


@knockout(
    of="cross_entropy_logits",
    killed_by="test_unit_cross_entropy_logits_reductions",
    says="the mean is divided by N times C, all the numbers, not by the N examples",
)
def divided_by_all_numbers(g, out, logits, target, *, reduction="mean"):
    share = softmax.forward(logits, dim=-1)
    right = np.take_along_axis(share, target[..., None], axis=-1)
    np.put_along_axis(share, target[..., None], right - 1, axis=-1)
    scale = g / logits.size if reduction == "mean" else g
    return share * (scale[..., None] if reduction == "none" else scale)


@knockout(
    of="cross_entropy_logits",
    killed_by="test_unit_cross_entropy_logits_reductions",
    says="with 'none' g has one number for each row, and is laid along the classes",
)
def g_along_the_classes(g, out, logits, target, *, reduction="mean"):
    share = softmax.forward(logits, dim=-1)
    right = np.take_along_axis(share, target[..., None], axis=-1)
    np.put_along_axis(share, target[..., None], right - 1, axis=-1)
    return share * (g / target.size if reduction == "mean" else g)


@knockout(
    of="cross_entropy_logits",
    killed_by="test_unit_cross_entropy_logits_reductions",
    says="every reduction is treated as the mean",
)
def always_divided_by_n(g, out, logits, target, *, reduction="mean"):
    share = softmax.forward(logits, dim=-1)
    right = np.take_along_axis(share, target[..., None], axis=-1)
    np.put_along_axis(share, target[..., None], right - 1, axis=-1)
    scale = g / target.size
    return share * (scale[..., None] if reduction == "none" else scale)


@knockout(
    of="cross_entropy_logits",
    killed_by="test_unit_cross_entropy_logits_example",
    says="the sign is turned: target minus softmax leads uphill",
)
def target_minus_softmax(g, out, logits, target, *, reduction="mean"):
    share = softmax.forward(logits, dim=-1)
    right = np.take_along_axis(share, target[..., None], axis=-1)
    np.put_along_axis(share, target[..., None], right - 1, axis=-1)
    scale = g / target.size if reduction == "mean" else g
    return -share * (scale[..., None] if reduction == "none" else scale)


@knockout(
    of="cross_entropy_logits",
    killed_by="test_unit_cross_entropy_logits_example",
    says="share[:, target] picks the columns in every row: 1 is taken off too often",
)
def columns_of_every_row(g, out, logits, target, *, reduction="mean"):
    share = softmax.forward(logits, dim=-1)
    share[..., target] -= 1
    scale = g / target.size if reduction == "mean" else g
    return share * (scale[..., None] if reduction == "none" else scale)


@knockout(
    of="cross_entropy_logits",
    killed_by="test_unit_cross_entropy_logits_large_scores",
    says="exp of the scores overflows; softmax.forward subtracts the largest first",
)
def exp_of_the_scores(g, out, logits, target, *, reduction="mean"):
    share = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    right = np.take_along_axis(share, target[..., None], axis=-1)
    np.put_along_axis(share, target[..., None], right - 1, axis=-1)
    scale = g / target.size if reduction == "mean" else g
    return share * (scale[..., None] if reduction == "none" else scale)


@knockout(
    of="cross_entropy_logits",
    killed_by="test_unit_cross_entropy_logits_one_example",
    says="rows are counted with arange, but one example comes without a batch axis",
)
def batches_only(g, out, logits, target, *, reduction="mean"):
    share = softmax.forward(logits, dim=1)
    share[np.arange(len(logits)), target] -= 1
    scale = g / len(logits) if reduction == "mean" else g
    return share * (scale[:, None] if reduction == "none" else scale)


@knockout(
    of="cross_entropy_logits",
    killed_by="test_unit_cross_entropy_logits_reductions",
    says="g is forgotten: the loss may be a part of something larger",
)
def g_forgotten_in_cross_entropy(g, out, logits, target, *, reduction="mean"):
    share = softmax.forward(logits, dim=-1)
    right = np.take_along_axis(share, target[..., None], axis=-1)
    np.put_along_axis(share, target[..., None], right - 1, axis=-1)
    return share / target.size if reduction == "mean" else share


@knockout(
    of="no_grad.__enter__",
    killed_by="test_unit_no_grad_enter_example",
    says="recording is noted, but not turned off",
)
def not_turned_off(self):
    self.before = state.recording


@knockout(
    of="no_grad.__enter__",
    killed_by="test_unit_no_grad_enter_takes_the_mode_of_the_block",
    says="recording is always turned off, also by enable_grad, which is made of this",
)
def always_off(self):
    self.before = state.recording
    state.recording = False


@knockout(
    of="no_grad.__enter__",
    killed_by="test_unit_no_grad_exit_nested",
    says="what was before is not kept, so the end of the block can only guess it",
)
def before_not_kept(self):
    self.before = True
    state.recording = self.recording


@knockout(
    of="no_grad.__enter__",
    killed_by="test_unit_no_grad_exit_nested",
    says="what is kept is read after it was overwritten",
)
def kept_too_late(self):
    state.recording = self.recording
    self.before = state.recording


@knockout(
    of="no_grad.__enter__",
    killed_by="test_unit_no_grad_enter_this_thread_only",
    says="recording is turned off for every thread, not for this one",
)
def every_thread(self):
    self.before = state.recording
    type(state).recording = self.recording
    state.__dict__.pop("recording", None)


@knockout(
    of="no_grad.__exit__",
    killed_by="test_unit_no_grad_exit_nested",
    says="it always turns recording on; what was before need not be on",
)
def always_on(self, *error):
    state.recording = True


@knockout(
    of="no_grad.__exit__",
    killed_by="test_unit_no_grad_exit_after_an_error",
    says="it gives True, which tells Python to swallow the error from inside the block",
)
def errors_swallowed(self, *error):
    state.recording = self.before
    return True


@knockout(
    of="no_grad.__exit__",
    killed_by="test_unit_no_grad_exit_after_an_error",
    says="after an error nothing is brought back",
)
def only_after_success(self, *error):
    if error[0] is None:
        state.recording = self.before


@knockout(
    of="no_grad.__exit__",
    killed_by="test_unit_no_grad_exit_example",
    says="nothing is brought back: the block never ends",
)
def never_ends(self, *error):
    self.recording = self.before


@knockout(
    of="no_grad.__exit__",
    killed_by="test_unit_no_grad_exit_nested",
    says="recording is turned over, which is what was before only if the block changed it",
)
def turned_over(self, *error):
    state.recording = not state.recording


@knockout(
    of="no_grad.__exit__",
    killed_by="test_unit_no_grad_exit_after_an_error",
    says="after an error it turns recording on; what was before need not be on",
)
def on_after_an_error(self, *error):
    state.recording = self.before if error[0] is None else True
