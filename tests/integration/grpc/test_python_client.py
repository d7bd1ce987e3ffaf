"""The Python client does what its README says."""

import asyncio
import re
import sys
from pathlib import Path

from tests.integration.grpc.fakes import FakeJobService, serving

README = Path(__file__).resolve().parents[3] / "clients" / "python" / "README.md"


async def test_the_example_of_the_readme_runs_as_printed() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    service = FakeJobService()
    async with serving(service) as client:
        program = example.replace("127.0.0.1:50051", f"127.0.0.1:{client.port}")
        done = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-c", program, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await done.communicate()
    assert output == b"BILLING\n"
    assert [(request.task, request.request_id) for request, _ in service.ran] == [("classify-ticket", "ticket-4711")]
