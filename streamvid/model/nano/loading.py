"""Loads nano: packaged weights, trained weights, and the precision that pays on this machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from streamvid.model.errors import WeightsError
from streamvid.model.llama import (
    LanguageModel,
    LlamaConfig,
    LlamaStack,
    Precision,
    PrecisionName,
    choose_precision,
)
from streamvid.model.llama.precision import named_precision
from streamvid.model.micro_batches import MicroBatches
from streamvid.model.nano.frames import FrameEncoder, build_vision
from streamvid.model.nano.language_weights import converted_folder
from streamvid.model.nano.merged import load_merged
from streamvid.model.nano.model import FrameSide, NanoModel, NanoParts, SideName
from streamvid.model.nano.packages import EFFICIENTNET_LITE2, MINILM, SMOLLM2
from streamvid.model.nano.prefusion import FusionGate
from streamvid.model.nano.prompt import Prompt
from streamvid.model.nano.sentence_encoder import SentenceEncoder
from streamvid.model.nano.tower import load_tower
from streamvid.model.nano.trained import (
    PREFUSION_LAYERS,
    digest_files,
    load_vision,
    packaged_folder,
)

TRAINED_VIEW_TOKENS = 1024
ENCODE_BATCH = 16


def load_nano(
    *,
    cache: Path,
    weights: Path | None = None,
    language_folder: Path | None = None,
    precision: PrecisionName = "auto",
    say: Callable[[str], None] = lambda line: None,
) -> NanoModel:
    """The nano model, ready.

    ``cache`` keeps the converted language model and what was measured of this machine; ``weights``
    holds trained weights other than the packaged ones, and ``language_folder`` the base that they
    were trained on, where it is not the packaged SmolLM2. ``say`` gets progress lines of the first
    start. Raises WeightsError where a package or file is missing or is not the expected one.
    """
    folder = weights or packaged_folder()
    language_folder = language_folder or converted_folder(SMOLLM2, cache, say=say)
    config = LlamaConfig.from_json(json.loads((language_folder / "config.json").read_text()))
    language, prefusion = load_merged(language_folder, folder, cache, say=say)
    trained = load_vision(folder)
    chosen = choose_precision(
        precision,
        cache_dir=cache,
        width=config.hidden_size,
        inner_width=config.intermediate_size,
    )
    rms = float(language["model.embed_tokens.weight"].float().pow(2).mean().sqrt())
    EFFICIENTNET_LITE2.verify()

    def load_side(name: SideName) -> FrameSide:
        _, again = load_merged(language_folder, folder, cache)
        return _side(config, load_vision(folder), again, named_precision(name), rms)

    return NanoModel(
        NanoParts(
            prompt=Prompt(language_folder),
            side=_side(config, trained, prefusion, chosen, rms),
            load_side=load_side,
            text_gate=_gate(trained, "text_gate.", rms),
            vision_gate=_gate(trained, "vision_gate.", rms),
            language=LanguageModel.from_tensors(config, language, chosen),
            sentences=lambda: SentenceEncoder(MINILM.locate().parent),
            digest=_digest(digest_files(folder)),
            trained_view_tokens=TRAINED_VIEW_TOKENS,
            micro_batches=MicroBatches(ENCODE_BATCH, say=say),
        )
    )


def _side(
    config: LlamaConfig,
    trained: dict[str, Tensor],
    prefusion: dict[str, Tensor],
    chosen: Precision,
    embedding_rms: float,
) -> FrameSide:
    tower = load_tower(EFFICIENTNET_LITE2.locate())
    vision = build_vision(tower, trained, width=config.hidden_size, embedding_rms=embedding_rms)
    return FrameSide(
        # What the prefill pays for, the vision side pays for too: both are large products.
        FrameEncoder(
            tower, vision, dtype=torch.float32 if chosen.prefill == "fp32" else torch.bfloat16
        ),
        LlamaStack.from_tensors(
            config.with_layers(PREFUSION_LAYERS),
            prefusion,
            # It never decodes, so it needs no copy of its weights for that.
            chosen.for_prefill,
        ),
    )


def _gate(tensors: dict[str, Tensor], prefix: str, rms: float) -> FusionGate:
    own = {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
    if not own:
        raise WeightsError(f"trained weights lack {prefix}*; install streamvid again")
    gate = FusionGate(own["linear.weight"].shape[0], embedding_rms=rms)
    gate.load_state_dict(own)
    return gate.eval().requires_grad_(requires_grad=False)


def _digest(trained: str) -> str:
    packaged = (SMOLLM2.sha256_16, EFFICIENTNET_LITE2.sha256_16, MINILM.sha256_16)
    return hashlib.sha256(repr((trained, packaged)).encode()).hexdigest()
