"""Let networks draw: four hidden layers turn a place (x, y) into a shade of grey."""

import os
import tempfile

import tinytorch as tt
from tinytorch import nn

ROWS, COLUMNS, SHADES = 10, 18, " .:-=+*#%@"


def network(seed):
    """Make a network of tanh layers with large weights, so that it bends a lot."""
    tt.manual_seed(seed)
    hidden = [
        part
        for inputs in (3, 16, 16, 16)
        for part in (nn.Linear(inputs, 16), nn.Tanh(), nn.Dropout(0.05))
    ]
    net = nn.Sequential(*hidden, nn.Linear(16, 1), nn.Sigmoid())
    for parameter in net.parameters():
        parameter.copy_(parameter * 5.0)
    return net.eval()


def places():
    """Give x, y and the distance from the middle for every letter of a picture."""
    points = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            x, y = 2 * column / (COLUMNS - 1) - 1, 2 * row / (ROWS - 1) - 1
            points.append([x, y, (x * x + y * y) ** 0.5])
    return tt.tensor(points)


def draw(net):
    shades = (net(places()).flatten() * 9.99).tolist()
    letters = "".join(SHADES[int(shade)] for shade in shades)
    return [letters[i : i + COLUMNS] for i in range(0, len(letters), COLUMNS)]


first, second = network(1), network(10)
pictures = {"first network": draw(first)}
pictures["first.train()"] = draw(first.train())
pictures["second network"] = draw(second)

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "first.npz")
    tt.save(first.eval().state_dict(), path)
    second.load_state_dict(tt.load(path))
    size = os.path.getsize(path)
pictures["second, loaded"] = draw(second)

print(" ".join(f"{title:<{COLUMNS}}" for title in pictures).rstrip())
for lines in zip(*pictures.values(), strict=True):
    print(" ".join(lines).rstrip())
count = sum(parameter.numel() for parameter in first.parameters())
same = pictures["second, loaded"] == pictures["first network"]
print(f"{count} numbers, {size / 1024:.1f} KB in the file: the first picture", end=" ")
print("came back" if same else "did not come back")
