"""A cancellation that a library lost is heeded all the same.

A collector that stops cancels the stream of a blast furnace's server while the library waits for an answer. Where the
answer comes in the same step, ``asyncio.wait_for`` of Python 3.11 hands it over and drops the cancellation, and a
library that waits for its own cancelled tasks may swallow it in any version; the stream would run on for ever. A task
remembers that it was asked to end, so whoever called the library asks the task.

References
----------
Python issue 86296 (``asyncio.wait_for`` swallows a cancellation), python/cpython, mended in 3.12;
``asyncio.Task.cancelling``, Python 3.11.
"""

from __future__ import annotations

import asyncio


def heed_cancelling() -> None:
    """End the task that runs if it was asked to end; call it after a library's call, outside ``asyncio.timeout``.

    Raises
    ------
    asyncio.CancelledError
        If the task was cancelled, whether or not the library passed it on.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
