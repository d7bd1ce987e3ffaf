"""The one budget of a job: attempts, tokens and working seconds, crashes and repairs included."""

from dataclasses import dataclass

from adapter.domain.usage import Usage
from adapter.errors import BudgetExhausted

# A token is about four bytes of text; good enough to stop before a call that cannot be paid.
BYTES_PER_TOKEN = 4


@dataclass(slots=True)
class Budget:
    """What the policy allows, and what was used so far."""

    max_attempts: int
    max_tokens: int
    max_seconds: float
    attempts: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def charge(self, usage: Usage, seconds: float) -> None:
        """Count one attempt: its tokens as billed, its time."""
        self.attempts += 1
        self.tokens += usage.total_tokens
        self.seconds += seconds

    @property
    def seconds_left(self) -> float:
        """Working time that is left."""
        return max(0.0, self.max_seconds - self.seconds)

    def check(self, prompt_bytes: int, max_output_tokens: int) -> None:
        """Raise BudgetExhausted when another call of this size is not covered."""
        if self.attempts >= self.max_attempts:
            _raise("attempts", self.max_attempts)
        if self.tokens and self.tokens + prompt_bytes // BYTES_PER_TOKEN + max_output_tokens > self.max_tokens:
            _raise("tokens", self.max_tokens)
        if self.seconds >= self.max_seconds:
            _raise("seconds", self.max_seconds)


def _raise(what: str, limit: float) -> None:
    raise BudgetExhausted(
        f"The job used up its {what} (policy.{what}: {limit:g}). {BudgetExhausted().message}", metadata={"budget": what}
    )
