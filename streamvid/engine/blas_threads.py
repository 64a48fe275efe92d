"""Keep numpy's BLAS to one thread while a model computes.

OpenBLAS's threads wait awake for a while after each product. Search and views are such products,
right ahead of the model's work, whose threads then find a core taken: the first word of an answer
came after 590 ms, and after 507 ms with this, on two cores.
"""

from __future__ import annotations

from threadpoolctl import threadpool_limits

BLAS_THREADS = 1


def limit_blas_threads() -> None:
    """For the whole process, and the BLAS libraries that are loaded by now; torch has its own."""
    threadpool_limits(BLAS_THREADS, user_api="blas")
