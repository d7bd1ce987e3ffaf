"""Reads the details of a status, as a client would."""

from dataclasses import dataclass

from google.rpc import error_details_pb2, status_pb2


@dataclass(frozen=True, slots=True)
class Details:
    """The details of a status, each None when absent."""

    info: error_details_pb2.ErrorInfo | None
    bad_request: error_details_pb2.BadRequest | None
    retry: error_details_pb2.RetryInfo | None
    quota: error_details_pb2.QuotaFailure | None


def read(status: status_pb2.Status) -> Details:
    """Unpack every detail; each kind is there at most once, and there are no others."""
    by_type = {packed.type_url.rpartition(".")[2]: packed.value for packed in status.details}
    assert len(by_type) == len(status.details)
    assert by_type.keys() <= {"ErrorInfo", "BadRequest", "RetryInfo", "QuotaFailure"}
    info, bad, retry, quota = (by_type.get(name) for name in ("ErrorInfo", "BadRequest", "RetryInfo", "QuotaFailure"))
    return Details(
        None if info is None else error_details_pb2.ErrorInfo.FromString(info),
        None if bad is None else error_details_pb2.BadRequest.FromString(bad),
        None if retry is None else error_details_pb2.RetryInfo.FromString(retry),
        None if quota is None else error_details_pb2.QuotaFailure.FromString(quota),
    )


def info_of(status: status_pb2.Status) -> error_details_pb2.ErrorInfo:
    """Return the ErrorInfo, which every error has."""
    info = read(status).info
    assert info is not None
    return info
