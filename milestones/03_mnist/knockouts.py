"""Mistakes that learners make in milestone 3, each with the test that notices it."""


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_anew",
    says="every call gives the same network, not a new one",
)
def one_network_for_all():
    made = Sequential(Linear(784, 256), ReLU(), Linear(256, 10))
    return build_model.__dict__.setdefault("made", made)


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_gives_scores",
    says="a softmax comes at the end, which cross_entropy has inside already",
)
def softmax_at_the_end():
    from tinytorch.layers import Softmax

    return Sequential(Linear(784, 256), ReLU(), Linear(256, 10), Softmax(dim=-1))


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_gives_scores",
    says="a ReLU comes after the last layer, so no score can be below 0",
)
def relu_at_the_end():
    return Sequential(Linear(784, 256), ReLU(), Linear(256, 10), ReLU())


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_example",
    says="it gives one number, not a score for each of ten digits",
)
def one_output():
    return Sequential(Linear(784, 256), ReLU(), Linear(256, 1))


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_example",
    says="the shapes of two layers do not fit together",
)
def layers_that_do_not_fit():
    return Sequential(Linear(784, 256), ReLU(), Linear(128, 10))


@knockout(
    of="configure",
    killed_by="test_unit_configure_example",
    says="the schedule lasts as many steps as there are epochs; it is stepped after every batch",
)
def steps_are_epochs(model, batches):
    optimizer = AdamW(model.parameters(), lr=0.004)
    return optimizer, OneCycleLR(optimizer, max_lr=0.004, total_steps=6), 6


@knockout(
    of="configure",
    killed_by="test_unit_configure_other_lengths",
    says="the number of batches is a fixed one, not the one that is given",
)
def batches_fixed(model, batches):
    optimizer = AdamW(model.parameters(), lr=0.004)
    return optimizer, OneCycleLR(optimizer, max_lr=0.004, total_steps=60), 6


@knockout(
    of="configure",
    killed_by="test_unit_configure_the_model_given",
    says="the optimizer holds the parameters of another network",
)
def another_model(model, batches):
    optimizer = AdamW(build_model().parameters(), lr=0.004)
    return optimizer, OneCycleLR(optimizer, max_lr=0.004, total_steps=6 * batches), 6


@knockout(
    of="configure",
    killed_by="test_unit_configure_turns_the_rate",
    says="the scheduler turns the rate of another optimizer",
)
def another_optimizer(model, batches):
    optimizer = AdamW(model.parameters(), lr=0.004)
    other = AdamW(model.parameters(), lr=0.004)
    return optimizer, OneCycleLR(other, max_lr=0.004, total_steps=6 * batches), 6


@knockout(
    of="configure",
    killed_by="test_unit_configure_example",
    says="the three come back in another order",
)
def another_order(model, batches):
    optimizer = AdamW(model.parameters(), lr=0.004)
    return 6, optimizer, OneCycleLR(optimizer, max_lr=0.004, total_steps=6 * batches)


@knockout(
    of="configure",
    killed_by="test_unit_configure_example",
    says="there is no schedule",
)
def no_schedule(model, batches):
    return AdamW(model.parameters(), lr=0.004), None, 6


@knockout(
    of="configure",
    killed_by="test_module",
    says="the largest rate is 0, and no weight moves",
)
def no_rate(model, batches):
    optimizer = AdamW(model.parameters(), lr=0.0)
    return optimizer, OneCycleLR(optimizer, max_lr=0.0, total_steps=6 * batches), 6


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_centred_by_mass",
    says="the middle of the rectangle is put into the middle, not the centre of mass",
)
def centred_by_its_rectangle(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row, column = (height - 1) / 2, (width - 1) / 2
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_example",
    says="the drawing is put at row 4, column 4, whatever it weighs",
)
def not_centred(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    top = 4
    left = 4
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_centred_by_mass",
    says="the middle is taken for 13.5; in MNIST the centre of mass is at 14",
)
def centred_at_thirteen_and_a_half(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(13.5 - row), 0), 28 - height)
    left = min(max(round(13.5 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_centred_by_mass",
    says="the place is cut off to a whole pixel where it should be rounded",
)
def cut_off_instead_of_rounded(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(int(14 - row), 0), 28 - height)
    left = min(max(int(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_size",
    says="the size is cut off to a whole pixel where it should be rounded",
)
def size_cut_off(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, int(20 / max(ink.shape) * side)) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_example",
    says="rows and columns are swapped in the centre of mass",
)
def row_and_column_swapped(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - column), 0), 28 - height)
    left = min(max(round(14 - row), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_thin_lines_are_not_lost",
    says="single pixels are picked out, and thin lines fall between them",
)
def every_tenth_pixel(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    from_rows = np.arange(height) * ink.shape[0] // height
    from_columns = np.arange(width) * ink.shape[1] // width
    small = ink[np.ix_(from_rows, from_columns)]
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_thin_lines_are_not_lost",
    says="grey is rounded to black or white",
)
def black_or_white(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = (resized(ink, height, width) > 0.1).astype(float)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_size",
    says="both sides become 20, so that a 1 is a block",
)
def stretched(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = 20, 20
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_size",
    says="the longer side becomes 28 instead of 20",
)
def fills_the_picture(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(28 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_size",
    says="the shorter side becomes 20, and the longer one more than the picture",
)
def shorter_side_twenty(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, min(28, round(20 * side / min(ink.shape)))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_size",
    says="the whole sheet is shrunk, not the rectangle with the ink",
)
def the_whole_sheet(drawing):
    picture = np.zeros((28, 28), np.float32)
    if not drawing.any():
        return picture
    ink = drawing / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_small_drawings",
    says="small drawings stay small",
)
def never_enlarged(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(min(1, 20 / max(ink.shape)) * side)) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_thin",
    says="a thin line is rounded to no row at all",
)
def no_row_at_all(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (round(20 * side / max(ink.shape)) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_ink",
    says="paper and ink are swapped: paper is 1, ink 0",
)
def inverted(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return 1 - picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_ink",
    says="the numbers still go up to 255",
)
def up_to_255(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 1
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_ink",
    says="the darkest pixel is made 1, however light the ink was",
)
def as_dark_as_possible(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small / small.max()
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_nothing_drawn",
    says="an empty sheet has no first row, and that raises an error",
)
def an_empty_sheet_fails(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_stays_inside",
    says="what does not fit at its place is cut off, or raises an error",
)
def beyond_the_edge(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = round(14 - row)
    left = round(14 - column)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_example",
    says="the result is float64, since dividing by 255 makes it so",
)
def float64(drawing):
    picture = np.zeros((28, 28))
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_example",
    says="the picture is flattened to 784 numbers",
)
def flattened(drawing):
    picture = np.zeros((28, 28), np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture.ravel()
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture.ravel()


@knockout(
    of="preprocess",
    killed_by="test_unit_preprocess_ink",
    says="the drawing itself is made black and white, and the page finds another one",
)
def drawing_overwritten(drawing):
    picture = np.zeros((28, 28), np.float32)
    drawing[drawing > 0] = 255
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if rows.size == 0:
        return picture
    ink = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    small = resized(ink, height, width)
    row = np.arange(height) @ small.sum(axis=1) / small.sum()
    column = np.arange(width) @ small.sum(axis=0) / small.sum()
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    picture[top : top + height, left : left + width] = small
    return picture
