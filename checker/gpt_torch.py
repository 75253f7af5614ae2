"""The GPT of stage 13 written in PyTorch, to compare with: the same computation, the same names.

Written as one writes it for speed there: one product for queries, keys and values, and the fused
attention. `copy_weights` brings the weights of the course's GPT over.
"""

import torch
from torch import nn
from torch.nn import functional as F

__all__ = ["TorchGPT", "copy_weights"]


class Block(nn.Module):
    """A decoder block without cross-attention."""

    def __init__(self, width, heads, bias):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width, bias=bias)
        self.qkv = nn.Linear(width, 3 * width, bias=bias)
        self.out = nn.Linear(width, width, bias=bias)
        self.norm2 = nn.LayerNorm(width, bias=bias)
        self.up = nn.Linear(width, 4 * width, bias=bias)
        self.down = nn.Linear(4 * width, width, bias=bias)

    def forward(self, x):
        """Add attention, then the small network."""
        n, length, width = x.shape
        heads = [
            part.view(n, length, self.heads, width // self.heads).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).split(width, dim=2)
        ]
        mixed = F.scaled_dot_product_attention(*heads, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(n, length, width))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class TorchGPT(nn.Module):
    """Made from a GPTConfig; without dropout."""

    def __init__(self, config):
        super().__init__()
        width, bias = config.embed_dim, config.bias
        self.token = nn.Embedding(config.vocab_size, width)
        self.position = nn.Embedding(config.context, width)
        self.blocks = nn.ModuleList(
            [Block(width, config.num_heads, bias) for _ in range(config.num_layers)]
        )
        self.norm = nn.LayerNorm(width, bias=bias)
        self.head = nn.Linear(width, config.vocab_size, bias=False)
        self.head.weight = self.token.weight

    def forward(self, ids, targets=None):
        """Give the logits, and with targets (logits, loss)."""
        x = self.token(ids) + self.position(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.norm(x))
        if targets is None:
            return logits
        return logits, F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def copy_weights(ours, theirs):
    """Bring all weights of our GPT into theirs; gives theirs back."""
    state = {name: torch.tensor(p.detach().numpy()) for name, p in ours.state_dict().items()}
    for i in range(len(ours.blocks)):
        for kind in ("weight", "bias"):
            for name, new in (
                ("attention.out_proj", "out"),
                ("mlp.up", "up"),
                ("mlp.down", "down"),
            ):
                if (value := state.pop(f"blocks.{i}.{name}.{kind}", None)) is not None:
                    state[f"blocks.{i}.{new}.{kind}"] = value
            parts = [state.pop(f"blocks.{i}.attention.{p}_proj.{kind}", None) for p in "qkv"]
            if parts[0] is not None:
                state[f"blocks.{i}.qkv.{kind}"] = torch.cat(parts)
    theirs.load_state_dict(state)
    return theirs
