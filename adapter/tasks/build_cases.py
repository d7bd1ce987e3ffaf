"""Reads one golden case with its payload."""

from email.message import Message
from pathlib import PurePosixPath

from adapter.tasks.cases import Case, CaseFile
from adapter.tasks.charsets import codec_name
from adapter.tasks.located_yaml import LocatedYaml, parse_located
from adapter.tasks.problem import TaskProblems
from adapter.tasks.read_model import read_model
from adapter.tasks.task_files import TaskFiles


def read_case(files: TaskFiles, name: str) -> Case:
    """Read a case file and the sample it names. Raises TaskProblems."""
    source = parse_located(files.files[name], files.label(name))
    case = read_model(CaseFile, source)
    return Case(
        name=PurePosixPath(name).stem,
        payload=_payload(files, name, source, case),
        content_type=case.content_type,
        expect_output=case.expect.output,
        expect_match=case.expect.match,
        expect_verdict=case.expect.verdict,
        expect_reason=case.expect.reason,
        reply=case.reply,
        tags=case.tags,
    )


def _payload(files: TaskFiles, name: str, source: LocatedYaml, case: CaseFile) -> bytes:
    if case.payload_file is not None:
        found = files.find(case.payload_file, beside=name)
        if found is None:
            message = f'payload_file: there is no file "{case.payload_file}" in the task folder (relative to the case)'
            raise TaskProblems([source.problem(("payload_file",), message)])
        return files.files[found]
    header = Message()
    header["content-type"] = case.content_type
    charset = header.get_content_charset("utf-8")
    codec = codec_name(charset)
    if codec is None:
        raise TaskProblems(
            [source.problem(("content_type",), f'content_type: "{charset}" is not a charset known here')]
        )
    try:
        return (case.payload or "").encode(codec)
    except UnicodeEncodeError as exc:
        message = f"payload: cannot be written in {charset}; take a payload_file"
        raise TaskProblems([source.problem(("payload",), message)]) from exc
