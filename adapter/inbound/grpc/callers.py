"""Who calls, as far as the metadata of a call says."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from adapter.inbound.grpc.answering import Context
from adapter.service.api import Caller

Metadata = Mapping[str, str]
CallerOf = Callable[[Metadata], Caller]
"""Names the caller by the metadata of the call; raises an AdapterError to refuse it."""


def anonymous(_: Metadata) -> Caller:
    """Take everybody for the default client."""
    return Caller()


def metadata_of(context: Context) -> Metadata:
    """Return the text metadata of a call; of a key that is there twice, the last value."""
    pairs = context.invocation_metadata() or ()
    return MappingProxyType({key: value for key, value in pairs if isinstance(value, str)})
