"""Our models in the words of the `transformers` library. Called by `trainer.export.hub`.

- decoder, layer norm, positions from a table or none: GPT-2 (Radford et al. 2019)
- decoder, layer norm, rotary positions: GPT-NeoX (Black et al. 2022)
- decoder, RMS norm, rotary positions: Llama (Touvron et al. 2023)
- encoder, layer norm, rotary positions: ModernBERT (Warner et al. 2024)

What these have and ours do not is filled in so that it changes nothing: gains of 1, biases of 0, gates that are open.

Letters: C width, H heads, D head size, F feed-forward width, V vocabulary, T positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from trainer.models.base import Model
from trainer.models.config import ModelConfig
from trainer.models.layers import ROTARY_BASE, norm, sinusoidal_table

LAYER_EPS = 1e-5
RMS_EPS = torch.finfo(torch.float32).eps
"""What torch adds to the variance where nobody says anything."""

Weights = dict[str, Tensor]


class NotExportableError(ValueError):
    """`transformers` has no class for a model. `field`, `value` and `needed` say which switch stands in the way."""

    def __init__(self, field: str, value: object, needed: str) -> None:
        self.field, self.value, self.needed = field, value, needed
        super().__init__(f"transformers has no such model: {field} is {value!r}, and would have to be {needed}")


class Translated(NamedTuple):
    """A model as `transformers` knows it."""

    architecture: str
    config: dict[str, Any]
    weights: Weights


def translated(model: Model, labels: Sequence[str]) -> Translated:
    """The same model for `transformers`. Raises NotExportableError."""
    config = model.config
    check(config)
    weights = {name: tensor.detach().float() for name, tensor in model.state_dict().items()}
    head = weights.get("head", weights["embedding"])
    shared: dict[str, Any] = {"vocab_size": config.vocab_size, "tie_word_embeddings": False}
    if labels:
        shared["id2label"] = {str(i): label for i, label in enumerate(labels)}
        shared["label2id"] = {label: i for i, label in enumerate(labels)}
    found = translation(config)(config, weights, head)
    return found._replace(config=shared | found.config)


def check(config: ModelConfig) -> None:
    """Raise NotExportableError for what no class has."""
    encoder = config.family == "encoder"
    needs = [
        ("family", config.family in ("gpt", "encoder"), "gpt or encoder"),
        ("norm_place", config.norm_place == "before", "before"),
        ("residual", config.residual, "on"),
        ("lookback", config.lookback == 0, "0"),
        ("causal", config.causal or encoder, "on"),
        ("positions", config.positions == "rotary" or not encoder, "rotary"),
        ("norm", config.norm == "layer" or (config.positions == "rotary" and not encoder), "layer"),
        # Small embeddings keep a variance below 1 when they are normalised; there the first layer does not do so again.
        ("tied", not (config.tied and encoder), "off"),
        ("pool", config.pool == "none" or not encoder, "none: the library normalises after pooling, we do before"),
        ("n_outputs", encoder or config.pool == "last" or config.n_outputs == config.vocab_size, "the vocabulary"),
    ]
    for field, sound, needed in needs:
        if not sound:
            raise NotExportableError(field, getattr(config, field), needed)


def translation(config: ModelConfig) -> Callable[[ModelConfig, Weights, Tensor], Translated]:
    """Who translates models of this kind."""
    if config.family == "encoder":
        return modernbert
    if config.positions != "rotary":
        return gpt2
    return gpt_neox if config.norm == "layer" else llama


def gpt2(config: ModelConfig, weights: Weights, head: Tensor) -> Translated:
    """GPT-2 has its matrices the other way round, and a table of positions in any case."""
    labelled = config.pool == "last"
    found = {
        "transformer.wte.weight": norm(weights["embedding"], config.norm),
        "transformer.wpe.weight": position_table(config, weights),
        **unit_norm("transformer.ln_f", config),
        "score.weight" if labelled else "lm_head.weight": head,
    }
    for ours, theirs in layers(config, "transformer.h"):
        found |= unit_norm(f"{theirs}.ln_1", config) | unit_norm(f"{theirs}.ln_2", config)
        for name, part in {
            "attn.c_attn": "attention.qkv",
            "attn.c_proj": "attention.proj",
            "mlp.c_fc": "feed_forward.up",
            "mlp.c_proj": "feed_forward.down",
        }.items():
            matrix = weights[f"{ours}.{part}"]
            found[f"{theirs}.{name}.weight"] = matrix.T
            found[f"{theirs}.{name}.bias"] = torch.zeros(len(matrix))
    shape = {
        "model_type": "gpt2",
        "n_positions": config.context,
        "n_embd": config.d_model,
        "n_layer": config.n_layers,
        "n_head": config.n_heads,
        "n_inner": config.d_ff,
        "activation_function": config.activation,
        "layer_norm_epsilon": LAYER_EPS,
        "resid_pdrop": config.dropout,
        "embd_pdrop": config.dropout,
        "attn_pdrop": 0.0,
    }
    return Translated("GPT2ForSequenceClassification" if labelled else "GPT2LMHeadModel", shape, found)


def gpt_neox(config: ModelConfig, weights: Weights, head: Tensor) -> Translated:
    """GPT-NeoX keeps query, key and value of a head together."""
    C, H = config.d_model, config.n_heads
    labelled = config.pool == "last"
    found = {
        "gpt_neox.embed_in.weight": norm(weights["embedding"], config.norm),
        **unit_norm("gpt_neox.final_layer_norm", config),
        "score.weight" if labelled else "lm_head.weight": head,
    }
    for ours, theirs in layers(config, "gpt_neox.layers"):
        q, k, v = halved(weights[f"{ours}.attention.qkv"], config)  # each (H, D, C)
        found |= unit_norm(f"{theirs}.input_layernorm", config)
        found |= unit_norm(f"{theirs}.post_attention_layernorm", config)
        for name, matrix in {
            "attention.query_key_value": torch.stack((q, k, v), dim=1).reshape(3 * C, C),  # from (H, 3, D, C)
            "attention.dense": weights[f"{ours}.attention.proj"],
            "mlp.dense_h_to_4h": weights[f"{ours}.feed_forward.up"],
            "mlp.dense_4h_to_h": weights[f"{ours}.feed_forward.down"],
        }.items():
            found[f"{theirs}.{name}.weight"] = matrix
            found[f"{theirs}.{name}.bias"] = torch.zeros(len(matrix))
    shape = {
        "model_type": "gpt_neox",
        "max_position_embeddings": config.context,
        "hidden_size": C,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": H,
        "intermediate_size": config.d_ff,
        "hidden_act": config.activation,
        "layer_norm_eps": LAYER_EPS,
        "hidden_dropout": config.dropout,
        "attention_dropout": 0.0,
        "use_parallel_residual": False,
        "rope_parameters": rotary() | {"partial_rotary_factor": 1.0},
    }
    return Translated(f"GPTNeoXFor{'SequenceClassification' if labelled else 'CausalLM'}", shape, found)


def llama(config: ModelConfig, weights: Weights, head: Tensor) -> Translated:
    """Llama multiplies the feed-forward layer with a gate: see `gated`."""
    C = config.d_model
    labelled = config.pool == "last"
    found = {
        "model.embed_tokens.weight": norm(weights["embedding"], config.norm),
        **unit_norm("model.norm", config),
        "score.weight" if labelled else "lm_head.weight": head,
    }
    for ours, theirs in layers(config, "model.layers"):
        found |= unit_norm(f"{theirs}.input_layernorm", config)
        found |= unit_norm(f"{theirs}.post_attention_layernorm", config)
        parts = halved(weights[f"{ours}.attention.qkv"], config)  # each (H, D, C)
        for name, part in zip("qkv", parts, strict=True):
            found[f"{theirs}.self_attn.{name}_proj.weight"] = part.reshape(C, C)
        found[f"{theirs}.self_attn.o_proj.weight"] = weights[f"{ours}.attention.proj"]
        bent, gate = gated(config, weights[f"{ours}.feed_forward.up"])
        found |= named(f"{theirs}.mlp.gate_proj", bent) | named(f"{theirs}.mlp.up_proj", gate)
        down = weights[f"{ours}.feed_forward.down"]
        found |= named(f"{theirs}.mlp.down_proj", (down, None if bent[1] is None else torch.zeros(C)))
    shape = {
        "model_type": "llama",
        "max_position_embeddings": config.context,
        "hidden_size": C,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_heads,
        "intermediate_size": config.d_ff,
        "hidden_act": gated_activation(config),
        "mlp_bias": config.activation != "relu2",
        "attention_bias": False,
        "rms_norm_eps": RMS_EPS,
        "rope_parameters": rotary(),
    }
    return Translated(f"LlamaFor{'SequenceClassification' if labelled else 'CausalLM'}", shape, found)


def modernbert(config: ModelConfig, weights: Weights, head: Tensor) -> Translated:
    """ModernBERT normalises embeddings as ours does, has gates as Llama, and one more matrix before the head."""
    C = config.d_model
    tags = config.n_outputs != config.vocab_size
    found = {
        "model.embeddings.tok_embeddings.weight": weights["embedding"],
        "model.embeddings.norm.weight": torch.ones(C),
        "model.final_norm.weight": torch.ones(C),
        "head.dense.weight": torch.eye(C),
        "head.norm.weight": torch.ones(C),  # of what is normalised already
        "classifier.weight" if tags else "decoder.weight": head,
    }
    if tags:
        found["classifier.bias"] = torch.zeros(len(head))
    for i, (ours, theirs) in enumerate(layers(config, "model.layers")):
        if i:  # the first layer reads the embeddings, normalised already
            found[f"{theirs}.attn_norm.weight"] = torch.ones(C)
        found[f"{theirs}.mlp_norm.weight"] = torch.ones(C)
        found[f"{theirs}.attn.Wqkv.weight"] = torch.cat(halved(weights[f"{ours}.attention.qkv"], config)).reshape(-1, C)
        found[f"{theirs}.attn.Wo.weight"] = weights[f"{ours}.attention.proj"]
        bent, gate = gated(config, weights[f"{ours}.feed_forward.up"])
        found[f"{theirs}.mlp.Wi.weight"] = torch.cat((bent[0], gate[0]))
        found[f"{theirs}.mlp.Wo.weight"] = weights[f"{ours}.feed_forward.down"]
        if bent[1] is not None and gate[1] is not None:
            found[f"{theirs}.mlp.Wi.bias"] = torch.cat((bent[1], gate[1]))
            found[f"{theirs}.mlp.Wo.bias"] = torch.zeros(C)
    shape = {
        "model_type": "modernbert",
        "max_position_embeddings": config.context,
        "hidden_size": C,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "intermediate_size": config.d_ff,
        "hidden_activation": gated_activation(config),
        "mlp_bias": config.activation != "relu2",
        "norm_eps": LAYER_EPS,
        "layer_types": ["full_attention"] * config.n_layers,
        "rope_parameters": {"full_attention": rotary()},
        "decoder_bias": False,
        "classifier_activation": "linear",
    }
    return Translated(f"ModernBertFor{'TokenClassification' if tags else 'MaskedLM'}", shape, found)


def layers(config: ModelConfig, prefix: str) -> Iterator[tuple[str, str]]:
    """Our name and theirs of each block."""
    return ((f"blocks.{i}", f"{prefix}.{i}") for i in range(config.n_layers))


def unit_norm(name: str, config: ModelConfig) -> Weights:
    """A norm whose gains and biases change nothing."""
    gains = {f"{name}.weight": torch.ones(config.d_model)}
    return gains | {f"{name}.bias": torch.zeros(config.d_model)} if config.norm == "layer" else gains


def position_table(config: ModelConfig, weights: Weights) -> Tensor:
    """What is added at each position (T, C)."""
    if config.positions == "learned":
        return weights["positions.table"]
    if config.positions == "sinusoidal":
        return sinusoidal_table(config.context, config.d_model)
    return torch.zeros(config.context, config.d_model)


def halved(qkv: Tensor, config: ModelConfig) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values, each (H, D, C). What turns together are neighbours with us, and lies half a head apart
    with them: even rows of queries and keys come first, then odd ones.
    """
    q, k, v = qkv.view(3, config.n_heads, -1, config.d_model)
    return torch.cat((q[:, ::2], q[:, 1::2]), 1), torch.cat((k[:, ::2], k[:, 1::2]), 1), v


def rotary() -> dict[str, Any]:
    """How fast positions turn."""
    return {"rope_type": "default", "rope_theta": ROTARY_BASE}


Affine = tuple[Tensor, Tensor | None]
"""A matrix, and its bias if any."""


def gated(config: ModelConfig, up: Tensor) -> tuple[Affine, Affine]:
    """`bent` and `gate` so that activation(bent(x)) · gate(x) is our activation of up (F, C).

    relu(y)² is relu(y) · y: the gate is the same matrix once more. For others the gate is always 1.
    """
    if config.activation == "relu2":
        return (up, None), (up.clone(), None)
    return (up, torch.zeros(len(up))), (torch.zeros_like(up), torch.ones(len(up)))


def gated_activation(config: ModelConfig) -> str:
    """The activation beside that gate."""
    return "relu" if config.activation == "relu2" else config.activation


def named(name: str, affine: Affine) -> Weights:
    """A matrix and its bias under their names."""
    matrix, bias = affine
    return {f"{name}.weight": matrix} if bias is None else {f"{name}.weight": matrix, f"{name}.bias": bias}
