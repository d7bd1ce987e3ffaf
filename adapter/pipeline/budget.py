"""The one budget of a job: attempts, tokens and working seconds, crashes and repairs included."""

from dataclasses import dataclass

from adapter.domain import exact_json
from adapter.domain.model import ModelRequest
from adapter.domain.usage import Usage
from adapter.errors import BudgetExhausted

# A token is about four characters of text; good enough to stop before a call that cannot be paid.
CHARACTERS_PER_TOKEN = 4
MIN_CALL_SECONDS = 1.0
# What a turn costs beside its text: its role, and the marks between turns.
TURN_TOKENS = 8


@dataclass(slots=True)
class Budget:
    """What the policy allows, and what was used so far."""

    max_attempts: int = 0
    max_tokens: int = 0
    max_seconds: float = 0.0
    attempts: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def allow(self, attempts: int, tokens: int, seconds: float) -> None:
        """Take the policy's limits."""
        self.max_attempts, self.max_tokens, self.max_seconds = attempts, tokens, seconds

    def charge(self, usage: Usage, seconds: float) -> None:
        """Count one attempt: its tokens as billed, its time."""
        self.attempts += 1
        self.tokens += usage.total_tokens
        self.seconds += seconds

    @property
    def seconds_left(self) -> float:
        """Working time that is left."""
        return max(0.0, self.max_seconds - self.seconds)

    def call_seconds(self, timeout_seconds: float) -> float:
        """How long a call may take, given what the model's settings say."""
        return max(MIN_CALL_SECONDS, min(self.seconds_left, timeout_seconds))

    def check(self, tokens: int) -> None:
        """Raise BudgetExhausted when another call of so many tokens, prompt and reply, is not covered."""
        if self.attempts >= self.max_attempts:
            raise exhausted("attempts", self.max_attempts)
        if self.tokens + tokens > self.max_tokens:
            raise exhausted("tokens", self.max_tokens)
        if self.seconds >= self.max_seconds:
            raise exhausted("seconds", self.max_seconds)


def estimated_tokens(characters: int) -> int:
    """Tokens of a text, roughly."""
    return characters // CHARACTERS_PER_TOKEN


def most_tokens(request: ModelRequest, headroom: int) -> int:
    """More tokens than a call will take: what is reserved. headroom = what reasoning may take beside the reply.

    Tokenizers make 3 to 4 characters of plain text a token, and seldom fewer than 2 of records; other scripts may take
    a token for each byte. It is an estimate still: what a call took counts in any case, once it is known.
    """
    texts = [turn.content for turn in request.turns]
    texts.append(exact_json.dumps_text(request.schema))
    return sum(map(_most_tokens_of, texts)) + request.max_output_tokens + headroom


def _most_tokens_of(text: str) -> int:
    characters, size_bytes = len(text.encode("ascii", "ignore")), len(text.encode())
    return -(-characters // 2) + (size_bytes - characters) + TURN_TOKENS


def exhausted(what: str, limit: float) -> BudgetExhausted:
    """Say which part of the policy is used up."""
    return BudgetExhausted(
        f"The job used up its {what} (policy.{what}: {limit:g}). {BudgetExhausted().message}", metadata={"budget": what}
    )
