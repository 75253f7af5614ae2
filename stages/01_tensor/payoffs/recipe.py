"""Ask a number how it was made."""

from tinytorch import Tensor


def tree(tensor, seen, indent=""):
    """Print the operation behind a tensor, then, indented, what went into it."""
    if tensor in seen:
        print(f"{indent}the very same {tensor.recipe.op.name} again")
        return
    seen.add(tensor)
    if tensor.recipe is None:
        print(f"{indent}given, shape {tensor.shape}{', wants a gradient' * tensor.requires_grad}")
        return
    params = {k: v for k, v in tensor.recipe.params.items() if v not in (None, False)}
    print(f"{indent}{tensor.recipe.op.name} {params or ''}-> shape {tensor.shape}")
    for value in tensor.recipe.inputs:
        if isinstance(value, Tensor):
            tree(value, seen, indent + "   ")
        else:
            print(f"{indent}   the number {value}")


houses = Tensor([[1.0, 2.0], [2.0, 1.0], [3.0, 3.0]])  # rooms, floors
prices = Tensor([3.0, 4.0, 7.0])
weight = Tensor([1.0, 1.0], requires_grad=True)
error = houses @ weight - prices
loss = (error * error).mean()
print(f"loss = {loss.item():.4f}. How did you come about?")
tree(loss, set())
print("Nothing here knows what a gradient is. Stage 05 will walk this way back.")
