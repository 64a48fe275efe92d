"""Every golden case of the reference in float32: pixels, each inner tensor, every id."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from streamvid.model.llava_mini.core import LlavaMini
from streamvid.model.llava_mini.frame_choice import one_a_second
from streamvid.model.llava_mini.pixels import Normalisation, reference_frame, reference_picture
from streamvid.model.llava_mini.prefusion import Fused
from streamvid.model.llava_mini.prompt import Prompt
from streamvid.model.llava_mini.reference_inputs import (
    PLACEHOLDER_ID,
    ReferenceInputs,
    reference_inputs,
)
from streamvid.model.llava_mini.vision import SeenFrames
from tests.streamvid.model.llava_mini import golden

INNER, LOGITS, ATTENTION = 1e-4, 5e-4, 1e-5
"""Absolute tolerances in float32, from the golden numbers' own noise."""


@pytest.mark.skipif(not golden.case_names(), reason=f"{golden.VARIABLE} names no golden cases")
@pytest.mark.parametrize("name", [pytest.param(n, id=f"golden-{n}") for n in golden.case_names()])
def test_golden(name: str) -> None:
    case = golden.load_case(name)
    core = golden.model(case.about["model"])
    run = Run(case, core)
    unknown = {golden.base_name(tensor) for tensor in case.tensors} - set(CHECKS) - INPUTS
    assert not unknown, f"no test knows what {sorted(unknown)} are"
    for tensor in case.tensors:
        if (check := CHECKS.get(golden.base_name(tensor))) is not None:
            check(run, tensor)
    prompts = [case.about["prompt"]] if "prompt" in case.about else case.about["prompts"]
    check_prompts(case, prompts)


INPUTS = frozenset(
    {"input_ids", "attention_mask", "pixel_values", "raw_rgb", "raw_frames"}
    # what the reference's batch generates for a shorter row is wrong, so no goal
    | {"generated_ids_ref_batch"}
)


class Run:
    """A case run once: inputs for the language model, and the frames' inner tensors by call.

    A call is one frame of one row, row by row and frame by frame.
    """

    def __init__(self, case: golden.Case, core: LlavaMini) -> None:
        self.case, self.core = case, core
        self.inputs: list[ReferenceInputs] = [
            reference_inputs(core, row.ids, row.pixels, cut_to_tokens=case.cut_to_tokens)
            for row in case.rows
        ]
        self.listed = any(name.startswith("pixel_values.") for name in case.tensors)
        self.frame = case.about.get("frame_of_single_frame_tensors")

    def features(self, row: int) -> Tensor:
        """Tower features [F, P, N, D] of a row."""
        pixels = self.case.rows[row].pixels
        assert pixels is not None
        flat = self.core.vision.tower.features(pixels.flatten(0, 1))
        return flat.unflatten(0, pixels.shape[:2])

    def seen(self, row: int) -> SeenFrames:
        return self.core.vision.project(self.features(row))

    def fused(self, row: int) -> Fused:
        frames = self.inputs[row].frames
        assert frames is not None
        return frames

    def calls(self, of_row: Callable[[int], Tensor]) -> list[Tensor]:
        """Of each call its part of what ``of_row`` gives [F, …] of a row."""
        return [one for row in range(len(self.case.rows)) for one in of_row(row)]

    def named_frame(self, of_row: Callable[[int], Tensor]) -> Tensor:
        """[B, …] of the frame that tensors of a single frame are of; of a list its call alone."""
        if self.listed:
            return self.calls(of_row)[self.frame][None]
        return torch.stack([of_row(row)[self.frame] for row in range(len(self.case.rows))])

    def compressed(self, row: int) -> tuple[Tensor, Tensor]:
        features = self.features(row)
        read = features[:, -1]
        if features.shape[1] > 1:
            from streamvid.model.llava_mini.vision import merge_crops

            read = merge_crops(features[:, :-1])
        return self.core.vision.compressor.attend(read)


def near(mine: Tensor, theirs: Tensor, tolerance: float, name: str) -> None:
    difference = golden.worst(mine, theirs)
    assert difference <= tolerance, f"{name} differs by {difference:.2e}"


def check_tower(run: Run, name: str) -> None:
    mine = run.named_frame(run.features).flatten(0, 1)[None]  # [1, B·P, N, D]
    near(mine, run.case.tensors[name], INNER, name)


def check_compressor_out(run: Run, name: str) -> None:
    mine = run.named_frame(lambda row: run.compressed(row)[0])[None]
    near(mine, run.case.tensors[name], INNER, name)


def check_attention(run: Run, name: str) -> None:
    mine = run.named_frame(lambda row: run.compressed(row)[1])[None]
    near(mine, run.case.tensors[name], ATTENTION, name)


def check_whole(run: Run, name: str) -> None:
    mine = run.named_frame(lambda row: run.core.vision.projector(run.features(row)[:, -1]))[None]
    near(mine, run.case.tensors[name], INNER, name)


def check_parts(run: Run, name: str) -> None:
    mine = run.named_frame(lambda row: run.core.vision.projector(run.features(row)[:, :-1]))[None]
    near(mine, run.case.tensors[name], INNER, name)


def by_call(run: Run, name: str, of_row: Callable[[int], Tensor]) -> None:
    """Compare [F, B, …], or one entry a call of a list; text places of padding are left out."""
    theirs = run.case.tensors[name]
    if name != golden.base_name(name):
        number = int(name.rsplit("call", 1)[1])
        mine = run.calls(of_row)[number]
        near(mine, theirs.reshape(-1, *theirs.shape[-2:])[0][: len(mine)], INNER, name)
        return
    if run.listed:
        for mine, their in zip(run.calls(of_row), theirs[:, 0], strict=True):
            near(mine, their[: len(mine)], INNER, name)
        return
    for row in range(len(run.case.rows)):
        mine = of_row(row)
        near(mine, theirs[:, row, : mine.shape[1]], INNER, name)


def check_projected(run: Run, name: str) -> None:
    by_call(run, name, lambda row: run.seen(row).tokens)


def check_vision_tokens(run: Run, name: str) -> None:
    by_call(run, name, lambda row: run.fused(row).tokens)


def check_fused_text(run: Run, name: str) -> None:
    by_call(run, name, lambda row: run.fused(row).text)


def check_fused_mean(run: Run, name: str) -> None:
    theirs = run.case.tensors[name]
    if run.listed:  # the mean over all calls, comparable where every row has text
        calls = run.calls(lambda row: run.fused(row).text)
        shortest = min(len(call) for call in calls)
        mine = torch.stack([call[:shortest] for call in calls]).mean(0)
        near(mine, theirs[0, :shortest], INNER, name)
        return
    for row in range(len(run.case.rows)):
        mine = run.fused(row).text.mean(0)
        near(mine, theirs[row, : len(mine)], INNER, name)


def check_positions(run: Run, name: str) -> None:
    """We run what takes a position and leave out the rest: theirs must count the same."""
    theirs = run.case.tensors[name]
    for row in range(len(theirs)):
        ids = run.case.rows[row].ids
        before = run.seen(row).sequence().shape[1]
        expected, position = list(range(before)), before
        for one in ids:
            expected.append(position if one > 0 else 1)
            position += one > 0
        assert theirs[row, : len(expected)].tolist() == expected


def check_prefusion_out(run: Run, name: str) -> None:
    """The places of text that take part; what the layers make of the others nobody reads."""
    (row,) = run.case.rows
    theirs, fused = run.case.tensors[name][0], run.fused(0)
    size, text = fused.tokens.shape[1], run.core.text(row.ids)
    before = theirs.shape[0] - len(row.ids)
    near(fused.tokens[0], theirs[before - size : before], INNER, name)
    places = text.fused_places
    near(fused.text[0, places], theirs[before:][places], INNER, name)


def check_inputs(run: Run, name: str) -> None:
    masks = run.case.tensors["llm_attention_mask"].bool()
    for row, inputs in enumerate(run.inputs):
        near(inputs.embeddings, run.case.tensors[name][row][masks[row]], INNER, name)


def check_input_lengths(run: Run, name: str) -> None:
    lengths = run.case.tensors[name].sum(1).tolist()
    assert [len(inputs.embeddings) for inputs in run.inputs] == lengths


def check_logits(run: Run, name: str) -> None:
    start = run.case.about["logits_start"]
    for row, inputs in enumerate(run.inputs):
        mine = run.core.language.logits_of_all(inputs.embeddings, run.core.language.new_cache())[
            start:
        ]
        near(mine, run.case.tensors[name][row][: len(mine)], LOGITS, name)


def check_generated(run: Run, name: str) -> None:
    del name
    most = run.case.about["generation"]["max_new_tokens"]
    for row, inputs in enumerate(run.inputs):
        mine = golden.greedy_ids(run.core, inputs.embeddings, run.case.end_ids, most)
        assert mine == run.case.generated(row)


def check_frame_index(run: Run, name: str) -> None:
    frames = len(run.case.tensors["raw_frames"])
    assert one_a_second(frames, run.case.about["fps"]) == run.case.tensors[name].tolist()


def check_pixels(run: Run, name: str) -> None:
    """From raw pixels, bit by bit; what the network saw is this, rounded to float16."""
    tensors, config = run.case.tensors, run.core.config
    side, ratio = run.core.vision.tower.image_px, config.resolution_ratio
    normalise = Normalisation()
    if "raw_rgb" in tensors:
        pad = config.aspect_ratio == "pad"
        picture = reference_picture(tensors["raw_rgb"].numpy(), side, ratio=ratio, pad=pad)
        mine = normalise(picture)[None]
        used = mine
    else:
        chosen = tensors["frame_index"].tolist()
        frames = [tensors["raw_frames"][number].numpy() for number in chosen]
        used = torch.stack([normalise(reference_frame(f, side, ratio=ratio)) for f in frames])[None]
        mine = used[:, : tensors[name].shape[1]]
    assert torch.equal(mine, tensors[name])
    assert torch.equal(used.half(), tensors["pixel_values"])


CHECKS: dict[str, Callable[[Run, str], None]] = {
    "tower_features": check_tower,
    "compressor_out": check_compressor_out,
    "compressor_attn": check_attention,
    "compressor_proj": check_projected,
    "global_proj": check_whole,
    "parts_proj": check_parts,
    "prefusion_position_ids": check_positions,
    "prefusion_out": check_prefusion_out,
    "vision_tokens": check_vision_tokens,
    "fused_text": check_fused_text,
    "fused_text_mean": check_fused_mean,
    "inputs_embeds": check_inputs,
    "llm_attention_mask": check_input_lengths,
    "logits": check_logits,
    "generated_ids": check_generated,
    "frame_index": check_frame_index,
    "pixel_values_float32": check_pixels,
}


def check_prompts(case: golden.Case, prompts: list[str]) -> None:
    """The ids are those of the prompt as its text is tokenised."""
    prompt = Prompt(golden.folder() / "models" / case.about["model"])
    for text, row in zip(prompts, case.rows, strict=True):
        assert prompt.ids_of(text) == row.ids
        assert row.ids.count(PLACEHOLDER_ID) == text.count("<image>")
