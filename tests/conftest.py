"""One processor thread for every test process and what it starts.

Small products on several threads wait for each other far longer than they compute, above all where
other work runs beside them; torch reads this before its first use.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
