"""What a call or a job used: tokens, calls, money, time."""

from dataclasses import dataclass, replace
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """Cost of `per` tokens in and out, in `currency`; cached input costs as input unless said."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    per: int = 1_000_000
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as billed; output_tokens include reasoning_tokens; cost None = no price configured."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    model_calls: int = 0
    cost: Decimal | None = None
    currency: str = ""
    model_seconds: float = 0.0
    overhead_seconds: float = 0.0

    @property
    def total_tokens(self) -> int:
        """Tokens that count against a job's budget."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        """Sum two usages; a missing cost counts as nothing."""
        cost = None if self.cost is None and other.cost is None else (self.cost or 0) + (other.cost or Decimal(0))
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.model_calls + other.model_calls,
            cost,
            self.currency or other.currency,
            self.model_seconds + other.model_seconds,
            self.overhead_seconds + other.overhead_seconds,
        )

    def priced(self, price: Price | None) -> "Usage":
        """Return this usage with its cost after the price table."""
        if price is None:
            return self
        cached_price = price.input if price.cached_input is None else price.cached_input
        fresh = self.input_tokens - self.cached_input_tokens
        cost = (
            fresh * price.input + self.cached_input_tokens * cached_price + self.output_tokens * price.output
        ) / price.per
        return replace(self, cost=cost, currency=price.currency)
