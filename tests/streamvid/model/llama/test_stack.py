from __future__ import annotations

import pytest
import torch

from streamvid.model.errors import WeightsError
from streamvid.model.llama import FrameStates, LlamaStack, Precision

# bf16 products over three layers of a residual stream of about 5; fp32 differs by summation order.
TOLERANCE = {"fp32": 2e-4, "bf16": 0.25}


@pytest.fixture(params=["fp32", "bf16"])
def precision(request) -> Precision:
    return Precision(request.param, request.param)


@pytest.fixture
def stack(config, tensors, precision) -> LlamaStack:
    return LlamaStack.from_tensors(config, tensors, precision)


@pytest.fixture
def close(precision):
    def check(found: torch.Tensor, expected: torch.Tensor) -> None:
        torch.testing.assert_close(found, expected, atol=TOLERANCE[precision.prefill], rtol=0)

    return check


@torch.inference_mode()
def test_frames_side_by_side_equal_one_by_one(stack, close):
    frames = torch.randn(5, 11, 48)
    together = stack.run_frames(frames)
    for frame, expected in zip(frames, together, strict=True):
        close(stack.run_frames(frame[None])[0], expected)


@torch.inference_mode()
def test_a_frame_equals_a_sequence_of_its_own(stack, close):
    frame = torch.randn(11, 48)
    alone = stack.run(frame, stack.new_cache(), outputs=11)
    close(stack.run_frames(frame[None])[0], alone)


@torch.inference_mode()
def test_a_text_behind_kept_states_equals_all_at_once(stack, close):
    grids, text = torch.randn(4, 9, 48), torch.randn(6, 48)
    texts = text.expand(4, 6, 48)
    expected = stack.run_frames(torch.cat([grids, texts], 1))[:, 9:]
    _, states = stack.run_frames_keeping(grids, outputs=0)
    assert (states.frames, states.length) == (4, 9)
    close(stack.run_frames(texts, past=states), expected)


@torch.inference_mode()
def test_states_grow_behind_states(stack, close):
    parts = torch.randn(2, 12, 48).split([5, 3, 4], 1)
    _, states = stack.run_frames_keeping(parts[0], outputs=1)
    _, states = stack.run_frames_keeping(parts[1], past=states, outputs=1)
    expected = stack.run_frames(torch.cat(parts, 1))[:, 8:]
    close(stack.run_frames(parts[2], past=states), expected)


@torch.inference_mode()
def test_selected_and_joined_states_serve_their_frames(stack, close):
    grids, text = torch.randn(4, 7, 48), torch.randn(1, 5, 48)
    _, states = stack.run_frames_keeping(grids, outputs=0)
    swapped = FrameStates.join([states.select([3]), states.select([0, 1])])
    expected = stack.run_frames(text.expand(4, 5, 48), past=states)[[3, 0, 1]]
    close(stack.run_frames(text.expand(3, 5, 48), past=swapped), expected)


@torch.inference_mode()
@pytest.mark.parametrize("outputs", [0, 1, 4, 11])
def test_fewer_outputs_are_the_last_of_all(stack, close, outputs):
    frames = torch.randn(2, 11, 48)
    all_of_them = stack.run_frames(frames)
    found, states = stack.run_frames_keeping(frames, outputs=outputs)
    assert found.shape == (2, outputs, 48)
    close(found, all_of_them[:, 11 - outputs :])
    assert states.length == 11


@torch.inference_mode()
def test_an_early_token_never_sees_a_later_one(stack):
    frames = torch.randn(1, 8, 48)
    changed = frames.clone()
    changed[:, 5:] += 1
    before, after = stack.run_frames(frames), stack.run_frames(changed)
    assert torch.equal(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5:], after[:, 5:])


@torch.inference_mode()
def test_the_input_is_left_as_it_was(stack):
    frames = torch.randn(2, 4, 48)
    before = frames.clone()
    stack.run_frames(frames)
    cache = stack.new_cache()
    stack.run(frames[0], cache, outputs=1)
    stack.run_one(frames[1, 0], cache)
    assert torch.equal(frames, before)


def test_bytes_are_counted_once(config, tensors):
    weights = sum(tensor.numel() for name, tensor in tensors.items() if "proj" in name)
    sizes = {
        ("fp32", "fp32"): 4 * weights,
        ("bf16", "bf16"): 2 * weights,
        ("fp32", "bf16"): 6 * weights,
    }
    for (prefill, decode), expected in sizes.items():
        stack = LlamaStack.from_tensors(config, tensors, Precision(prefill, decode))
        assert stack.nbytes == expected


def test_a_token_takes_the_bytes_that_a_cache_grows_by(stack):
    cache = stack.new_cache(room_tokens=128)
    larger = stack.new_cache(room_tokens=256)
    assert larger.nbytes - cache.nbytes == 128 * stack.token_bytes


def test_the_first_layers_alone_are_a_stack_too(config, tensors):
    short = LlamaStack.from_tensors(config.with_layers(1), tensors, Precision())
    assert short.run_frames(torch.randn(2, 3, 48)).shape == (2, 3, 48)


def test_a_missing_and_a_misshapen_tensor_are_named(config, tensors):
    name = "model.layers.2.mlp.down_proj.weight"
    kept = tensors.pop(name)
    with pytest.raises(WeightsError, match=name):
        LlamaStack.from_tensors(config, tensors, Precision())
    tensors[name] = kept.T.contiguous()
    with pytest.raises(WeightsError, match=r"\(80, 48\)"):
        LlamaStack.from_tensors(config, tensors, Precision())


def test_another_prefix_is_read(config, tensors):
    renamed = {name.replace("model.", "fusion.", 1): t for name, t in tensors.items()}
    stack = LlamaStack.from_tensors(config, renamed, Precision(), prefix="fusion.")
    frames = torch.randn(1, 4, 48)
    expected = LlamaStack.from_tensors(config, tensors, Precision()).run_frames(frames)
    assert torch.equal(stack.run_frames(frames), expected)
