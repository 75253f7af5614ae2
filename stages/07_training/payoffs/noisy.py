"""A network learns to read numerals through noise, one train_step after the other."""

import numpy as np
from tinytorch import Tensor, manual_seed
from tinytorch.layers import Linear, ReLU, Sequential
from tinytorch.losses import CrossEntropyLoss
from tinytorch.metrics import accuracy
from tinytorch.optimizers import Adam
from tinytorch.training import Trainer

FONT = "757157 262227 717747 717717 755711 747717 747757 711122 757757 757717"
ROWS = {"0": "###", "1": "..#", "2": ".#.", "4": "#..", "5": "#.#", "6": "##.", "7": "###"}
GLYPHS = np.array([[c == "#" for d in numeral for c in ROWS[d]] for numeral in FONT.split()])
manual_seed(0)
draw = np.random.default_rng(1)


def drawn(count):
    """Draw numerals of 18 dots each, of which one in eighteen is wrong."""
    classes = draw.integers(0, 10, count)
    dots = GLYPHS[classes] ^ (draw.random((count, 18)) < 1 / 18)
    return Tensor(dots.astype(np.float32)), Tensor(classes)


model = Sequential(Linear(18, 48), ReLU(), Linear(48, 10))
trainer = Trainer(
    model, Adam(model.parameters(), lr=0.01), CrossEntropyLoss(), metrics={"accuracy": accuracy}
)
test = [drawn(500), drawn(500)]
for step in range(601):
    if step in (0, 25, 100, 600):
        found = trainer.evaluate(test)
        bar = "#" * round(40 * found["accuracy"])
        print(f"{step:4} steps  loss {found['loss']:.2f}  {found['accuracy']:4.0%} |{bar:<40}|")
    trainer.train_step(*drawn(32))

shown, classes = drawn(9)
answers = model.eval()(shown).argmax(dim=1)
print("\nwhat it saw, never the same twice:")
for row in range(6):
    parts = ["".join(" #"[int(v)] for v in dots[3 * row : 3 * row + 3]) for dots in shown.data]
    print(("   " + "    ".join(parts)).rstrip())
for title, numbers in (("its answer", answers), ("it was", classes)):
    print("   " + "      ".join(f"{n}" for n in numbers.tolist()) + f"    {title}")
