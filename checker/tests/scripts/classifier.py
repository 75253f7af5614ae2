"""A classifier as a module, with an optimizer and a data loader."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(0)
classes = np.arange(300) % 3
angles = classes * 2.1 + rng.normal(0, 0.5, 300)
points = np.stack([np.cos(angles), np.sin(angles)], axis=1) + rng.normal(0, 0.2, (300, 2))
inputs = torch.from_numpy(points.astype(np.float32))
targets = torch.tensor(classes, dtype=torch.long)


class Net(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.fc1 = nn.Linear(2, hidden)
        self.fc2 = nn.Linear(hidden, 3)
        self.dropout = nn.Dropout(p=0.0)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        return self.fc2(self.dropout(x))


device = torch.device("cpu")
model = Net().to(device)
with torch.no_grad():
    for p in model.parameters():  # the same first weights everywhere
        p.copy_(torch.from_numpy(rng.normal(0, 0.5, tuple(p.shape)).astype(np.float32)))

train = DataLoader(TensorDataset(inputs[:240], targets[:240]), batch_size=32, shuffle=False)
test = DataLoader(TensorDataset(inputs[240:], targets[240:]), batch_size=60)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

for epoch in range(10):
    model.train()
    running = 0.0
    for batch, labels in train:
        batch, labels = batch.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = criterion(model(batch), labels)
        loss.backward()
        optimizer.step()
        running += loss.item() * batch.size(0)
    print("epoch", epoch, "loss", running / len(train.dataset))

model.eval()
correct = 0
with torch.no_grad():
    for batch, labels in test:
        predicted = model(batch).argmax(dim=1)
        correct += (predicted == labels).sum().item()
print("correct", correct, "of", len(test.dataset))
print("parameters", sum(p.numel() for p in model.parameters() if p.requires_grad))
