"""A client for Papermill, and Jupyter's other callers, that goes on as soon as its kernel is ready."""

from __future__ import annotations

import time
from contextlib import suppress
from queue import Empty
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient

_REPLY_SECONDS, _PUBLISHED_SECONDS = 1.0, 0.2  # as Jupyter's own
_RECONNECT_MILLISECONDS = 5  # for ZeroMQ's hundred


class PromptClient(AsyncKernelClient):
    """Spares each kernel a fifth of a second: so long Jupyter's own client listens, once its kernel has answered, until
    nothing more comes. What still comes answers no cell, so that nbclient passes over it."""

    def start_channels(self, *args: Any, **kwargs: Any) -> None:
        """As Jupyter's own, but that a socket which its kernel has yet to bind is tried again at once."""
        self.context.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MILLISECONDS)
        super().start_channels(*args, **kwargs)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return once the kernel has answered and is heard to publish; ``timeout`` is in seconds. Raises
        :class:`RuntimeError` where it died or is silent, as Jupyter's own."""
        end = float("inf") if timeout is None else time.monotonic() + timeout
        while not await self._answered():
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > end:
                raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")

    async def _answered(self) -> bool:
        self.kernel_info()
        with suppress(Empty):
            reply = await self.shell_channel.get_msg(timeout=_REPLY_SECONDS)
            if reply["msg_type"] == "kernel_info_reply":
                await self.iopub_channel.get_msg(timeout=_PUBLISHED_SECONDS)
                self._handle_kernel_info_reply(reply)
                return True
        return False
