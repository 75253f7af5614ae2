"""A training loop of one's own: warm-up, accumulation, clipping, and the best weights kept."""

import os
import tempfile

import numpy as np
import torch
from torch import nn, optim
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR
from torch.utils.data import DataLoader, Dataset


class Waves(Dataset):
    def __init__(self, count, seed):
        rng = np.random.default_rng(seed)
        self.x = rng.uniform(-2, 2, (count, 2)).astype(np.float32)
        self.y = (np.sin(2 * self.x[:, :1]) * self.x[:, 1:]).astype(np.float32)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return torch.from_numpy(self.x[i]), torch.from_numpy(self.y[i])


def fill(model):
    rng = np.random.default_rng(7)
    for p in model.parameters():
        first = torch.tensor(rng.normal(0, 0.4, tuple(p.shape)), dtype=torch.float32)
        with torch.no_grad():
            p.copy_(first)


def evaluate(model, loader, loss_fn):
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            total += loss_fn(model(x), y).item() * len(x)
            count += len(x)
    model.train()
    return total / count


model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.GELU(), nn.Linear(32, 1))
fill(model)
train = DataLoader(Waves(256, 1), batch_size=16)
valid = DataLoader(Waves(64, 2), batch_size=64)
loss_fn = nn.MSELoss()
decay = [p for p in model.parameters() if p.dim() > 1]
rest = [p for p in model.parameters() if p.dim() <= 1]
optimizer = optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": rest}], lr=1e-3)
epochs, accumulate = 6, 2
scheduler = OneCycleLR(optimizer, max_lr=2e-2, total_steps=epochs * len(train) // accumulate)
best, kept = float("inf"), os.path.join(tempfile.mkdtemp(), "best.pt")

for epoch in range(epochs):
    norm = torch.tensor(0.0)
    for i, (x, y) in enumerate(train):
        loss = loss_fn(model(x), y) / accumulate
        loss.backward()
        if (i + 1) % accumulate == 0:
            norm = clip_grad_norm_(model.parameters(), max_norm=1.0)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
    score = evaluate(model, valid, loss_fn)
    print(f"epoch {epoch} score {score} norm {norm.item()} lr {scheduler.get_last_lr()[0]}")
    if score < best:
        best = score
        torch.save(model.state_dict(), kept)

model.load_state_dict(torch.load(kept))
print("best again", evaluate(model, valid, loss_fn))

last = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)
cosine = CosineAnnealingLR(last, T_max=20)
for x, y in train:
    last.zero_grad(set_to_none=True)
    loss_fn(model(x), y).backward()
    last.step()
    cosine.step()
print("after", evaluate(model, valid, loss_fn), "lr", last.param_groups[0]["lr"])
