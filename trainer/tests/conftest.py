from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Matrices here are tiny: a second thread only waits, and for long where other work shares the machine."""
    torch.set_num_threads(1)
