"""Mistakes that learners make in milestone 4, each with the test that notices it."""


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_example",
    says="the first Linear expects another number of features than Flatten gives",
)
def sizes_miscounted():
    blocks = [Conv2d(3, 8, 3), MaxPool2d(2), ReLU()]
    return Sequential(*blocks, Flatten(), Linear(8 * 16 * 16, 10))


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_example",
    says="Flatten is missing, so Linear works along the columns of the picture",
)
def no_flatten():
    return Sequential(Conv2d(3, 8, 3, padding=1), MaxPool2d(2), ReLU(), Linear(16, 10))


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_example",
    says="the first convolution takes grey pictures, of one channel",
)
def one_channel():
    blocks = [Conv2d(1, 8, 3, padding=1), MaxPool2d(4), ReLU()]
    return Sequential(*blocks, Flatten(), Linear(8 * 8 * 8, 10))


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_example",
    says="it gives one number, not a score for each of ten classes",
)
def one_output():
    blocks = [Conv2d(3, 8, 3, padding=1), MaxPool2d(4), ReLU()]
    return Sequential(*blocks, Flatten(), Linear(8 * 8 * 8, 1))


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_anew",
    says="every call gives the same network, not a new one",
)
def one_network_for_all():
    blocks = [Conv2d(3, 8, 3, padding=1), MaxPool2d(4), ReLU()]
    made = Sequential(*blocks, Flatten(), Linear(8 * 8 * 8, 10))
    return build_model.__dict__.setdefault("made", made)


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_gives_scores",
    says="a softmax comes at the end, which cross_entropy has inside already",
)
def softmax_at_the_end():
    from tinytorch.layers import Softmax

    blocks = [Conv2d(3, 8, 3, padding=1), MaxPool2d(4), ReLU()]
    return Sequential(*blocks, Flatten(), Linear(8 * 8 * 8, 10), Softmax(dim=-1))


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_gives_scores",
    says="the last layer, too, has a ReLU after it, so no score can be below 0",
)
def relu_at_the_end():
    blocks = [Conv2d(3, 8, 3, padding=1), MaxPool2d(4), ReLU()]
    return Sequential(*blocks, Flatten(), Linear(8 * 8 * 8, 10), ReLU())


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_convolves",
    says="it is the MLP of milestone 3 again, with nothing that slides",
)
def no_convolution():
    return Sequential(Flatten(), Linear(3 * 32 * 32, 64), ReLU(), Linear(64, 10))


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_every_parameter_learns",
    says="a layer is made and never used",
)
def a_layer_left_out():
    from tinytorch.layers import Module

    class Network(Module):
        def __init__(self):
            super().__init__()
            self.conv, self.more = Conv2d(3, 8, 3, padding=1), Conv2d(8, 8, 3, padding=1)
            self.rest = Sequential(MaxPool2d(4), ReLU(), Flatten(), Linear(8 * 8 * 8, 10))

        def forward(self, x):
            return self.rest(self.conv(x))

    return Network()


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_every_parameter_learns",
    says="the graph is cut behind the convolutions, so only the classifier learns",
)
def cut_by_detach():
    from tinytorch.layers import Module

    class Network(Module):
        def __init__(self):
            super().__init__()
            self.features = Sequential(Conv2d(3, 8, 3, padding=1), MaxPool2d(4), ReLU())
            self.rest = Sequential(Flatten(), Linear(8 * 8 * 8, 10))

        def forward(self, x):
            return self.rest(self.features(x).detach())

    return Network()


@knockout(
    of="build_model",
    killed_by="test_unit_build_model_one_by_one",
    says="pictures are normalised by their batch, in evaluation too",
)
def normalised_by_the_batch():
    norm = BatchNorm2d(8, track_running_stats=False)
    blocks = [Conv2d(3, 8, 3, padding=1), MaxPool2d(4), norm, ReLU()]
    return Sequential(*blocks, Flatten(), Linear(8 * 8 * 8, 10))


@knockout(
    of="augment",
    killed_by="test_unit_augment_example",
    says="a list of transforms comes back, not one",
)
def a_list(mean, std):
    return [RandomCrop(32, padding=2), RandomHorizontalFlip(), ToDtype(scale=True)]


@knockout(
    of="augment",
    killed_by="test_unit_augment_example",
    says="numbers go up to 255, since nothing scales them",
)
def not_scaled(mean, std):
    steps = [RandomCrop(32, padding=2), RandomHorizontalFlip(), ToDtype()]
    return Compose([*steps, Normalize(mean, std)])


@knockout(
    of="augment",
    killed_by="test_unit_augment_example",
    says="Normalize comes before there are floats",
)
def bytes_normalised(mean, std):
    return Compose([RandomCrop(32, padding=2), RandomHorizontalFlip(), Normalize(mean, std)])


@knockout(
    of="augment",
    killed_by="test_unit_augment_example",
    says="the crop is smaller than the picture, and the network does not fit",
)
def cropped_to_28(mean, std):
    steps = [RandomCrop(28), RandomHorizontalFlip(), ToDtype(scale=True)]
    return Compose([*steps, Normalize(mean, std)])


@knockout(
    of="augment",
    killed_by="test_unit_augment_example",
    says="nothing is normalised",
)
def not_normalised(mean, std):
    return Compose([RandomCrop(32, padding=2), RandomHorizontalFlip(), ToDtype(scale=True)])


@knockout(
    of="augment",
    killed_by="test_unit_augment_normalises_each_colour",
    says="mean and std are fixed ones, not those that are given",
)
def fixed_numbers(mean, std):
    steps = [RandomCrop(32, padding=2), RandomHorizontalFlip(), ToDtype(scale=True)]
    return Compose([*steps, Normalize([0.5, 0.5, 0.5], [0.25, 0.25, 0.25])])


@knockout(
    of="augment",
    killed_by="test_unit_augment_normalises_each_colour",
    says="mean and std change places",
)
def mean_and_std_swapped(mean, std):
    steps = [RandomCrop(32, padding=2), RandomHorizontalFlip(), ToDtype(scale=True)]
    return Compose([*steps, Normalize(std, mean)])


@knockout(
    of="augment",
    killed_by="test_unit_augment_shifts",
    says="the crop of 32 has no margin, and moves nothing",
)
def no_margin(mean, std):
    steps = [RandomCrop(32), RandomHorizontalFlip(), ToDtype(scale=True)]
    return Compose([*steps, Normalize(mean, std)])


@knockout(
    of="augment",
    killed_by="test_unit_augment_shifts_a_little",
    says="pictures are moved so far that half of them is outside",
)
def moved_away(mean, std):
    steps = [RandomCrop(32, padding=16), RandomHorizontalFlip(), ToDtype(scale=True)]
    return Compose([*steps, Normalize(mean, std)])


@knockout(
    of="augment",
    killed_by="test_unit_augment_flips_half",
    says="nothing is flipped",
)
def no_flip(mean, std):
    return Compose([RandomCrop(32, padding=2), ToDtype(scale=True), Normalize(mean, std)])


@knockout(
    of="augment",
    killed_by="test_unit_augment_flips_half",
    says="every picture is flipped",
)
def always_flipped(mean, std):
    steps = [RandomCrop(32, padding=2), RandomHorizontalFlip(1.0), ToDtype(scale=True)]
    return Compose([*steps, Normalize(mean, std)])


@knockout(
    of="augment",
    killed_by="test_unit_augment_upright",
    says="pictures are turned upside down as well",
)
def upside_down(mean, std):
    from tinytorch.transforms import Transform, uniforms

    class Turn(Transform):
        def forward(self, images):
            turned = uniforms(len(images), 1)[:, 0, None, None, None] < 0.5
            return np.where(turned, images[:, :, ::-1], images)

    import numpy as np

    steps = [RandomCrop(32, padding=2), RandomHorizontalFlip(), Turn(), ToDtype(scale=True)]
    return Compose([*steps, Normalize(mean, std)])


@knockout(
    of="augment",
    killed_by="test_unit_augment_each_by_itself",
    says="one draw serves the whole batch",
)
def one_draw_a_batch(mean, std):
    from tinytorch.transforms import Transform, uniforms

    class Shift(Transform):
        def forward(self, images):
            down, right, flip = uniforms(len(images), 3)[0]
            images = images[..., ::-1] if flip < 0.5 else images
            return np.roll(images, (int(5 * down) - 2, int(5 * right) - 2), axis=(2, 3))

    import numpy as np

    return Compose([Shift(), ToDtype(scale=True), Normalize(mean, std)])


@knockout(
    of="augment",
    killed_by="test_unit_augment_anew_in_each_epoch",
    says="what is drawn depends on the place in the batch alone, and is the same in every epoch",
)
def drawn_once(mean, std):
    from tinytorch.transforms import Transform

    class Shift(Transform):
        def forward(self, images):
            drawn = np.random.default_rng(0).random((len(images), 3))
            moved = []
            for image, (down, right, flip) in zip(images, drawn, strict=True):
                image = image[..., ::-1] if flip < 0.5 else image
                moved.append(np.roll(image, (int(5 * down) - 2, int(5 * right) - 2), axis=(1, 2)))
            return np.stack(moved)

    import numpy as np

    return Compose([Shift(), ToDtype(scale=True), Normalize(mean, std)])


@knockout(
    of="augment",
    killed_by="test_unit_augment_keeps_place_and_colour",
    says="the pictures of a batch change places, and their labels do not",
)
def pictures_shuffled(mean, std):
    from tinytorch.transforms import Transform

    class Shuffle(Transform):
        def forward(self, images):
            return images[::-1].copy()

    steps = [RandomCrop(32, padding=2), RandomHorizontalFlip(), Shuffle(), ToDtype(scale=True)]
    return Compose([*steps, Normalize(mean, std)])


@knockout(
    of="configure",
    killed_by="test_unit_configure_example",
    says="the schedule lasts as many steps as there are epochs; it is stepped after every batch",
)
def steps_are_epochs(model, batches):
    optimizer = AdamW(model.parameters(), lr=0.004)
    return optimizer, OneCycleLR(optimizer, max_lr=0.004, total_steps=10), 10


@knockout(
    of="configure",
    killed_by="test_unit_configure_example",
    says="the three come back in another order",
)
def another_order(model, batches):
    optimizer = AdamW(model.parameters(), lr=0.004)
    return 10, optimizer, OneCycleLR(optimizer, max_lr=0.004, total_steps=10 * batches)


@knockout(
    of="configure",
    killed_by="test_unit_configure_example",
    says="there is no schedule",
)
def no_schedule(model, batches):
    return AdamW(model.parameters(), lr=0.004), None, 10


@knockout(
    of="configure",
    killed_by="test_unit_configure_example",
    says="the number of epochs is missing",
)
def no_epochs(model, batches):
    optimizer = AdamW(model.parameters(), lr=0.004)
    return optimizer, OneCycleLR(optimizer, max_lr=0.004, total_steps=10 * batches)


@knockout(
    of="configure",
    killed_by="test_unit_configure_other_lengths",
    says="the number of batches is a fixed one, not the one that is given",
)
def batches_fixed(model, batches):
    optimizer = AdamW(model.parameters(), lr=0.004)
    return optimizer, OneCycleLR(optimizer, max_lr=0.004, total_steps=100), 10


@knockout(
    of="configure",
    killed_by="test_unit_configure_the_model_given",
    says="the optimizer holds the parameters of another network",
)
def another_model(model, batches):
    optimizer = AdamW(Linear(2, 2).parameters(), lr=0.004)
    return optimizer, OneCycleLR(optimizer, max_lr=0.004, total_steps=10 * batches), 10


@knockout(
    of="configure",
    killed_by="test_unit_configure_the_model_given",
    says="the optimizer holds the last layer's weights alone",
)
def only_the_last(model, batches):
    optimizer = AdamW(list(model.parameters())[-1:], lr=0.004)
    return optimizer, OneCycleLR(optimizer, max_lr=0.004, total_steps=10 * batches), 10


@knockout(
    of="configure",
    killed_by="test_unit_configure_turns_the_rate",
    says="the scheduler turns the rate of another optimizer",
)
def another_optimizer(model, batches):
    optimizer = AdamW(model.parameters(), lr=0.004)
    other = AdamW(model.parameters(), lr=0.004)
    return optimizer, OneCycleLR(other, max_lr=0.004, total_steps=10 * batches), 10


@knockout(
    of="configure",
    killed_by="test_unit_configure_cools_down",
    says="the rate rises to the very end",
)
def never_cools(model, batches):
    optimizer = AdamW(model.parameters(), lr=0.004)
    schedule = OneCycleLR(optimizer, max_lr=0.004, total_steps=10 * batches, pct_start=1.0)
    return optimizer, schedule, 10


@knockout(
    of="configure",
    killed_by="test_module",
    says="the largest rate is 0, and no weight moves",
)
def no_rate(model, batches):
    optimizer = AdamW(model.parameters(), lr=0.0)
    return optimizer, OneCycleLR(optimizer, max_lr=0.0, total_steps=10 * batches), 10
