from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from memory.faiss_index import FaissIndex
from memory.retrieval import FlatIndex

ROOT = Path(__file__).parents[2]

# the contract is held by test_retrieval, for both indexes


def test_faiss_looks_further_when_the_best_frames_are_one_moment() -> None:
    ticks = np.arange(5_000, dtype=np.int64)
    embeddings = np.zeros((5_000, 2), np.float32)
    embeddings[:3_000, 0] = 2  # fifty minutes of the best
    embeddings[3_000:, 0] = 1
    query = np.array([1, 0], np.float32)
    for index in (FlatIndex(2), FaissIndex(2)):
        index.append(ticks, ticks.astype(np.float64), embeddings)
        found = index.search(query, 2, min_separation_s=4_000)
        assert [moment.score for moment in found] == [2, 1]


def test_faiss_loads_with_the_first_index_and_nothing_heavy_before() -> None:
    script = (
        "import sys, memory\n"
        "heavy = {'faiss', 'torch', 'av', 'cv2', 'transformers'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "memory.Home('/nowhere').list()\n"
        "assert 'faiss' not in sys.modules\n"
        "memory.FaissIndex(3)\n"
        "assert 'faiss' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
