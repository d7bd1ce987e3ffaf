"""Runs a contract.py: the operator's own code, trusted, in a module that nothing else imports by accident."""

import hashlib
import sys
import traceback
from types import ModuleType

from adapter.tasks.problem import Problem, TaskProblems


def execute_contract(code: bytes, path: str, label: str) -> ModuleType:
    """Execute the code of a contract. path: where it really is; label: how problems call it. Raises TaskProblems.

    sys.path stays as it is: a contract imports what is installed, never its neighbours. The module is registered
    under its content, since pydantic looks forward references up there.
    """
    content = hashlib.sha256(path.encode() + code).hexdigest()
    name = f"llm_adapter_contract_{content[:16]}"
    module = ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    try:
        exec(compile(code, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the operator's own code
    except BaseException as exc:
        del sys.modules[name]
        if isinstance(exc, Exception | SystemExit):
            raise TaskProblems([_problem(exc, path, label)]) from exc
        raise
    return module


def _problem(error: BaseException, path: str, label: str) -> Problem:
    if isinstance(error, SyntaxError) and error.filename == path:
        return Problem(label, error.lineno or 0, f"is not valid Python: {error.msg}")
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    said = str(error).partition("\n")[0][:300]
    return Problem(label, (lines[-1] if lines else 0) or 0, f"cannot be executed: {type(error).__name__}: {said}")
