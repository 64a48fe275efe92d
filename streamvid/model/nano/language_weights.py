"""SmolLM2's weights out of the packaged GGUF file, converted once into a folder of our own.

GGUF stores the rows of q and k in the order of llama.cpp's rotary kernel; they are put back into
the order that the rotary embedding of Llama checkpoints (halves, not pairs) expects.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from streamvid.model.errors import WeightsError
from streamvid.model.nano.packages import PackagedFile

_NAMES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
_FORMAT = 1


def converted_folder(
    packaged: PackagedFile, cache: Path, *, say: Callable[[str], None] = lambda line: None
) -> Path:
    """Folder with ``model.safetensors`` (float32, Llama names), ``config.json``, the tokenizer.

    Made at the first call, in ``cache``, under the package's hash: a later call finds it. A killed
    conversion leaves nothing that could be taken for a finished one. Raises WeightsError.
    """
    folder = cache / f"{packaged.module}-{packaged.sha256_16}-{_FORMAT}"
    if (folder / "config.json").is_file():
        return folder
    gguf_path = packaged.verify()
    say(f"converting {gguf_path.name} once, into {folder}")
    cache.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=cache))
    try:
        _convert(gguf_path, scratch)
        # Whoever renames first wins; the loser's folder is as good, and goes.
        scratch.rename(folder)
    except OSError as error:
        if not (folder / "config.json").is_file():
            raise WeightsError(f"cannot convert weights into {folder}: {error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def load_weights(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Config and float32 tensors of a converted folder."""
    config = json.loads((folder / "config.json").read_text())
    return config, load_file(folder / "model.safetensors")


def _convert(path: Path, folder: Path) -> None:
    from gguf import GGUFReader
    from gguf.quants import dequantize
    from transformers import AutoTokenizer

    reader = GGUFReader(path)
    fields = {name: field for name, field in reader.fields.items() if "tokenizer" not in name}

    def field(name: str) -> Any:
        return fields[f"llama.{name}"].contents()

    heads, kv_heads = field("attention.head_count"), field("attention.head_count_kv")
    tensors: dict[str, Tensor] = {}
    for entry in reader.tensors:
        values = entry.data
        if entry.tensor_type.name not in ("F32", "F16"):
            values = dequantize(values, entry.tensor_type)
        tensor = torch.from_numpy(np.array(values, dtype=np.float32))
        if ".attn_q." in entry.name:
            tensor = _unpermute(tensor, heads)
        elif ".attn_k." in entry.name:
            tensor = _unpermute(tensor, kv_heads)
        tensors[_llama_name(entry.name)] = tensor
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    tokenizer.save_pretrained(folder)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": tensors["model.embed_tokens.weight"].shape[0],
        "hidden_size": field("embedding_length"),
        "intermediate_size": field("feed_forward_length"),
        "num_hidden_layers": field("block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": field("context_length"),
        "rms_norm_eps": float(field("attention.layer_norm_rms_epsilon")),
        "rope_theta": float(field("rope.freq_base")),
        "hidden_act": "silu",
        "tie_word_embeddings": "lm_head.weight" not in tensors,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 2,
    }
    # Written last: its presence says that the folder is whole.
    (folder / "config.json").write_text(json.dumps(config, indent=1))


def _llama_name(name: str) -> str:
    if match := re.fullmatch(r"blk\.(\d+)\.(\w+)\.weight", name):
        layer, part = match.groups()
        return f"model.layers.{layer}.{_NAMES[part]}.weight"
    return {
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.norm.weight",
        "output.weight": "lm_head.weight",
    }[name]


def _unpermute(weight: Tensor, heads: int) -> Tensor:
    """Rows (head, pair, half) → (head, half, pair)."""
    rows = weight.shape[0]
    return weight.view(heads, rows // heads // 2, 2, -1).transpose(1, 2).reshape(rows, -1)
