"""Direct reply-to addresses: only what a broker made itself goes back to it.

Brokers before 4.2 fall over a made-up token: they close the connection that publishes to it (541), with all that is on
its way there. (A well-made token of a node that they do not know does the same: direct replies therefore have a
connection of their own.)
The layout is that of RabbitMQ 3.9 to 4.x: `<base64 of an Erlang process id>.<base64 of a key>`, the process id in
Erlang's external term format with the node's name shortened to a hash.
"""

import base64
import binascii
import re

DIRECT_REPLY_TO = "amq.rabbitmq.reply-to"
_SUFFIX = re.compile(r"([A-Za-z0-9+/]{8,200}={0,2})\.([A-Za-z0-9+/]{1,100}={0,2})")
_PROCESS_ID = re.compile(
    rb"\x83(?:"
    rb"X(?:v\x00(?P<long>.)|w(?P<short>.))(?P<node>[a-z]{1,20}@[0-9]{1,10}).{12}"  # id, serial, creation: 32 bits each
    rb"|g(?:v\x00(?P<long22>.)|w(?P<short22>.))(?P<node22>[a-z]{1,20}@[0-9]{1,10}).{9}"  # Erlang 22: creation of 8 bits
    rb")",
    re.DOTALL,
)


def is_direct(routing_key: str) -> bool:
    """True for an address of the broker's direct reply-to, made up or not."""
    return routing_key.startswith(DIRECT_REPLY_TO)


def is_genuine(routing_key: str) -> bool:
    """True when it has the form that brokers give their tokens."""
    suffix = _SUFFIX.fullmatch(routing_key.removeprefix(f"{DIRECT_REPLY_TO}."))
    if not suffix:
        return False
    try:
        process_id = _PROCESS_ID.fullmatch(base64.b64decode(suffix[1], validate=True))
    except binascii.Error:
        return False
    if not process_id:
        return False
    lengths = [process_id[name] for name in ("long", "short", "long22", "short22") if process_id[name]]
    return lengths == [bytes([len(process_id["node"] or process_id["node22"])])]
