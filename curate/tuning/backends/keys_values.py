"""The keys and values that a decoder keeps of tokens, as rows of a prefix."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

__all__ = ["KeysValues", "sliding_layers"]


class KeysValues:
    """What the layers of a model keep of `ids`: `rows` of shape [n, layers, 2, heads, head size].

    Heads are those of keys and values, fewer than those of queries where several share one; they
    are read from the cache, since configurations name them in many ways.

    Raises:
        ValueError: layers keep something else than keys and values of one shape.
    """

    def __init__(self, model: "PreTrainedModel", ids: list[int]) -> None:
        import torch
        from transformers import DynamicCache

        from curate.tuning.places import one_block

        layers = model.config.get_text_config(decoder=True).num_hidden_layers
        if model.device.type == "meta":  # only the shapes are asked for
            one, _ = one_block(model)
            rows = KeysValues(one, [0] * len(ids)).rows
            self._keep(rows.expand(-1, layers, -1, -1, -1))
            return
        cache = DynamicCache()
        was_training = model.training
        try:
            with torch.no_grad():
                tokens = torch.tensor([ids], device=model.device)
                model.eval()(input_ids=tokens, past_key_values=cache, use_cache=True)
        finally:
            model.train(was_training)
        self._keep(_rows(cache, layers))

    def _keep(self, rows: "torch.Tensor") -> None:
        self.rows = rows
        _, self.layers, _, self.heads, self.head_size = self.rows.shape


def _rows(cache: object, layers: int) -> "torch.Tensor":
    import torch

    kept = [
        (getattr(layer, "keys", None), getattr(layer, "values", None))
        for layer in getattr(cache, "layers", [])
    ]
    tensors = [tensor for pair in kept for tensor in pair if tensor is not None]
    shapes = {tuple(tensor.shape) for tensor in tensors}
    if len(tensors) != 2 * layers or len(shapes) != 1:
        raise ValueError(
            f"a prefix needs keys and values of one shape in each of {layers} layers; the cache "
            f"has {len(tensors) // 2} layers of shapes {sorted(shapes)}"
        )
    stacked = torch.stack([tensor[0] for tensor in tensors])  # [2 * layers, heads, n, head size]
    return stacked.permute(2, 0, 1, 3).unflatten(1, (layers, 2))


def sliding_layers(model: "PreTrainedModel") -> tuple[int, int]:
    """Return how many layers look back over a window only, and its size in tokens."""
    from transformers import DynamicCache

    config = model.config.get_text_config(decoder=True)
    layers = DynamicCache(config=config).layers
    sliding = [layer for layer in layers if getattr(layer, "is_sliding", False)]
    return len(sliding), int(config.sliding_window) if sliding else 0
