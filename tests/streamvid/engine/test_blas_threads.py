"""In a process of its own: the limit is the process's."""

import json
import subprocess
import sys

_CHILD = """
import json
import numpy, torch
from threadpoolctl import threadpool_info
from streamvid.engine.blas_threads import limit_blas_threads
torch.set_num_threads(2)
limit_blas_threads()
pools = [[pool["user_api"], pool["num_threads"]] for pool in threadpool_info()]
print(json.dumps([*pools, torch.get_num_threads()]))
"""


def test_numpy_gets_one_thread_and_torch_keeps_its_own() -> None:
    child = subprocess.run(
        [sys.executable, "-c", _CHILD], capture_output=True, text=True, check=True
    )
    *pools, torch_threads = json.loads(child.stdout)
    blas = [threads for api, threads in pools if api == "blas"]
    assert blas
    assert set(blas) == {1}
    assert torch_threads == 2
