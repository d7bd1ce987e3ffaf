"""Nothing that a replay would run as a revision."""

from adapter.domain.message import ParkedMessage


class NothingRecorded:
    """No parked message has a job whose outcome is recorded; remembers which were asked for."""

    def __init__(self, *, is_retried: bool = False) -> None:
        self.is_retried = is_retried
        self.asked: list[str] = []

    async def replay(self, parked: ParkedMessage) -> bool:
        self.asked.append(parked.parked_id)
        return self.is_retried
