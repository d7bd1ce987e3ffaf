"""The relay: sends stored publications with confirms until each is taken or given up, and marks what became of it."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from adapter.domain.message import Publication, PublishOutcome, PublishStatus
from adapter.errors import StoreUnavailable
from adapter.failpoints import Failpoint, reach
from adapter.outbound.amqp.fate import Fate, Next, fate_of
from adapter.outbound.amqp.lanes import Backoff, LaneLimits, Lanes
from adapter.outbound.amqp.publications import PublicationObserver, PublicationStore
from adapter.ports import Clock, Publisher

log = structlog.get_logger()

_MAX_DETAIL = 300
_DRAIN_LOOK_SECONDS = 0.02
_FROM_THE_BROKER = frozenset({PublishStatus.CONFIRMED, PublishStatus.NACKED, PublishStatus.UNROUTABLE})


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Bounds and times."""

    limits: LaneLimits = field(default_factory=LaneLimits)
    backoff: Backoff = field(default_factory=Backoff)
    poll_seconds: float = 1.0
    batch: int = 200
    unroutable_wait_seconds: float = 600.0
    max_message_bytes: int = 16 * 1024 * 1024
    link_pause_seconds: float = 1.0
    """While nothing can leave this process, one publication is tried so often."""
    store_retry_seconds: float = 1.0


class Relay:
    """Owns its sends. Nothing that it forgets is lost: the database has every publication until it is marked."""

    def __init__(
        self,
        store: PublicationStore,
        publisher: Publisher,
        observer: PublicationObserver,
        clock: Clock,
        settings: RelaySettings,
    ) -> None:
        """Wire it; run() starts it."""
        self._store = store
        self._publisher = publisher
        self._observer = observer
        self._clock = clock
        self._settings = settings
        self._lanes = Lanes(settings.limits, settings.backoff)
        self._surplus: asyncio.Queue[tuple[Publication, float]] = asyncio.Queue()
        """Without bodies, with seconds until their next try; the database bounds it, where each was just written."""
        self._sends: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._changed = asyncio.Event()
        self._stopped = asyncio.Event()
        self._is_draining = False
        self._link_retry_at = 0.0
        self._link_is_down = False

    @property
    def held(self) -> int:
        """Publications in memory, those in flight included."""
        return len(self._lanes)

    @property
    def link_is_down(self) -> bool:
        """True while nothing can leave this process."""
        return self._link_is_down

    def offer(self, publications: Sequence[Publication]) -> None:
        """Send what this replica just stored, at once if there is room; else the database gives it back later."""
        if self._is_draining:
            return
        for publication in publications:
            if not self._lanes.add(publication):
                self._give_back(publication)
        self._changed.set()

    async def run(self) -> None:
        """Send until drained."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            workers = [
                group.create_task(self._dispatch(), name="relay dispatch"),
                group.create_task(self._poll(), name="relay poll"),
                group.create_task(self._give_back_surplus(), name="relay surplus"),
            ]
            await self._stopped.wait()
            for task in (*workers, *self._sends):
                task.cancel()

    async def drain(self, timeout_seconds: float) -> None:
        """Take nothing more, send what is held until the time has passed; run() then ends."""
        self._is_draining = True
        deadline = self._clock.monotonic() + timeout_seconds
        while self._group and self._has_work() and self._clock.monotonic() < deadline:
            await self._clock.sleep(_DRAIN_LOOK_SECONDS)
        if len(self._lanes):
            log.warning("publications_left_at_drain", count=len(self._lanes))
        self._stopped.set()

    def _has_work(self) -> bool:
        """True while something is on its way, or could be."""
        return self._lanes.in_flight > 0 or (
            not self._link_is_down and self._lanes.is_sendable(self._clock.monotonic())
        )

    # --- sending --------------------------------------------------------------------------------------

    async def _dispatch(self) -> None:
        while True:
            self._changed.clear()
            self._start_sends()
            await self._wait_for_change()

    def _start_sends(self) -> None:
        now = self._clock.monotonic()
        if self._link_retry_at > now:
            return
        while publication := self._lanes.take(now, only_one=self._link_is_down):
            assert self._group is not None  # noqa: S101 - dispatch runs inside the group
            send = self._group.create_task(self._send(publication), name="relay send")
            self._sends.add(send)
            send.add_done_callback(self._sends.discard)

    async def _wait_for_change(self) -> None:
        """Wait for an offer, an end of a send, or the time at which something may be tried again."""
        now = self._clock.monotonic()
        waits = [wait for wait in (self._link_retry_at - now, self._lanes.next_retry(now)) if wait and wait > 0]
        try:
            async with asyncio.timeout(min(waits, default=None)):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _send(self, publication: Publication) -> None:
        try:
            outcome = await self._outcome(publication)
            self._observer.publication(outcome.status.value)
            await self._settle(publication, outcome)
        except Exception:
            log.exception("publication_failed_by_a_bug", error_id=secrets.token_hex(6), job_id=publication.job_id)
            self._lanes.done(publication)
            self._surplus.put_nowait((_without_body(publication), self._settings.backoff.most_seconds))
        finally:
            self._changed.set()

    async def _outcome(self, publication: Publication) -> PublishOutcome:
        size, limit = len(publication.message.body), self._settings.max_message_bytes
        if size > limit:
            return PublishOutcome(PublishStatus.REFUSED, f"too large: {size} bytes, the limit is {limit}")
        await reach(Failpoint.BEFORE_PUBLISH)
        return await self._publisher.publish(publication.message)

    async def _settle(self, publication: Publication, outcome: PublishOutcome) -> None:
        fate = fate_of(
            publication,
            outcome,
            age_seconds=self._age_seconds(publication),
            unroutable_wait_seconds=self._settings.unroutable_wait_seconds,
        )
        if fate.next is Next.LINK_DOWN:
            self._pause(publication, outcome)
            return
        self._note(publication, outcome, fate)
        match fate.next:
            case Next.SENT:
                await reach(Failpoint.AFTER_CONFIRM)
                await self._mark(partial(self._store.publication_sent, publication))
            case Next.LATER:
                await self._postpone(publication, _detail(outcome))
            case Next.GIVE_UP:
                await self._give_up(publication, fate.reason, _detail(outcome))
        self._lanes.done(publication)

    def _note(self, publication: Publication, outcome: PublishOutcome, fate: Fate) -> None:
        """Learn about the link and the destination."""
        if self._link_is_down and outcome.status in _FROM_THE_BROKER:
            self._link_is_down = False
            log.info("publishing_resumed", waiting=len(self._lanes))
        if not fate.is_trouble:
            self._lanes.healthy(publication)
            return
        for surplus in self._lanes.trouble(publication, self._clock.monotonic()):
            self._give_back(surplus)

    def _pause(self, publication: Publication, outcome: PublishOutcome) -> None:
        """Nothing left this process: keep it, and try one publication at a time until something leaves."""
        self._lanes.put_back(publication)
        self._link_retry_at = self._clock.monotonic() + self._settings.link_pause_seconds
        if not self._link_is_down:
            self._link_is_down = True
            log.warning("publishing_paused", detail=outcome.detail[:_MAX_DETAIL], waiting=len(self._lanes))

    def _age_seconds(self, publication: Publication) -> float:
        if publication.create_time is None:
            return 0.0
        return (self._clock.now() - publication.create_time).total_seconds()

    # --- marks ----------------------------------------------------------------------------------------

    async def _postpone(self, publication: Publication, detail: str) -> None:
        """Hand it to the database until its next try."""
        wait = self._settings.backoff.seconds(publication.tries + 1)
        wait = max(wait, self._lanes.retry_in(publication, self._clock.monotonic()))
        await self._mark(partial(self._store.publication_failed, publication, detail, wait))

    async def _give_up(self, publication: Publication, reason: str, detail: str) -> None:
        await self._mark(partial(self._store.publication_undeliverable, publication, reason, detail))
        self._observer.publication("undeliverable")
        log.warning(
            "publication_undeliverable",
            reason=reason,
            job_id=publication.job_id,
            exchange=publication.message.exchange,
            routing_key=publication.message.routing_key,
            detail=detail,
        )

    async def _mark(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write, as often as it takes: what was confirmed and never marked is sent again with the same id."""
        while True:
            try:
                return await write()
            except StoreUnavailable:
                await self._clock.sleep(self._settings.store_retry_seconds)

    # --- the database ---------------------------------------------------------------------------------

    async def _poll(self) -> None:
        while True:
            limit = min(self._settings.batch, self._lanes.room)
            is_full = False
            if limit and not self._is_draining and not self._link_is_down:
                is_full = await self._fetch(limit) >= limit
            self._lanes.forget_idle(self._clock.monotonic())
            if not is_full:
                await self._clock.sleep(self._settings.poll_seconds)

    async def _fetch(self, limit: int) -> int:
        try:
            due = await self._store.due_publications(limit)
        except StoreUnavailable as exc:
            log.warning("publications_unread", reason=exc.reason)
            return 0
        if due:
            self.offer(due)
        return len(due)

    def _give_back(self, publication: Publication) -> None:
        wait = max(self._settings.poll_seconds, self._lanes.retry_in(publication, self._clock.monotonic()))
        self._surplus.put_nowait((_without_body(publication), wait))

    async def _give_back_surplus(self) -> None:
        """Hand what did not fit to the database; its turn comes when it is due there."""
        while True:
            some = [await self._surplus.get()]
            while not self._surplus.empty() and len(some) < self._settings.batch:
                some.append(self._surplus.get_nowait())
            await asyncio.gather(*(self._put_off(publication, wait) for publication, wait in some))

    async def _put_off(self, publication: Publication, wait_seconds: float) -> None:
        try:
            await self._mark(partial(self._store.publication_failed, publication, "waits for its turn", wait_seconds))
        except Exception:
            log.exception("publication_left", publication_id=publication.publication_id, error_id=secrets.token_hex(6))


def _without_body(publication: Publication) -> Publication:
    return replace(publication, message=replace(publication.message, body=b""))


def _detail(outcome: PublishOutcome) -> str:
    return f"{outcome.status.value}: {outcome.detail}"[:_MAX_DETAIL]
