"""The keys file: what it says of clients, and what is wrong with it."""

from hashlib import sha256
from pathlib import Path

import pytest

from adapter.domain.client import Client, Rate, Role
from adapter.outbound.keys_file import read_keys
from adapter.service.clients import ClientDirectory, KnownClient
from adapter.tasks.problem import TaskProblems

KEY = "never-show-7c1e"
DIGEST = sha256(KEY.encode()).hexdigest()
OTHER = sha256(b"another").hexdigest()


def read(folder: Path, text: str) -> tuple[KnownClient, ...]:
    file = folder / "keys.yaml"
    file.write_text(text)
    return read_keys(file)


def problems_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(TaskProblems) as found:
        read(folder, text)
    return [str(problem).removeprefix(f"{folder}/") for problem in found.value.problems]


def test_a_client_has_everything_the_file_says(tmp_path: Path) -> None:
    (known,) = read(
        tmp_path,
        f"- name: crm\n  key_sha256: {DIGEST.upper()}\n  amqp_user: svc_crm\n  tasks: [classify-ticket]\n"
        "  certificate: {subject: 'CN=crm,O=Acme'}\n  rate: 60/min\n  role: operator\n  jwt_client: CRM@corp\n",
    )

    assert known.client == Client("crm", frozenset({"classify-ticket"}), Rate(60, 60.0), Role.OPERATOR)
    assert (known.key_sha256, known.amqp_users) == ([DIGEST], ["svc_crm"])
    assert (known.certificate_names, known.jwt_clients) == (["CN=crm,O=Acme"], ["CRM@corp"])


def test_a_name_is_enough_and_may_use_every_task(tmp_path: Path) -> None:
    (known,) = read(tmp_path, "- name: crm\n")

    assert known.client == Client("crm", None, None, Role.CLIENT)
    assert known.client.may_use("anything")


def test_a_client_may_have_several_of_each(tmp_path: Path) -> None:
    certificates = f"certificate: [{{san: a.corp}}, {{sha256: '{':'.join([OTHER[:2], OTHER[2:]])}'}}]"
    (known,) = read(tmp_path, f"- {{name: crm, key_sha256: [{DIGEST}, {OTHER}], amqp_user: [a, b], {certificates}}}\n")

    assert known.key_sha256 == [DIGEST, OTHER]
    assert (known.certificate_names, known.certificate_sha256) == (["a.corp"], [OTHER])
    assert [ClientDirectory([known]).by_amqp_user(user) for user in ("a", "b")] == ["crm", "crm"]


@pytest.mark.parametrize(
    ("text", "rate"),
    [("60/min", Rate(60, 60)), ("5/s", Rate(5, 1)), ("1000 / 10m", Rate(1000, 600)), ("9/hour", Rate(9, 3600))],
)
def test_a_rate_is_requests_in_a_time(tmp_path: Path, text: str, rate: Rate) -> None:
    assert read(tmp_path, f"- {{name: crm, rate: {text}}}\n")[0].client.rate == rate


def test_everything_wrong_is_told_with_its_line_and_never_with_a_key(tmp_path: Path) -> None:
    told = problems_of(
        tmp_path,
        f"- name: Sales Dept\n  key_sha256: {KEY}\n"
        f"- name: crm\n  rate: fast\n  role: root\n  key: {KEY}\n  task: [x]\n",
    )

    assert [line.partition(": error: ")[0] for line in told] == [f"keys.yaml:{number}" for number in (1, 2, 4, 5, 6, 7)]
    assert "digests, never a key" in told[1]
    assert 'did you mean "tasks"' in told[5]
    assert KEY not in "".join(told)


@pytest.mark.parametrize(
    ("shared", "line"),
    [
        ("name: crm", 1),
        (f"key_sha256: {DIGEST}", 2),
        ("amqp_user: [svc]", 2),
        ("certificate: {san: crm.corp}", 2),
        ("jwt_client: x", 2),
    ],
)
def test_what_two_clients_have_in_common_is_refused(tmp_path: Path, shared: str, line: int) -> None:
    one = f"- {shared}\n  tasks: []\n" if shared.startswith("name") else f"- name: one\n  {shared}\n"

    told = problems_of(tmp_path, one + one.replace("one", "two"))

    assert [text.split(":")[1] for text in told] == [str(line), str(line + 2)]
    assert "each needs its own" in told[0]


@pytest.mark.parametrize("text", ["clients: []\n", "just words\n", "- [a]\n", "{"])
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    assert problems_of(tmp_path, text)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TaskProblems, match=r"none\.yaml.*cannot be read"):
        read_keys(tmp_path / "none.yaml")
