"""A company's proxy: tunnels by CONNECT, and only for those who say the right password, if it has one."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class ConnectProxy:
    """Remembers where it was asked to connect to."""

    url: str
    user: str = ""
    """user:password."""
    tunnels: list[str] = field(default_factory=list)
    """host:port of each."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            await self._tunnel(reader, writer)
        finally:
            self.tasks.discard(task)
            writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split("\r\n")[0].split(" ")
        assert method == "CONNECT", head
        wanted = f"basic {b64encode(self.user.encode()).decode()}".lower()
        if self.user and f"proxy-authorization: {wanted}" not in head.lower():
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
            return
        self.tunnels.append(target)
        host, _, port = target.rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, far_writer))
                group.create_task(_pump(far_reader, writer))
        finally:
            far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while content := await reader.read(65536):
        writer.write(content)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def connect_proxy(user: str = "") -> AsyncIterator[ConnectProxy]:
    """Serve on a free port of the loopback address."""
    proxy = ConnectProxy("", user)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    at = f"{user}@" if user else ""
    proxy.url = f"http://{at}127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield proxy
        tasks = tuple(proxy.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
