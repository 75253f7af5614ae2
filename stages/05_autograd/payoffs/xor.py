"""XOR, which no single layer can learn: a hidden layer does, and this is what it says."""

import numpy as np
from tinytorch import Tensor, manual_seed, sigmoid
from tinytorch.autograd import no_grad
from tinytorch.layers import Linear, Sequential, Tanh
from tinytorch.losses import binary_cross_entropy_with_logits

manual_seed(3)
x = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
target = Tensor([[0.0], [1.0], [1.0], [0.0]])
model = Sequential(Linear(2, 8), Tanh(), Linear(8, 1))

for step in range(501):
    loss = binary_cross_entropy_with_logits(model(x), target)
    if step in (0, 100, 500):
        print(f"step {step:3}   loss {loss.item():.3f}")
    loss.backward()
    with no_grad():
        for w in model.parameters():
            w -= 0.5 * w.grad
            w.grad = None

with no_grad():
    answers = sigmoid(model(x))
    columns, rows = np.meshgrid(np.linspace(-0.2, 1.2, 57), np.linspace(1.2, -0.2, 8))
    grid = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32)
    sure = sigmoid(model(Tensor(grid))).data.reshape(columns.shape)

print("how sure it is of yes, from blank to @; the four corners are marked 0 and 1")
picture = np.array(list(" .:-=+*%@"))[np.minimum(9 * sure, 8).astype(int)]
for (right, up), yes in zip(x.tolist(), target.tolist(), strict=True):
    picture[round((1.2 - up) / 0.2), round((right + 0.2) / 0.025)] = str(int(yes[0]))
print("\n".join("   " + "".join(line) for line in picture))
for (p, q), answer in zip(x.tolist(), answers.tolist(), strict=True):
    print(f"{p:.0f} xor {q:.0f}: {answer[0]:.3f}", end="   ")
print("\nthe last answers remember nothing: "
      f"requires_grad {answers.requires_grad}, recipe {answers.recipe}")  # fmt: skip
