from __future__ import annotations

import pytest

from streamvid.model.llama import ConfigError, LlamaConfig


def test_reads_the_old_and_the_new_spelling_of_rope_alike(fields):
    old = LlamaConfig.from_json(fields)
    new_fields = {k: v for k, v in fields.items() if k != "rope_theta"}
    new_fields["rope_parameters"] = {"rope_type": "default", "rope_theta": 10_000.0}
    assert LlamaConfig.from_json(new_fields) == old


def test_reads_llama3_scaling_beside_a_lone_theta(fields):
    fields |= {
        "rope_theta": 500_000.0,
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
    }
    config = LlamaConfig.from_json(fields)
    assert config.rope_theta == 500_000.0
    assert config.rope_scaling is not None
    assert config.rope_scaling.original_max_position_embeddings == 8192


def test_head_dim_and_key_value_heads_default_to_what_the_heads_say(fields):
    del fields["head_dim"], fields["num_key_value_heads"]
    config = LlamaConfig.from_json(fields)
    assert (config.head_dim, config.num_key_value_heads) == (8, 6)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"hidden_size": None}, "hidden_size"),
        ({"hidden_size": True}, "hidden_size"),
        ({"rms_norm_eps": "small"}, "rms_norm_eps"),
        ({"model_type": "qwen2"}, "qwen2"),
        ({"hidden_act": "gelu"}, "gelu"),
        ({"attention_bias": True}, "attention_bias"),
        ({"num_key_value_heads": 4}, "6 heads"),
        ({"head_dim": 15}, "head_dim"),
        ({"rope_scaling": {"rope_type": "yarn"}}, "yarn"),
        ({"rope_scaling": "linear"}, "linear"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, "low_freq_factor"),
    ],
)
def test_refuses_what_it_cannot_follow_in_one_line(fields, change, named):
    with pytest.raises(ConfigError, match=named) as error:
        LlamaConfig.from_json(fields | change)
    assert "\n" not in str(error.value)


def test_with_layers_changes_the_layer_count_only(config):
    four = config.with_layers(1)
    assert four.num_hidden_layers == 1
    assert four.with_layers(config.num_hidden_layers) == config
