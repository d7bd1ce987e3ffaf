"""adapter.yaml and the variables over it: what is read, and every problem with its place."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from adapter.settings import Settings
from adapter.settings_file import ConfigurationProblems, load_settings
from adapter.tasks.problem import Problem


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where adapter.yaml is looked for."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "adapter.yaml"


def problems_of(path: Path | None, environment: Mapping[str, str] | None = None) -> list[Problem]:
    with pytest.raises(ConfigurationProblems) as failure:
        load_settings(path, environment or {})
    return list(failure.value.problems)


def test_without_file_and_variables_the_defaults_hold(file: Path) -> None:
    assert not file.exists()

    assert load_settings(None, {}) == Settings()


def test_the_file_in_the_working_directory_is_read(file: Path) -> None:
    file.write_text("drain_seconds: 2m\n")

    assert load_settings(None, {}).drain_seconds == 120


def test_a_named_file_goes_before_the_variable_and_that_before_the_default(file: Path, tmp_path: Path) -> None:
    named, by_variable = tmp_path / "named.yaml", tmp_path / "variable.yaml"
    for place, seconds in ((file, 1), (by_variable, 2), (named, 3)):
        place.write_text(f"drain_seconds: {seconds}\n")
    environment = {"ADAPTER_CONFIG": str(by_variable)}

    assert load_settings(named, environment).drain_seconds == 3
    assert load_settings(None, environment).drain_seconds == 2
    assert load_settings(None, {"ADAPTER_CONFIG": ""}).drain_seconds == 1


def test_a_named_file_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path / "none.yaml")

    assert problem.file == str(tmp_path / "none.yaml")
    assert "cannot be read" in problem.message


def test_a_default_file_that_cannot_be_read_is_not_taken_for_none(file: Path) -> None:
    file.mkdir()

    (problem,) = problems_of(None)

    assert "cannot be read" in problem.message


def test_every_problem_is_told_with_its_line(file: Path) -> None:
    file.write_text(
        "drain_second: 3\n"
        "auth: {keys: keys.yaml}\n"
        "grpc:\n"
        "  listen: nowhere\n"
        "models:\n"
        "  default: {provider: telegraph}\n"
        "  cloud:\n"
        "    provider: openai\n"
        "    requests_per_minute: none\n"
        "amqp:\n"
        "  urls: ['http://user:hush@host']\n"
        "  max_held: none\n"
    )

    problems = problems_of(None)

    assert {(problem.line, problem.message.partition(":")[0]) for problem in problems} == {
        (1, "drain_second"),
        (2, "auth.keys"),
        (4, "grpc.listen"),
        (6, "models.default.provider"),
        (9, "models.cloud.requests_per_minute"),
        (11, "amqp.urls.0"),
        (12, "amqp.max_held"),
    }
    told = "\n".join(str(problem) for problem in problems)
    assert "hush" not in told
    assert "drain_second: unknown key" in told
    assert f"{file.name}:4: error: grpc.listen" in told


def test_what_a_model_lacks_is_told_at_once(file: Path) -> None:
    file.write_text("models:\n  a: {provider: openai}\n  b: {provider: compatible}\n")

    problems = problems_of(None)

    assert [problem.line for problem in problems] == [2, 3]
    assert "the id of the model" in problems[0].message
    assert "${OPENAI_API_KEY}" in problems[0].message
    assert "base_url" in problems[1].message


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("grpc: [\n", 2, ""),
        ("grpc: {}\ngrpc: {}\n", 2, "appears twice"),
        ("- a\n", 1, "not a mapping"),
        ("tasks: &a b\n", 1, "anchors"),
    ],
)
def test_a_file_that_is_no_configuration_is_told_with_its_line(file: Path, text: str, line: int, message: str) -> None:
    file.write_text(text)

    (problem,) = problems_of(None)

    assert problem.line == line
    assert message in problem.message


def test_variables_go_before_the_file(file: Path) -> None:
    file.write_text("database: {url: 'sqlite:///file.db', lease_seconds: 30}\nlimits: {in_flight: 5}\n")

    settings = load_settings(None, {"ADAPTER_DATABASE__URL": "sqlite:///variable.db", "HOME": "/root"})

    assert settings.database.url.get_secret_value() == "sqlite:///variable.db"
    assert (settings.database.lease_seconds, settings.limits.in_flight) == (30, 5)


def test_variables_make_sections_that_the_file_has_not(file: Path) -> None:
    file.write_text("models: {default: {provider: simulated}}\n")
    environment = {
        "ADAPTER_AMQP__URLS": json.dumps(["amqp://a", "amqp://b"]),
        "ADAPTER_AMQP__MAX_HELD": "7",
        "ADAPTER_MODELS__CLOUD": json.dumps({"provider": "compatible", "base_url": "http://m/v1", "model": "m"}),
    }

    settings = load_settings(None, environment)

    assert settings.amqp is not None
    assert [url.get_secret_value() for url in settings.amqp.urls] == ["amqp://a", "amqp://b"]
    assert settings.amqp.max_held == 7
    assert sorted(settings.models) == ["cloud", "default"]


def test_a_variable_finds_a_name_with_capitals(file: Path) -> None:
    file.write_text("models: {Cloud: {provider: compatible, base_url: 'http://a/v1', model: m}}\n")

    settings = load_settings(None, {"ADAPTER_MODELS__CLOUD__BASE_URL": "http://b/v1"})

    assert settings.models["Cloud"].base_url == "http://b/v1"


def test_problems_of_variables_name_the_variable(file: Path) -> None:
    file.write_text("limits: {in_flight: 5}\n")
    environment = {
        "ADAPTER_LIMITS__IN_FLIGHT": "many",
        "ADAPTER_LIMIT__IN_FLIGHT": "5",
        "ADAPTER_AMQP__URLS": "amqp://not-a-list",
        "ADAPTER_FAILPOINTS": "for tests",
    }

    problems = problems_of(None, environment)

    assert {(problem.file, problem.line) for problem in problems} == {
        ("$ADAPTER_LIMITS__IN_FLIGHT", 0),
        ("$ADAPTER_LIMIT__IN_FLIGHT", 0),
        ("$ADAPTER_AMQP__URLS", 0),
    }


def test_numbers_with_a_fraction_stay_numbers(file: Path) -> None:
    file.write_text(
        "models:\n"
        "  default:\n"
        "    provider: compatible\n"
        "    base_url: http://a/v1\n"
        "    model: m\n"
        "    extra_body: {top_p: 0.9, n: 1, deep: [{x: 0.5}]}\n"
        "    price: {input: 0.25, output: '2.00'}\n"
        "    breaker: {probe_seconds: 0.5}\n"
    )

    model = load_settings(None, {}).models["default"]

    assert model.extra_body == {"top_p": 0.9, "n": 1, "deep": [{"x": 0.5}]}
    assert model.price is not None
    assert (str(model.price.input), str(model.price.output)) == ("0.25", "2.00")
    assert model.breaker.probe_seconds == 0.5


@pytest.mark.parametrize(
    "section",
    [
        "database: {heartbeat_seconds: 0}",
        "database: {heartbeat_seconds: 10, lease_seconds: 15}",
        "database: {url: 'mysql://host/db'}",
        "amqp: {urls: []}",
        "amqp: {urls: ['http://host']}",
        "amqp: {urls: ['amqp://host'], relay_poll_seconds: 0}",
        "http: {listen: '127.0.0.1:99999'}",
        "limits: {payload_bytes: 17000000}",
        "retention: {jobs: forever}",
        "drain_seconds: -1",
        "models: {default: {provider: simulated, latency: soon}}",
        "models: {default: {provider: simulated, faults: [nonesuch]}}",
        "models: {default: {provider: simulated, timeout_seconds: 0}}",
        "models: {default: {provider: compatible, model: m, base_url: 'host:80'}}",
        "models: {default: {provider: simulated, price: {input: -1, output: 1}}}",
    ],
)
def test_values_that_cannot_work_are_refused_at_once(file: Path, section: str) -> None:
    file.write_text(f"{section}\n")

    (problem,) = problems_of(None)

    assert problem.line == 1
    assert problem.message.partition(".")[0].partition(":")[0] == section.partition(":")[0]


def test_secrets_are_not_shown(file: Path) -> None:
    file.write_text(
        "database: {url: 'postgresql://user:hush@host/db'}\n"
        "amqp: {urls: ['amqp://user:hush@host']}\n"
        "models: {default: {provider: openai, model: m, api_key: hush, headers: {x-key: hush}, proxy: 'http://u:hush@p'}}\n"
    )

    assert "hush" not in repr(load_settings(None, {}))
