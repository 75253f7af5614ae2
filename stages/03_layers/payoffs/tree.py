"""Print a network as a tree, and where its numbers are."""

import tinytorch as tt
from tinytorch import nn

tt.manual_seed(0)
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
pictures = tt.rand(32, 28, 28)

print(net)
total = sum(parameter.numel() for parameter in net.parameters())
for name, parameter in net.named_parameters():
    share = parameter.numel() / total
    bar = "#" * max(1, round(30 * share))
    print(f"{name:<9}{parameter.shape!s:<12}{parameter.numel():>7,}  {bar:<30}{share:>8.2%}")
print(f"all      {'':<12}{total:>7,}  numbers, {total * 4 / 1024:.0f} KB, none trained yet")

scores = net.eval()(pictures)
guesses = [0] * 10
for row in scores:
    guesses[int(row.argmax())] += 1
print(f"{len(pictures)} pictures of noise, {pictures.shape} -> {scores.shape}; the answers:")
print("  ".join(f"{digit}: {count}" for digit, count in enumerate(guesses)))
