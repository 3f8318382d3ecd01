"""Optimisers and schedules. Called by `trainer.loop`.

Written here because building a `torch.optim` optimiser imports torch._dynamo: a second before the first step. Tests
hold AdamW and gradient descent equal to torch's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from trainer.models.base import Model
from trainer.spec import RunSpec

# Polar Express (Amsel et al. 2025): an odd polynomial a x + b x³ + c x⁵ a step, each the best for what those before it
# leave. These three bring singular values between 0.01 and 1 to between 0.73 and 1.27.
POLAR_EXPRESS = (
    (8.093368512548258, -23.620430328824273, 17.446151749836247),
    (3.636585554259041, -2.721926746608908, 0.5365462883273613),
    (2.661299985777099, -1.9771545218846254, 0.452616406996401),
)

MUON_MOMENTUM = 0.85
ADAM_MOMENTUM = 0.9
HEAVY_BALL_MOMENTUM = 0.9
"""Where a spec leaves momentum at 0."""

MUON_ADAM_RATE = 0.8
"""Rate of embedding and head in units of Muon's rate: 0.024 at 0.03."""


def rate_factor(schedule: str, step: int, steps: int, warmup: int) -> float:
    """Share of the peak rate at `step` (the first is 0) of `steps`: climbs through `warmup` steps, then falls."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    share = (step - warmup) / max(1, steps - warmup)
    if schedule == "linear":
        return 1 - share
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * share))
    return 1.0


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), one fused call for all tensors."""

    def __init__(
        self, params: Iterable[nn.Parameter], *, betas: tuple[float, float], weight_decay: float, eps: float = 1e-8
    ) -> None:
        self.params = list(params)
        self.betas, self.weight_decay, self.eps = betas, weight_decay, eps
        self.first = [torch.zeros_like(param) for param in self.params]
        self.second = [torch.zeros_like(param) for param in self.params]
        self.steps = [torch.zeros((), device=param.device) for param in self.params]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Update every parameter from its gradient."""
        for step in self.steps:
            step += 1
        torch._fused_adamw_(
            list[Tensor](self.params),
            [grad_of(param) for param in self.params],
            self.first,
            self.second,
            [],
            self.steps,
            lr=rate,
            beta1=self.betas[0],
            beta2=self.betas[1],
            weight_decay=self.weight_decay,
            eps=self.eps,
            amsgrad=False,
            maximize=False,
        )

    def state(self) -> dict[str, Tensor]:
        """The tensors themselves, by name: read them to store, write into them to restore."""
        named = {"first": self.first, "second": self.second, "steps": self.steps}
        return {f"{name}.{i}": tensor for name, tensors in named.items() for i, tensor in enumerate(tensors)}


class Sgd:
    """Gradient descent, with heavy-ball momentum (Polyak 1964) where `momentum` is not 0; weight decay is decoupled."""

    def __init__(self, params: Iterable[nn.Parameter], *, momentum: float, weight_decay: float) -> None:
        self.params = list(params)
        self.momentum, self.weight_decay = momentum, weight_decay
        self.velocity = [torch.zeros_like(param) for param in self.params] if momentum else []

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Update every parameter from its gradient."""
        grads = [grad_of(param) for param in self.params]
        if self.momentum:
            torch._foreach_mul_(self.velocity, self.momentum)
            torch._foreach_add_(self.velocity, grads)
            grads = self.velocity
        weights = list[Tensor](self.params)
        if self.weight_decay:
            torch._foreach_mul_(weights, 1 - rate * self.weight_decay)
        torch._foreach_add_(weights, grads, alpha=-rate)

    def state(self) -> dict[str, Tensor]:
        """As `AdamW.state`."""
        return {f"velocity.{i}": tensor for i, tensor in enumerate(self.velocity)}


class Muon:
    """Momentum, then the nearest orthogonal matrix (Jordan et al. 2024): every direction gets the same step.

    Takes weights with the number of equal matrices stacked in each: queries, keys and values in one (3C, C) are three.
    Matrices of one shape are handled as one batch, a wide matrix as its transpose. `dtype` is that of the products.
    """

    def __init__(
        self,
        weights: Iterable[tuple[nn.Parameter, int]],
        *,
        momentum: float,
        weight_decay: float,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.momentum, self.weight_decay, self.dtype = momentum, weight_decay, dtype
        self.groups: dict[tuple[int, int], list[tuple[nn.Parameter, int]]] = {}
        for param, parts in weights:
            _, tall, wide = _as_batch(param, parts).shape
            self.groups.setdefault((tall, wide), []).append((param, parts))
        self.moments = {
            shape: torch.cat([_as_batch(torch.zeros_like(param), parts) for param, parts in group])
            for shape, group in self.groups.items()
        }

    @property
    def params(self) -> list[nn.Parameter]:
        """All that it trains."""
        return [param for group in self.groups.values() for param, _ in group]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Update every matrix from its gradient."""
        for shape, group in self.groups.items():
            moment = self.moments[shape]  # (N, tall, wide)
            grad = torch.cat([_as_batch(grad_of(param), parts) for param, parts in group])  # (N, tall, wide)
            moment.lerp_(grad, 1 - self.momentum)
            update = orthogonalise(grad.lerp_(moment, self.momentum), self.dtype)  # Nesterov: look ahead
            used = 0
            for param, parts in group:
                if self.weight_decay:
                    param.mul_(1 - rate * self.weight_decay)
                _as_batch(param, parts).sub_(update[used : used + parts], alpha=rate * math.sqrt(shape[0] / shape[1]))
                used += parts

    def state(self) -> dict[str, Tensor]:
        """As `AdamW.state`."""
        return {f"moment.{tall}x{wide}": tensor for (tall, wide), tensor in self.moments.items()}


class Optimizer:
    """What a spec asks for: one method on everything, or Muon on the hidden matrices with Adam on all else.

    Parameters that ask for no gradient stay as they are.
    """

    def __init__(self, model: Model, spec: RunSpec) -> None:
        self.spec = spec
        self.muon: Muon | None = None
        self.rest_share = 1.0
        self.rest: AdamW | Sgd
        params = [param for param in model.parameters() if param.requires_grad]
        decay = spec.weight_decay
        if spec.optimizer == "muon":
            # A matrix under LoRA is computed from others, no leaf any more: those are tables for Adam.
            hidden = [(weight, n) for weight, n in model.hidden_matrices() if weight.is_leaf and weight.requires_grad]
            dtype = torch.bfloat16 if spec.lowered else torch.float32
            self.muon = Muon(hidden, momentum=spec.momentum or MUON_MOMENTUM, weight_decay=decay, dtype=dtype)
            trained = {id(param) for param in self.muon.params}
            params = [param for param in params if id(param) not in trained]
            self.rest = AdamW(params, betas=(0.8, 0.95), weight_decay=decay)
            self.rest_share = spec.embedding_rate / spec.learning_rate or MUON_ADAM_RATE
        elif spec.optimizer == "adamw":
            self.rest = AdamW(params, betas=(spec.momentum or ADAM_MOMENTUM, 0.95), weight_decay=decay)
        elif spec.optimizer == "momentum":
            self.rest = Sgd(params, momentum=spec.momentum or HEAVY_BALL_MOMENTUM, weight_decay=decay)
        else:
            self.rest = Sgd(params, momentum=0.0, weight_decay=decay)

    def rate(self, step: int) -> float:
        """Learning rate of the hidden matrices at `step` (the first is 0)."""
        factor = rate_factor(self.spec.schedule, step, self.spec.steps, self.spec.warmup)
        return self.spec.learning_rate * factor

    def step(self, rate: float) -> None:
        """Update the whole model."""
        if self.muon:
            self.muon.step(rate)
        self.rest.step(rate * self.rest_share)

    def state(self) -> dict[str, Tensor]:
        """As `AdamW.state`."""
        muon = self.muon.state() if self.muon else {}
        return {f"rest.{name}": value for name, value in self.rest.state().items()} | {
            f"muon.{name}": value for name, value in muon.items()
        }


def orthogonalise(matrices: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Bring the singular values of each (N, tall, wide) matrix near 1 and keep its directions."""
    x: Tensor = (matrices / (torch.linalg.matrix_norm(matrices, keepdim=True) * 1.02 + 1e-6)).to(dtype)
    for a, b, c in POLAR_EXPRESS:
        gram = x.mT @ x  # (N, wide, wide), the smaller side
        x = torch.baddbmm(x, x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), beta=a)
    return x


@torch.no_grad()
def clip_gradients(params: Sequence[nn.Parameter], limit: float) -> float:
    """Norm of the whole gradient; scaled down to `limit` where larger and limit > 0. Frozen parameters have none."""
    grads = [grad_of(param) for param in params if param.requires_grad]
    norm = float(torch.stack(torch._foreach_norm(grads)).norm())
    if 0 < limit < norm < math.inf:
        torch._foreach_mul_(grads, limit / norm)
    return norm


def grad_of(param: nn.Parameter) -> Tensor:
    """Its gradient, which must be there."""
    if param.grad is None:
        raise ValueError("a parameter took no part in the loss")
    return param.grad


def _as_batch(matrix: Tensor, parts: int) -> Tensor:
    """A view of `parts` stacked matrices as (parts, tall, wide)."""
    stacked = matrix.view(parts, -1, matrix.shape[1])
    return stacked.mT if stacked.shape[1] < stacked.shape[2] else stacked
