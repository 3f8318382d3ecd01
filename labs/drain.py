"""Whether this worker is being stopped. One byte of memory shared with the pool's processes, set in their parent."""

import mmap

_flag = mmap.mmap(-1, 1)


def begin() -> None:
    """Called in the worker's main process when it was asked to end."""
    _flag[0] = 1


def draining() -> bool:
    """Asked by the supervising loop: give the run back and take no other."""
    return _flag[0] == 1
