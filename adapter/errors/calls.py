"""Of one model call that brought no reply; never leaves the pipeline."""


class CallError(Exception):
    """A model call brought no reply. The message holds no key and no prompt."""

    def __init__(self, message: str, *, status: int | None = None, retry_after_seconds: float | None = None) -> None:
        """Status is the HTTP status if there was one; retry_after_seconds what the provider asked us to wait."""
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_after_seconds = retry_after_seconds


class CallUnreachable(CallError):
    """Connection refused, reset or timed out, 5xx, or an error inside HTTP 200: the model may be down."""


class CallThrottled(CallError):
    """429 or its like: the model wants us to wait."""


class CallMisconfigured(CallError):
    """401, 403, 404 of the model, credits gone: hits every request."""


class CallUnauthorized(CallMisconfigured):
    """The key or token is refused: another one may have taken its place."""


class CallForbidden(CallMisconfigured):
    """403 without a word why: of every request, or of this one, whose content a filter on the way does not like."""


class CallRejected(CallError):
    """400 of this request alone."""


class CallTooLong(CallRejected):
    """The prompt does not fit the model's context."""


class CallFiltered(CallRejected):
    """The provider's content filter refused the prompt."""


class CallUnrecorded(CallRejected):
    """A replay has no recording of this request; nothing was called."""
