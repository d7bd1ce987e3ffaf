"""Every exception of the openai package is known, and none is let through untranslated."""

import inspect

import httpx2
import openai
import pytest
from openai import _exceptions

from adapter.errors import CallError, CallMisconfigured, CallUnreachable
from adapter.outbound.models.failures import CALL_EXCEPTIONS, FATES, CallContext, translated

REQUEST = httpx2.Request("POST", "http://model.example/v1/chat/completions")
CONTEXT = CallContext(5, ())


def package_exceptions() -> dict[str, type[Exception]]:
    members = inspect.getmembers(_exceptions, inspect.isclass)
    return {name: cls for name, cls in members if issubclass(cls, Exception) and cls.__module__.startswith("openai")}


def test_the_package_has_no_exception_that_we_have_not_thought_of() -> None:
    assert set(package_exceptions()) == set(FATES)


@pytest.mark.parametrize("name", [name for name, fate in FATES.items() if fate.startswith("by its answer")])
def test_those_with_an_answer_are_classified_by_it(name: str) -> None:
    cls = package_exceptions()[name]
    assert issubclass(cls, openai.APIStatusError)
    response = httpx2.Response(401, request=REQUEST, content=b"")
    words = () if cls is openai.OAuthError else ("x",)
    exc = cls(*words, response=response, body=None)
    assert isinstance(translated(exc, CONTEXT), CallMisconfigured)


@pytest.mark.parametrize(
    ("exc", "error"),
    [
        (openai.APITimeoutError(REQUEST), CallUnreachable),
        (openai.APIConnectionError(request=REQUEST), CallUnreachable),
        (openai.APIError("x", REQUEST, body=None), CallUnreachable),
        (openai.OpenAIError("no credentials: sk-secret"), CallMisconfigured),
        (TimeoutError(), CallUnreachable),
        (ConnectionResetError(), CallUnreachable),
    ],
)
def test_those_without_an_answer_are_classified_by_their_kind(exc: Exception, error: type[CallError]) -> None:
    assert isinstance(exc, CALL_EXCEPTIONS)
    found = translated(exc, CONTEXT)
    assert type(found) is error
    assert "secret" not in found.message


def test_all_that_the_package_raises_of_itself_is_caught() -> None:
    of_calls = [cls for name, cls in package_exceptions().items() if not FATES[name].startswith("never")]
    assert of_calls
    assert all(issubclass(cls, CALL_EXCEPTIONS) for cls in of_calls)
