"""Fit a line by gradient descent, written out: the first script of most tutorials."""

import torch

x = torch.linspace(-1, 1, 101).reshape(-1, 1)
y = 3 * x - 0.5 + 0.1 * torch.tanh(17 * x) * (1 - x**2)

w = torch.zeros(1, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
lr = 0.1

for step in range(200):
    prediction = x @ w + b
    loss = ((prediction - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= lr * w.grad
        b -= lr * b.grad
        w.grad.zero_()
        b.grad.zero_()
    if step % 20 == 0:
        print(step, loss.item())

print("slope", w.item(), "start", b.item())
with torch.no_grad():
    print("at 0.5", (torch.tensor([[0.5]]) @ w + b).item())
