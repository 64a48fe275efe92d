from __future__ import annotations

import json

import pytest
import torch

from streamvid.model.llama import Precision, PrecisionError, choose_precision
from streamvid.model.llama.precision import measure_kernels, named_precision, pick


def test_matrix_units_take_one_copy_for_both():
    chosen = pick(
        {"fp32": 6.0, "bf16": 1.1, "bf16-packed": 1.0},
        {"fp32": 4.0, "bf16": 2.9, "bf16-packed": 2.7},
    )
    assert chosen == Precision("bf16-packed", "bf16-packed")


def test_without_bf16_units_prefill_is_fp32_and_decode_bf16():
    chosen = pick(
        {"fp32": 1.0, "bf16": 8.0, "bf16-packed": 7.0},
        {"fp32": 4.0, "bf16": 2.5, "bf16-packed": 9.0},
    )
    assert chosen == Precision("fp32", "bf16")


def test_a_second_copy_is_not_kept_for_a_few_per_cent():
    chosen = pick({"fp32": 3.0, "bf16": 1.0}, {"bf16": 1.0, "int8": 0.96})
    assert chosen == Precision("bf16", "bf16")


def test_measuring_times_every_kernel():
    prefill_s, decode_s = measure_kernels(width=64, inner_width=96)
    assert set(decode_s) - set(prefill_s) == {"int8"}
    assert all(0 < seconds < 10 for seconds in (*prefill_s.values(), *decode_s.values()))


def test_the_decision_is_kept_and_read_again(tmp_path):
    first = choose_precision(cache_dir=tmp_path, width=64, inner_width=96)
    file = tmp_path / "kernels.json"
    kept = json.loads(file.read_text())
    (key,) = kept
    # A value that measuring would hardly give shows that it is read, not measured.
    other = Precision("bf16", "fp32") if first.prefill == "fp32" else Precision("fp32", "fp32")
    file.write_text(json.dumps({key: {"prefill": other.prefill, "decode": other.decode}}))
    assert choose_precision(cache_dir=tmp_path, width=64, inner_width=96) == other


def test_another_thread_count_is_measured_for_itself(tmp_path):
    choose_precision(cache_dir=tmp_path, width=64, inner_width=96)
    torch.set_num_threads(2)
    choose_precision(cache_dir=tmp_path, width=64, inner_width=96)
    assert len(json.loads((tmp_path / "kernels.json").read_text())) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": {"prefill": "fp8", "decode": "fp8"}}'])
def test_a_damaged_file_is_measured_anew(tmp_path, content):
    (tmp_path / "kernels.json").write_text(content)
    chosen = choose_precision(cache_dir=tmp_path, width=64, inner_width=96)
    assert isinstance(chosen, Precision)
    assert len(json.loads((tmp_path / "kernels.json").read_text())) == 1


def test_a_name_forces_without_measuring(tmp_path):
    assert choose_precision("fp32", cache_dir=tmp_path) == Precision("fp32", "fp32")
    assert choose_precision("bf16", cache_dir=tmp_path).name == "bf16"
    assert choose_precision("int8", cache_dir=tmp_path).decode == "int8"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["fp8", "auto"])
def test_unknown_names_are_refused(name):
    with pytest.raises(PrecisionError, match=name):
        named_precision(name)


def test_unknown_and_unfit_kernels_are_refused():
    with pytest.raises(PrecisionError, match="fp8"):
        Precision("fp8", "fp32")
    with pytest.raises(PrecisionError, match="int8"):
        Precision("int8", "int8")


def test_keys_are_kept_in_the_type_of_the_prefill():
    assert Precision("fp32", "bf16").cache_dtype == torch.float32
    assert Precision("bf16", "int8").cache_dtype == torch.bfloat16
    assert Precision("fp32", "bf16").name == "fp32+bf16"


def test_layers_that_never_decode_keep_one_copy():
    assert Precision("fp32", "bf16").for_prefill == Precision("fp32", "fp32")
