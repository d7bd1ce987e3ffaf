"""task.yaml: what it may say, what it means when it says nothing, and where it is wrong."""

import pytest

from adapter.tasks.definition import TaskDefinition
from adapter.tasks.located_yaml import parse_located
from adapter.tasks.problem import TaskProblems
from adapter.tasks.read_model import read_model

# As printed in the documentation of task folders.
PRINTED = """\
task: classify-ticket                  # [a-z0-9-]{1,64}, not "unrouted"
version: 1.0.0                         # MAJOR: an output loses or gains an enum value, a field goes or becomes nullable, an input gets stricter;
summary: Routes a support ticket.      # MINOR: a new optional field; PATCH: the prompt
input:
  contract: contract.py:Ticket         # or  schema: input.schema.json
  assume: json                         # for payloads whose type says nothing
  formats:                             # what is accepted, and how each becomes the record
    json: {select: ""}                 # JSON Pointer of the one record
    xml: {select: /Envelope/Body/ticket, namespaces: ignore}
    # csv: {delimiter: ";", header: true, decimal: ",", charset: cp1252}
    # fixed-width: {layout: claim.layout.yaml, charset: cp273}
  map: {customer: KDNR-1, subject: BETREFF}       # record field: name in the payload (path or column), where they differ
output:
  contract: contract.py:Triage         # or  schema: output.schema.json
prompt: prompt.md
model: {use: [default], allow: [], max_output_tokens: 400, reasoning: none, seed: 7}
policy: {attempts: 5, repairs: 2, tokens: 12000, seconds: 60}
results: {body: document, also_exchange: false}
"""  # noqa: E501 - the example as it is printed
SMALLEST = """\
task: greet
version: 1.0.0
input: {schema: in.json, formats: {json: {}}}
output: {schema: out.json}
"""


def _read(text: str) -> TaskDefinition:
    return read_model(TaskDefinition, parse_located(text.encode(), "task.yaml"))


def _complaints(text: str) -> list[str]:
    with pytest.raises(TaskProblems) as caught:
        _read(text)
    return [str(problem) for problem in caught.value.problems]


def test_the_printed_example_is_read_as_printed() -> None:
    definition = _read(PRINTED)

    assert (definition.task, definition.version) == ("classify-ticket", "1.0.0")
    assert definition.input.contract == "contract.py:Ticket"
    assert definition.input.formats.names == ("json", "xml")
    assert definition.input.map == {"customer": "KDNR-1", "subject": "BETREFF"}
    assert definition.model.use == ("default",)
    assert (definition.model.max_output_tokens, definition.model.seed, definition.model.temperature) == (400, 7, None)
    assert (definition.policy.attempts, definition.policy.tokens, definition.policy.seconds) == (5, 12000, 60)
    assert (definition.results.body, definition.results.also_exchange) == ("document", False)


def test_a_definition_that_says_little_has_sensible_defaults() -> None:
    definition = _read(SMALLEST)

    assert definition.prompt == "prompt.md"
    assert definition.model.use == ("default",)
    assert definition.model.reasoning == "none"
    assert (definition.policy.repairs, definition.policy.attempts) == (2, 5)


def test_attempts_leave_room_for_repairs_and_two_more() -> None:
    assert _read(f"{SMALLEST}policy: {{repairs: 4}}\n").policy.attempts == 7


def test_the_only_format_is_assumed() -> None:
    assert _read(SMALLEST).input.assume == "json"


def test_one_of_several_formats_is_not_assumed() -> None:
    several = SMALLEST.replace("{json: {}}", "{json: {}, xml: {}}")

    assert _read(several).input.assume == ""


def test_an_unknown_key_is_refused_with_its_line_and_what_was_meant() -> None:
    text = PRINTED.replace("repairs: 2", "repair: 2")

    assert _complaints(text) == ['task.yaml:17: error: unknown key "policy.repair"; did you mean "repairs"?']


def test_an_unknown_key_far_from_any_other_is_told_which_there_are() -> None:
    [complaint] = _complaints(f"{SMALLEST}colour: red\n")

    assert complaint.startswith('task.yaml:5: error: unknown key "colour"; known here: input, model, output, policy')


def test_an_unknown_option_of_a_format_is_refused_with_its_line() -> None:
    text = SMALLEST.replace(
        "{schema: in.json, formats: {json: {}}}", "\n  schema: i\n  formats:\n    xml:\n      selekt: /a"
    )

    assert _complaints(text) == ['task.yaml:7: error: unknown key "input.formats.xml.selekt"; did you mean "select"?']


def test_everything_wrong_is_said_at_once() -> None:
    complaints = _complaints("task: Greet\nversion: 1\ninput: {formats: {json: {}}}\nmodel: {use: []}\n")

    assert len(complaints) == 5
    assert any('the key "output" is missing' in complaint for complaint in complaints)


@pytest.mark.parametrize("name", ["unrouted", "Greet", "a_b", "", "a" * 65, "ä", "a.b", "a\\n"])
def test_a_bad_task_name_is_refused(name: str) -> None:
    [complaint] = _complaints(SMALLEST.replace("task: greet", f'task: "{name}"'))

    assert complaint.startswith("task.yaml:1: error: task: ")


@pytest.mark.parametrize("version", ["1", "1.0", "1.0.0.0", "v1.0.0", "1.0.0-beta", "01.0.0", "1.0.x", "[1, 0, 0]"])
def test_a_bad_version_is_refused(version: str) -> None:
    [complaint] = _complaints(SMALLEST.replace("version: 1.0.0", f"version: {version}"))

    assert complaint == "task.yaml:2: error: version: a version is MAJOR.MINOR.PATCH, for example 1.0.0"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("model", "{use: [a, b, a]}", "a model is named twice"),
        ("model", "{max_output_tokens: 0}", "greater than or equal to 1"),
        ("model", "{max_output_tokens: '400'}", "valid integer"),
        ("model", "{reasoning: maximal}", "'none', 'minimal'"),
        ("model", "{temperature: 3}", "less than or equal to 2"),
        ("model", "{allow: ['a b']}", "should match pattern"),
        ("policy", "{repairs: -1}", "greater than or equal to 0"),
        ("policy", "{repairs: many}", "valid integer"),
        ("policy", "{attempts: 0}", "greater than or equal to 1"),
        ("results", "{body: xml}", "'document' or 'envelope'"),
        ("results", "{also_exchange: 1}", "valid boolean"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_its_line(key: str, value: str, said: str) -> None:
    [complaint] = _complaints(f"{SMALLEST}{key}: {value}\n")

    assert complaint.startswith(f"task.yaml:5: error: {key}.")
    assert said in complaint


@pytest.mark.parametrize("section", ["{}", "{schema: o.json, contract: 'contract.py:Out'}"])
def test_a_side_names_exactly_one_contract(section: str) -> None:
    [complaint] = _complaints(SMALLEST.replace("output: {schema: out.json}", f"output: {section}"))

    assert complaint.startswith("task.yaml:4: error: output: name either a contract")


@pytest.mark.parametrize("contract", ["contract.py", "contract:Out", "contract.py:Out.In", "../x y.py:A"])
def test_a_contract_is_a_file_and_a_class(contract: str) -> None:
    [complaint] = _complaints(SMALLEST.replace("{schema: out.json}", f"{{contract: '{contract}'}}"))

    assert "output.contract" in complaint


@pytest.mark.parametrize("name", ["pdf", "image"])
def test_formats_of_a_later_release_are_refused_by_name(name: str) -> None:
    [complaint] = _complaints(SMALLEST.replace("json: {}", f"{name}: {{}}"))

    assert f"{name}: not supported yet" in complaint


@pytest.mark.parametrize("text", ["- task\n", "just text\n"])
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    assert _complaints(text) == ["task.yaml:1: error: must be keys with values (a YAML mapping)"]
