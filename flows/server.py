"""A temporary Prefect server on loopback that ends with the process that started it, however that ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prefect.settings import PREFECT_API_URL, temporary_settings

from pipeline import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"


@contextmanager
def api() -> Iterator[None]:
    """Give the flow a server: the user's own, or a temporary one.

    Raises:
        TimeoutError: when the temporary server does not answer within `SERVER_PATIENCE_SECONDS`.
    """
    own = settings.own_prefect_server()
    if own:
        with temporary_settings({PREFECT_API_URL: own}):
            yield
        return
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "flows.server", str(port)]
    # The server reads its standard input and leaves at its end: even `kill -9` of this process closes the pipe.
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait(f"http://{HOST}:{port}/api/health", server)
            with temporary_settings({PREFECT_API_URL: f"http://{HOST}:{port}/api"}):
                yield
        finally:
            server.kill()


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + settings.SERVER_PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            message = f"the temporary Prefect server ended with status {server.returncode}"
            raise ChildProcessError(message)
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - loopback
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    message = f"the temporary Prefect server did not answer within {settings.SERVER_PATIENCE_SECONDS} s"
    raise TimeoutError(message)


def _leave_with_parent() -> None:
    while sys.stdin.buffer.read(1):
        pass
    os._exit(0)


def serve(port: int) -> None:
    """Serve Prefect's API until standard input closes."""
    import uvicorn
    from prefect.server.api.server import create_app

    threading.Thread(target=_leave_with_parent, daemon=True).start()
    uvicorn.run(create_app(ephemeral=True), host=HOST, port=port, log_level="critical")


if __name__ == "__main__":
    settings.private_files()
    serve(int(sys.argv[1]))
