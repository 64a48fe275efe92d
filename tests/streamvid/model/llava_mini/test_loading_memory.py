"""Loading holds no weight twice: what a process allocates while it loads a larger checkpoint."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import save_file

from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.loading import expected_shapes
from tests.streamvid.model.llava_mini.tiny_checkpoint import TOWER, _random, write_checkpoint

# Mapped files are no memory of the process: what is counted is RssAnon, at every tensor.
CODE = """
import json, sys
from pathlib import Path
import torch
from streamvid.model.llama.linear import make_linear
from streamvid.model.llama.precision import named_precision
from streamvid.model.llava_mini import loading
from streamvid.model.llava_mini.checkpoint import Checkpoint
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.ledger import held_weights
from streamvid.model.llava_mini.towers import load_tower

def anon():
    line = next(l for l in open("/proc/self/status") if l.startswith("RssAnon"))
    return int(line.split()[1]) * 1024

class Watched(Checkpoint):
    def __getitem__(self, name):
        peaks.append(anon())
        return super().__getitem__(name)

folder, precision = Path(sys.argv[1]), named_precision(sys.argv[2])
config = LlavaMiniConfig.read(folder)
tower = load_tower(folder.parent / config.vision_tower, config, dtype=torch.float32)
make_linear(torch.randn(64, 64), precision.prefill)  # libraries are loaded now, not then
peaks = [anon()]
core = loading.build_core(config, Watched(folder), tower, precision)
peaks.append(anon())
weights = sum(held_weights(core).values())
print(json.dumps({"grown": max(peaks) - peaks[0], "weights": weights}))
"""


def write_larger(folder: Path) -> tuple[Path, int]:
    """Some 280 MB of float32 weights; gives also the bytes of the largest tensor."""
    made = write_checkpoint(folder)
    fields = json.loads((made / "config.json").read_text())
    fields |= {
        "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 6,
        "num_attention_heads": 8, "num_key_value_heads": 8, "vocab_size": 8192,
    }  # fmt: skip
    (made / "config.json").write_text(json.dumps(fields))
    shapes = expected_shapes(LlavaMiniConfig.from_json(fields))
    tensors = {name: _random(name, shape) for name, shape in shapes.items()}
    save_file(tensors, made / "model.safetensors")
    return made, max(tensor.nbytes for tensor in tensors.values())


@pytest.mark.slow  # it writes and loads 280 MB, three times
@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_at_no_moment_are_there_two_copies_of_the_weights(tmp_path: Path) -> None:
    folder, largest = write_larger(tmp_path)
    assert (tmp_path / TOWER).is_dir()
    for precision in ("fp32", "bf16", "nf4"):
        done = subprocess.run(
            [sys.executable, "-c", CODE, str(folder), precision],
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(done.stdout)
        assert found["weights"] > 50e6
        # Beside what is kept: one layer's parts on their way, joined in float32 at most.
        assert found["grown"] < found["weights"] + 3 * largest, (precision, found, largest)
