"""A token: fetched once for all who need it, renewed before it ends, and used as long as it is good."""

import asyncio
from dataclasses import dataclass, field

import pytest

from adapter.errors import CallError, CallMisconfigured, CallUnreachable
from adapter.outbound.models.keys import AccessToken, FreshToken


@dataclass
class Issuer:
    """Gives token-1, token-2, …; each fetch waits until it is let go."""

    now: float = 0.0
    fetches: int = 0
    lifetime_seconds: float = 3600.0
    error: CallError | None = None
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    async def fetch(self) -> AccessToken:
        self.fetches += 1
        number = self.fetches
        await self.is_open.wait()
        if self.error is not None:
            raise self.error
        return AccessToken(f"token-{number}", self.lifetime_seconds)

    async def close(self) -> None:
        self.closed = True

    def source(self) -> FreshToken:
        return FreshToken(self.fetch, self.close, lambda: self.now)


@pytest.fixture
def issuer() -> Issuer:
    issuer = Issuer()
    issuer.is_open.set()
    return issuer


async def test_a_token_is_used_until_shortly_before_it_ends(issuer: Issuer) -> None:
    source = issuer.source()
    tokens = []
    for issuer.now in (0.0, 3299.0, 3301.0, 3302.0):
        tokens.append(await source.current())
    assert tokens == ["token-1", "token-1", "token-2", "token-2"]


async def test_a_short_life_leaves_most_of_it_for_use(issuer: Issuer) -> None:
    issuer.lifetime_seconds = 60.0
    source = issuer.source()
    tokens = []
    for issuer.now in (0.0, 47.0, 49.0):
        tokens.append(await source.current())
    assert tokens == ["token-1", "token-1", "token-2"]


async def test_all_who_need_the_first_token_wait_for_one_fetch(issuer: Issuer) -> None:
    issuer.is_open.clear()
    source = issuer.source()
    waiting = [asyncio.ensure_future(source.current()) for _ in range(20)]
    await asyncio.sleep(0)
    issuer.is_open.set()
    assert set(await asyncio.gather(*waiting)) == {"token-1"}
    assert issuer.fetches == 1


async def test_while_one_call_renews_it_others_use_the_old(issuer: Issuer) -> None:
    source = issuer.source()
    await source.current()
    issuer.now = 3400.0
    issuer.is_open.clear()
    renewing = asyncio.ensure_future(source.current())
    await asyncio.sleep(0)
    assert await source.current() == "token-1"
    issuer.is_open.set()
    assert await renewing == "token-2"


async def test_a_renewal_that_fails_leaves_the_old_token_to_be_used_and_is_tried_again_later(issuer: Issuer) -> None:
    source = issuer.source()
    await source.current()
    issuer.error = CallUnreachable("down")
    fetches = []
    for issuer.now in (3400.0, 3405.0, 3411.0):
        assert await source.current() == "token-1"
        fetches.append(issuer.fetches)
    assert fetches == [2, 2, 3]
    issuer.now = 3601.0
    with pytest.raises(CallUnreachable):
        await source.current()


async def test_a_cancelled_fetch_leaves_it_to_the_next(issuer: Issuer) -> None:
    issuer.is_open.clear()
    source = issuer.source()
    first = asyncio.ensure_future(source.current())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    issuer.is_open.set()
    assert await source.current() == "token-2"


async def test_a_refused_token_is_replaced_once(issuer: Issuer) -> None:
    source = issuer.source()
    first = await source.current()
    source.refused(first)
    second = await source.current()
    source.refused(first)
    assert (first, second, await source.current()) == ("token-1", "token-2", "token-2")


async def test_a_failed_first_fetch_is_told_and_tried_again_by_the_next_call(issuer: Issuer) -> None:
    issuer.error = CallMisconfigured("no")
    source = issuer.source()
    with pytest.raises(CallMisconfigured):
        await source.current()
    issuer.error = None
    assert await source.current() == "token-2"


async def test_closing_closes_the_link(issuer: Issuer) -> None:
    await issuer.source().close()
    assert issuer.closed
    assert "token-1" not in repr(await issuer.fetch())
