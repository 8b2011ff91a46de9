"""A prompt client begins once its kernel is heard, and says so where it cannot be."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from jupyter_client.manager import AsyncKernelManager
from traitlets.config import Config

from crimelib.kernels.prompt import PromptClient


async def _with_kernel(folder: Path, use: Callable[[AsyncKernelManager, PromptClient], Awaitable[None]]) -> None:
    """A plainly started kernel and its client, for as long as ``use`` takes."""
    config = Config({"KernelManager": {"transport": "ipc", "ip": str(folder / "s"), "client_factory": PromptClient}})
    manager = AsyncKernelManager(config=config, kernel_name="python3")
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        await use(manager, client)
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
        await manager.cleanup_resources()


def test_the_first_cell_is_heard_whole(tmp_path: Path) -> None:
    async def use(_: AsyncKernelManager, client: PromptClient) -> None:
        assert isinstance(client, PromptClient)
        await client.wait_for_ready(60)
        heard: list[str] = []
        asked = client.execute("print('first')")
        while True:
            message = await client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") == asked:
                heard.append(message["content"].get("text", message["msg_type"]))
                if message["content"].get("execution_state") == "idle":
                    break
        assert heard == ["status", "execute_input", "first\n", "status"]

    asyncio.run(_with_kernel(tmp_path, use))


@pytest.mark.parametrize(
    ("sent", "seconds", "said"), [(signal.SIGKILL, 60, "died before replying"), (signal.SIGSTOP, 0.1, "in 0.1 seconds")]
)
def test_a_kernel_that_is_dead_or_silent_is_said(tmp_path: Path, sent: int, seconds: float, said: str) -> None:
    async def use(manager: AsyncKernelManager, client: PromptClient) -> None:
        os.kill(manager.provisioner.pid, sent)
        with pytest.raises(RuntimeError, match=said):
            await client.wait_for_ready(seconds)

    asyncio.run(_with_kernel(tmp_path, use))
