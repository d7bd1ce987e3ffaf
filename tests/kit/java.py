"""Java for tests: the JDK and Maven that `deploy/setup/setup.sh java` installs, compiling, running, jars."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

_LONGEST_SECONDS = 100
_POM = (
    "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>b</artifactId><version>1</version>"
    "<packaging>pom</packaging><dependencies>{}</dependencies></project>"
)
_DEPENDENCY = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"


@pytest.fixture(scope="session")
def java() -> None:
    """Ask for the tools; without them a loud skip at a desk, a failure in CI."""
    missing = [name for name in ("javac", "java", "mvn") if shutil.which(name) is None]
    if missing:
        message = f"no {', '.join(missing)} here. Run deploy/setup/setup.sh java."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(f"LOUD: no test of the exported Java ran: {message}")


def compile_java(sources: Sequence[Path], to: Path, *, release: int, class_path: Sequence[Path] = ()) -> None:
    """Compile with every warning an error; an old release itself is none."""
    arguments = ["--release", release, "-Xlint:all,-options", "-Werror", "-encoding", "US-ASCII", "-d", to]
    joined = os.pathsep.join(map(str, class_path))
    _run("javac", *arguments, *(["-cp", joined] if joined else []), *sources)


def run_java(main: str, *arguments: object, class_path: Sequence[Path]) -> str:
    """Run a class and return what it prints."""
    return _run("java", "-Dfile.encoding=UTF-8", "-cp", os.pathsep.join(map(str, class_path)), main, *arguments)


def jars_of_maven(to: Path, *coordinates: str) -> list[Path]:
    """Copy artifacts (group:name:version) with what they depend on, from Maven's own cache or Maven Central."""
    dependencies = "".join(_DEPENDENCY.format(*one.split(":")) for one in coordinates)
    to.mkdir(parents=True, exist_ok=True)
    (to / "pom.xml").write_text(_POM.format(dependencies))
    _run("mvn", "-q", "-B", "-ntp", "-f", to / "pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={to}")
    return sorted(to.glob("*.jar"))


def _run(*command: object) -> str:
    done = subprocess.run(  # noqa: S603 - a tool of Java with the test's own arguments
        [str(part) for part in command], capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False
    )
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"
    return done.stdout
