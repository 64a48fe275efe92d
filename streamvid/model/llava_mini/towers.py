"""Finds the CLIP vision tower of a checkpoint, and CLIP's other half for search by words."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from streamvid.model.errors import WeightsError
from streamvid.model.llava_mini.checkpoint import Checkpoint, Under
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.pixels import Normalisation
from streamvid.model.llava_mini.retrieval import ClipRetrieval, Retrieval, TowerOnly
from streamvid.model.llava_mini.vision_tower import VisionTower

TOWER = "model.vision_tower.vision_tower.vision_model."
"""Where a full save by the reference's trainer keeps the tower."""
_HEAD_WIDTH = 64  # of every CLIP that there is
_PROJECTION = "visual_projection.weight"


def load_tower(folder: Path, config: LlavaMiniConfig, *, dtype: torch.dtype) -> VisionTower:
    """The vision tower that lies in ``folder``, alone or as half of a CLIP.

    Raises WeightsError where it does not fit ``config``.
    """
    from transformers import CLIPVisionModel

    quiet()
    try:
        model = CLIPVisionModel.from_pretrained(folder, dtype=dtype, local_files_only=True)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise WeightsError(f"cannot read the vision tower in {folder}: {reason}") from error
    return _fitting(model, config, str(folder))


def tower_within(
    tensors: Mapping[str, Tensor], config: LlavaMiniConfig, *, dtype: torch.dtype
) -> VisionTower:
    """The tower that a full save holds itself; its sizes are read off the tensors."""
    from transformers import CLIPVisionConfig, CLIPVisionModel

    quiet()
    own = dict(Under(tensors, TOWER))
    layers = {name.split(".")[2] for name in own if name.startswith("encoder.layers.")}
    try:
        width, _, patch, _ = own["embeddings.patch_embedding.weight"].shape
        places = own["embeddings.position_embedding.weight"].shape[0]
        inner = own["encoder.layers.0.mlp.fc1.weight"].shape[0]
    except KeyError as error:
        raise WeightsError(f"no tensor {TOWER + error.args[0]!r} among the weights") from None
    sizes = CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=len(layers),
        num_attention_heads=max(1, width // _HEAD_WIDTH),
        patch_size=patch,
        image_size=patch * round((places - 1) ** 0.5),
    )
    model: Any = CLIPVisionModel(sizes)
    model.to(dtype)
    missing, _ = model.load_state_dict({n: t.to(dtype) for n, t in own.items()}, strict=False)
    if kept := [name for name in missing if "position_ids" not in name]:
        raise WeightsError(f"no tensor {TOWER + kept[0]!r} among the weights")
    return _fitting(model, config, "the checkpoint")


def load_retrieval(folder: Path, tower: VisionTower) -> Retrieval:
    """CLIP's projections and text tower, if ``folder`` holds them beside the vision tower.

    Otherwise frames are compared with pictures alone, and a search by words says what to add.
    """
    from transformers import AutoTokenizer, CLIPTextModelWithProjection

    advice = (
        f"this model cannot look for words: {folder} holds a vision tower alone; put the whole CLIP"
        " that it comes from there (text model, projections, tokenizer)"
    )
    try:
        projection = Checkpoint(folder).get(_PROJECTION)
    except WeightsError:
        projection = None
    if projection is None:
        return TowerOnly(tower.width, advice)
    try:
        text = CLIPTextModelWithProjection.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError):
        return TowerOnly(tower.width, advice)
    return ClipRetrieval(projection.float(), text, tokenizer)


def read_normalisation(folder: Path) -> Normalisation:
    """Mean and deviation of ``folder``'s preprocessor; CLIP's where it has none."""
    path = folder / "preprocessor_config.json"
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        return Normalisation(tuple(fields["image_mean"]), tuple(fields["image_std"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Normalisation()


def quiet() -> None:
    """transformers reports every loading on the terminal; progress is ours to show."""
    import transformers

    hide_bars: Any = transformers.utils.logging.disable_progress_bar
    hide_bars()
    logging.getLogger("transformers").setLevel(logging.ERROR)


def _fitting(model: Any, config: LlavaMiniConfig, where: str) -> VisionTower:
    width = model.config.hidden_size
    if width != config.vision_width:
        raise WeightsError(
            f"the vision tower in {where} is {width} wide;"
            f" config.json wants mm_hidden_size {config.vision_width}"
        )
    try:
        return VisionTower(model, config.vision_layer)
    except ValueError as error:
        raise WeightsError(f"mm_vision_select_layer does not fit: {error}") from None
