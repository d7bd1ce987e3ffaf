"""The parts of ports.JobStore and ports.Observer that the relay needs."""

from collections.abc import Sequence
from typing import Protocol

from adapter.domain.message import Publication


class PublicationStore(Protocol):
    """Where publications are until they are sent. Raises StoreUnavailable."""

    async def due_publications(self, limit: int) -> Sequence[Publication]:
        """Publications whose time has come and that nobody sends; now ours."""

    async def publication_sent(self, publication: Publication) -> None:
        """It was confirmed."""

    async def publication_failed(self, publication: Publication, detail: str, retry_in_seconds: float) -> None:
        """Nobody's again; due later."""

    async def publication_undeliverable(self, publication: Publication, remark_reason: str, detail: str) -> None:
        """It is given up."""


class PublicationObserver(Protocol):
    """Counts what became of publishes."""

    def publication(self, status: str) -> None:
        """A publish ended so."""
