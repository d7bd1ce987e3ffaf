"""From the payload's bytes to the record: content type, charset, format, select, map, types of the contract."""

from adapter.pipeline.decode.payload import Decoded, decode

__all__ = ["Decoded", "decode"]
