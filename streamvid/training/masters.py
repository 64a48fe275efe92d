"""Float32 masters of a network that computes in bf16, and the optimiser over them.

Casting weights and activations at every product (autocast) took a third of a training step. So the
network itself is bf16, its gradients too; what is added up over thousands of steps is fp32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters, by name, that share a rate and a weight decay."""

    names: Sequence[str]
    rate: float
    weight_decay: float


class Masters:
    """Float32 copies of all trainable parameters of ``network``, which then becomes ``dtype``."""

    def __init__(
        self, network: nn.Module, names: Sequence[str], *, dtype: torch.dtype = torch.bfloat16
    ) -> None:
        parameters = dict(network.named_parameters())
        self.tensors = {name: parameters[name].detach().float().clone() for name in names}
        network.to(dtype)
        self._parameters = {name: parameters[name] for name in names}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take values from a checkpoint."""
        for name, tensor in tensors.items():
            self.tensors[name].copy_(tensor)
        self._publish(tensors)

    def optimizer(self, groups: Sequence[Group]) -> torch.optim.AdamW:
        """AdamW over the masters of ``groups``; every other parameter is frozen."""
        active = {name for group in groups for name in group.names}
        for name, parameter in self._parameters.items():
            parameter.requires_grad_(name in active)
        return torch.optim.AdamW(
            [
                {
                    "params": [self.tensors[name] for name in group.names],
                    "names": list(group.names),
                    "lr": group.rate,
                    "base": group.rate,
                    "weight_decay": group.weight_decay,
                }
                for group in groups
                if group.names
            ],
            betas=(0.9, 0.98),
            fused=True,
        )

    def step(self, optimizer: torch.optim.Optimizer, *, clip: float) -> float:
        """Move gradients to the masters, clip, step, copy back. Gives the gradient's norm."""
        moved: list[str] = []
        for group in optimizer.param_groups:
            for name in group["names"]:
                gradient = self._parameters[name].grad
                if gradient is not None:
                    self.tensors[name].grad = gradient.float()
                    moved.append(name)
        norm = torch.nn.utils.clip_grad_norm_([self.tensors[name] for name in moved], clip)
        optimizer.step()
        for name in moved:
            self.tensors[name].grad = None
            self._parameters[name].grad = None
        self._publish(moved)
        return float(norm)

    def _publish(self, names: Any) -> None:
        with torch.no_grad():
            for name in names:
                self._parameters[name].copy_(self.tensors[name])
