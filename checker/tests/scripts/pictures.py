"""A convolutional network on small pictures, with batch normalisation and both kinds of pooling."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(0)
classes = np.arange(120) % 3
pictures = rng.normal(0, 0.5, (120, 1, 12, 12)).astype(np.float32)
for k, (i, j) in enumerate(rng.integers(1, 8, (120, 2))):
    if classes[k] == 0:
        pictures[k, 0, i, j : j + 4] += 2.0
    elif classes[k] == 1:
        pictures[k, 0, i : i + 4, j] += 2.0
    else:
        pictures[k, 0, i : i + 2, j : j + 2] += 2.0
inputs = torch.from_numpy(pictures)
targets = torch.tensor(classes, dtype=torch.long)


class Block(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(Block(1, 6), nn.MaxPool2d(2), Block(6, 8, stride=2))
        self.pool = nn.AvgPool2d(kernel_size=3, stride=1, padding=1)
        self.fc1 = nn.Linear(8 * 3 * 3, 16)
        self.fc2 = nn.Linear(16, 3)

    def forward(self, x):
        x = self.pool(self.features(x))
        x = F.max_pool2d(x, 3, stride=1, padding=1)
        x = x.view(-1, 8 * 3 * 3)
        return self.fc2(F.relu(self.fc1(x)))


model = Net()
with torch.no_grad():
    for p in model.parameters():  # the same first weights everywhere
        p.copy_(torch.from_numpy(rng.normal(0, 0.2, tuple(p.shape)).astype(np.float32)))
print(model.features[0].conv)
print(list(model.state_dict()))

train = DataLoader(TensorDataset(inputs[:90], targets[:90]), batch_size=30)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)

for epoch in range(4):
    model.train()
    for batch, labels in train:
        optimizer.zero_grad()
        loss = criterion(model(batch), labels)
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

model.eval()
with torch.no_grad():
    scores = model(inputs[90:])
    print("test loss", criterion(scores, targets[90:]).item())
    print("correct", (scores.argmax(dim=1) == targets[90:]).sum().item(), "of", 30)
    print("one", model(inputs[90:91])[0, 0].item())
    print("edges", F.conv2d(inputs[:1], torch.ones(1, 1, 3, 3), None, 2, 1).sum().item())
    print("mean", F.avg_pool2d(inputs[:2], 4).sum().item())
print("batches", model.features[0].norm.num_batches_tracked.item())
