"""The Python client of llm-adapter: AdapterClient, its asynchronous twin, and what they return and raise."""

from llm_adapter.aio import AsyncAdapterClient
from llm_adapter.calls import ReplyTo
from llm_adapter.client import AdapterClient
from llm_adapter.connection import Tls
from llm_adapter.errors import AdapterError, Violation
from llm_adapter.job import Job, JobPage, Progress, ProgressKind, State, Verdict
from llm_adapter.reasons import Reason

__all__ = [
    "AdapterClient",
    "AdapterError",
    "AsyncAdapterClient",
    "Job",
    "JobPage",
    "Progress",
    "ProgressKind",
    "Reason",
    "ReplyTo",
    "State",
    "Tls",
    "Verdict",
    "Violation",
]
