"""Our enums and those of the contract, which are spelt with a prefix."""

from types import MappingProxyType

from llm_adapter.v1 import job_pb2

from adapter.domain.job import Severity, State, Verdict
from adapter.domain.progress import ProgressKind
from adapter.errors import Retryable

STATES = MappingProxyType({state: job_pb2.State.Value(f"STATE_{state}") for state in State})
VERDICTS = MappingProxyType({verdict: job_pb2.Verdict.Value(f"VERDICT_{verdict}") for verdict in Verdict})
SEVERITIES = MappingProxyType({severity: job_pb2.Severity.Value(f"SEVERITY_{severity}") for severity in Severity})
RETRYABLE = MappingProxyType({answer: job_pb2.Retryable.Value(f"RETRYABLE_{answer}") for answer in Retryable})
PROGRESS_KINDS = MappingProxyType({kind: job_pb2.ProgressKind.Value(f"PROGRESS_KIND_{kind}") for kind in ProgressKind})

STATE_OF_NUMBER = MappingProxyType({int(number): state for state, number in STATES.items()})
VERDICT_OF_NUMBER = MappingProxyType({int(number): verdict for verdict, number in VERDICTS.items()})
