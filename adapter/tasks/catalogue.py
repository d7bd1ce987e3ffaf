"""The loaded tasks, by name and version: which one a request means."""

import re
from collections.abc import Iterable, Mapping

from adapter.errors import TaskNotFound
from adapter.tasks.problem import Problem, TaskProblems
from adapter.tasks.task import Task

_REF = re.compile(r"(?P<name>[a-z0-9-]{1,64})(?:@(?P<version>[0-9]{1,6}(?:(?:\.[0-9]{1,6}){2})?))?\Z")
_SHOWN_NAMES = 20


class Catalogue:
    """Tasks by name, each in one or more versions. Never changes once built."""

    def __init__(self, tasks: Iterable[Task], default_versions: Mapping[str, int] | None = None) -> None:
        """default_versions: task name → major that a bare name means. Raises TaskProblems."""
        self._tasks: dict[str, dict[tuple[int, int, int], Task]] = {}
        self._defaults = dict(default_versions or {})
        problems = []
        for task in tasks:
            versions = self._tasks.setdefault(task.name, {})
            if version_key(task.version) in versions:
                problems.append(Problem(task.ref, 0, "two folders hold this version; raise one or remove one"))
            versions[version_key(task.version)] = task
        problems.extend(self._default_problems())
        if problems:
            raise TaskProblems(problems)

    def _default_problems(self) -> Iterable[Problem]:
        for name, major in self._defaults.items():
            majors = sorted({key[0] for key in self._tasks.get(name, {})})
            if major not in majors:
                known = f"loaded majors are {majors}" if majors else "no such task is loaded"
                yield Problem("default_versions", 0, f"{name}: {major} is not there; {known}")

    def names(self) -> tuple[str, ...]:
        """Every task name, sorted."""
        return tuple(sorted(self._tasks))

    def versions(self, name: str) -> tuple[Task, ...]:
        """Every version of a task, lowest first; () = no such task."""
        return tuple(task for _, task in sorted(self._tasks.get(name, {}).items()))

    def all(self) -> tuple[Task, ...]:
        """Every version of every task, by name, lowest version first."""
        return tuple(task for name in self.names() for _, task in sorted(self._tasks[name].items()))

    def resolve(self, ref: str) -> Task:
        """Find what `name`, `name@1` or `name@1.2.0` means. Raises TaskNotFound, which says what there is.

        A major means its highest version; a bare name means the default major, else the lowest.
        """
        match = _REF.match(ref)
        versions = self._tasks.get(match["name"], {}) if match else {}
        if not match or not versions:
            raise TaskNotFound(self._unknown(ref), metadata={"task": ref[:200]})
        found = self._pick(match["name"], match["version"] or "", versions)
        if found is None:
            loaded = ", ".join(task.version for task in self.versions(match["name"]))
            raise TaskNotFound(
                f"Task {match['name']} has no version {match['version']}. Loaded are: {loaded}.",
                metadata={"task": ref[:200]},
            )
        return found

    def _pick(self, name: str, version: str, versions: Mapping[tuple[int, int, int], Task]) -> Task | None:
        if "." in version:
            return versions.get(version_key(version))
        major = int(version) if version else self._defaults.get(name, min(versions)[0])
        candidates = [key for key in versions if key[0] == major]
        return versions[max(candidates)] if candidates else None

    def _unknown(self, ref: str) -> str:
        shown = ", ".join(self.names()[:_SHOWN_NAMES]) or "none"
        more = ", ..." if len(self._tasks) > _SHOWN_NAMES else ""
        return f"No task {ref[:80]!r} is loaded. Loaded are: {shown}{more}. Check the name, or deploy the task folder."


def version_key(version: str) -> tuple[int, int, int]:
    """MAJOR.MINOR.PATCH as numbers, in their order."""
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch
