"""Messages that may be why the broker closed the channel, and exchanges that nothing is known of yet."""

from collections.abc import Iterable
from itertools import islice

from adapter.domain.message import OutgoingMessage

_Key = tuple[str, str, str, int]
_MOST_SUSPECTS = 10_000


class Suspects:
    """Who has to be published alone, so that a refusal hits only the guilty one."""

    def __init__(self) -> None:
        """Nothing is known: the first message to each exchange goes alone. The default exchange always exists."""
        self._suspects: dict[_Key, None] = {}
        self._proven = {""}

    def must_go_alone(self, message: OutgoingMessage) -> bool:
        """True for a suspect, and for a message to an exchange that has not answered yet."""
        return message.exchange not in self._proven or (bool(self._suspects) and _key(message) in self._suspects)

    def add(self, messages: Iterable[OutgoingMessage]) -> None:
        """These were on their way when the broker closed the channel: one of them is guilty."""
        for message in messages:
            self._suspects[_key(message)] = None
            self._proven -= {message.exchange} - {""}
        for oldest in list(islice(self._suspects, max(0, len(self._suspects) - _MOST_SUSPECTS))):
            del self._suspects[oldest]

    def clear(self, message: OutgoingMessage, *, is_proof: bool = True) -> None:
        """This one is through: answered by the broker (proof that its exchange exists), or found guilty."""
        if is_proof:
            self._proven.add(message.exchange)
        else:
            self._proven -= {message.exchange} - {""}
        if self._suspects:
            self._suspects.pop(_key(message), None)


def _key(message: OutgoingMessage) -> _Key:
    return message.exchange, message.routing_key, message.properties.message_id, len(message.body)
