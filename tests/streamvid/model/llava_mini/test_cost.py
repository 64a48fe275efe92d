"""Reckoned FLOPs and bytes against torch's own counter and the tensors themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from streamvid.model.llama import Precision
from streamvid.model.llava_mini.checkpoint import Checkpoint
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.core import LlavaMini
from streamvid.model.llava_mini.cost import (
    CLIP_L_336,
    Work,
    context_tokens,
    costs,
    total_flops,
    tower_shape,
    uncompressed_flops,
)
from streamvid.model.llava_mini.known_configs import KNOWN_CONFIGS
from streamvid.model.llava_mini.loading import expected_shapes, load_core
from tests.streamvid.model.llava_mini.tiny_checkpoint import TOWER, write_checkpoint

VARIANTS = [
    {"compressor_size": 1},
    {"compressor_size": 2, "prefusion_layers": 4},
    {"compressor_size": 3, "prefusion_layers": 0},
    {"compressor_size": 2, "resolution_ratio": 2},
    {"compressor_size": 2, "compression": "average"},
]
TEXT_TOKENS = 11


@pytest.fixture(params=VARIANTS, ids=lambda v: "-".join(f"{k}{n}" for k, n in v.items()))
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path, **request.param)


def counted(core: LlavaMini, work: Work) -> dict[str, int]:
    """What torch counts of each component, with attention that it can see."""
    side, counts = core.vision.tower.image_px, {}
    pixels = torch.zeros(work.frames, work.parts, 3, side, side)
    text = core.text([5] * work.text_tokens)

    def of(name: str, run):
        with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
            found = run()
        counts[name] = counter.get_total_flops()
        return found

    flat = of("vision tower", lambda: core.vision.tower.features(pixels.flatten(0, 1)))
    features = flat.view(work.frames, work.parts, *flat.shape[1:])
    seen = of("both", lambda: core.vision.project(features))
    fused = core.prefusion.fuse(seen, text)
    texts = text.embeddings.expand(work.frames, -1, -1)
    sequence = torch.cat((seen.sequence(), texts), dim=1)
    stack = core.prefusion._stack
    # All outputs of the last layer, as the reference computes them; ``fuse`` itself saves those of
    # the patches.
    of("pre-fusion", lambda: None if stack is None else stack.run_frames(sequence))
    inputs = torch.cat((fused.tokens.flatten(0, 1), fused.text.mean(0)))
    of(
        "language model",
        lambda: core.language.logits_of_all(inputs, core.language.new_cache()),
    )
    return counts


def test_flops_are_those_that_torch_counts(folder: Path) -> None:
    precision = Precision("fp32", "fp32")
    core = load_core(folder, tower_folder=folder.parent / TOWER, precision=precision)
    fields = json.loads((folder.parent / TOWER / "config.json").read_text())
    tower = tower_shape(fields, core.config.vision_layer)
    ratio = core.config.resolution_ratio
    work = Work(frames=2, parts=1 if ratio == 1 else ratio**2 + 1, text_tokens=TEXT_TOKENS)
    mine = {part.name: part for part in costs(core.config, tower, work)}
    theirs = counted(core, work)
    assert mine["vision tower"].flops == theirs["vision tower"]
    assert mine["compressor"].flops + mine["projector"].flops == theirs["both"]
    assert mine["pre-fusion"].flops == theirs["pre-fusion"]
    assert mine["language model"].flops == theirs["language model"]
    assert context_tokens(core.config, work) == 2 * core.config.tokens_per_frame + TEXT_TOKENS


def test_weights_are_the_checkpoints(folder: Path) -> None:
    config = LlavaMiniConfig.read(folder)
    fields = json.loads((folder.parent / TOWER / "config.json").read_text())
    tower = tower_shape(fields, config.vision_layer)
    parts = {part.name: part for part in costs(config, tower, Work())}
    own = sum(one.numel() for one in Checkpoint(folder).values())
    clip = Checkpoint(folder.parent / TOWER)
    vision = sum(
        t.numel() for n, t in clip.items() if "vision_model" in n and "position_ids" not in n
    )
    assert parts["vision tower"].weight_bytes == 2 * vision
    rest = sum(part.weight_bytes for part in parts.values()) - 2 * vision
    assert rest == 2 * own


def test_the_papers_totals() -> None:
    """Vicuna-7B with 40 tokens of text: LLaVA-Mini's 1.96 T, and the compressor's 2.42 G."""
    config, work = KNOWN_CONFIGS["llava-mini-vicuna-7b"], Work(text_tokens=40)
    parts = costs(config, CLIP_L_336, work)
    assert total_flops(parts) == pytest.approx(1.96e12, rel=0.005)
    assert parts[1].flops == pytest.approx(2.42e9, rel=0.005)
    assert uncompressed_flops(config, CLIP_L_336, work) == pytest.approx(8.55e12, rel=0.03)


def test_the_8b_configuration_is_that_of_its_names() -> None:
    shapes = expected_shapes(KNOWN_CONFIGS["llava-mini-llama-3.1-8b"])
    assert len(shapes) == 341
    assert sum(torch.Size(shape).numel() for shape in shapes.values()) == 8_927_893_504


def test_nf4_weighs_about_four_bits() -> None:
    config = KNOWN_CONFIGS["llava-mini-llama-3.1-8b"]
    full, small = (
        next(p for p in costs(config, CLIP_L_336, Work(), quantized=q) if p.name == "pre-fusion")
        for q in (False, True)
    )
    assert small.weight_bytes / full.weight_bytes == pytest.approx(4.127 / 16, rel=0.01)
