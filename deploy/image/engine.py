"""A container engine for the check of the image: Docker where one answers, else podman with a storage of its own."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_STORAGE = """\
[storage]
driver = "overlay"
runroot = "{folder}/run"
graphroot = "{folder}/graph"
"""
# runc, because crun refuses machines with both kinds of cgroups; the limits are those that any machine allows.
_CONTAINERS = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
"""
_TAIL = 2000


class EngineError(Exception):
    """There is no engine, or it refused a command; says which and why."""


@dataclass(frozen=True)
class Engine:
    """How images are built and containers run. All of it on the network of this machine."""

    program: str
    build_options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, seconds: float = 600) -> str:
        """Run a command and return what it printed. Raises EngineError."""
        done = self.attempt(*arguments, seconds=seconds)
        if done.returncode:
            raise EngineError(f"{self.program} {' '.join(arguments)[:200]}:\n{done.stderr[-_TAIL:]}")
        return done.stdout.strip()

    def attempt(self, *arguments: str, seconds: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a command and return how it ended."""
        return subprocess.run(  # noqa: S603 - our own arguments
            [self.program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env=os.environ | dict(self.environment),
        )

    def build(self, folder: Path, tag: str, arguments: Mapping[str, str]) -> None:
        """Build the Dockerfile of a folder with build arguments."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        self("build", *self.build_options, "--network=host", *given, f"--tag={tag}", str(folder), seconds=1800)

    def has(self, image: str) -> bool:
        """True if the image is on this machine."""
        return self.attempt("image", "inspect", image).returncode == 0


def find_engine(folder: Path) -> Engine:
    """Return the engine of this machine; what podman stores is kept in folder. Raises EngineError."""
    docker = Engine("docker")
    if shutil.which("docker") and docker.attempt("info", seconds=30).returncode == 0:
        return docker
    if not shutil.which("podman"):
        raise EngineError("No Docker engine answers, and podman is not installed: deploy/setup/setup.sh containers")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "storage.conf").write_text(_STORAGE.format(folder=folder))
    (folder / "containers.conf").write_text(_CONTAINERS)
    environment = {
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "CONTAINERS_CONF": str(folder / "containers.conf"),
    }
    # Without the format of Docker the health check is left out of the image.
    options = ("--isolation=chroot", "--format=docker", "--pull=never")
    return Engine("podman", options, environment)


def python_image(engine: Engine, folder: Path, wanted: str) -> str:
    """Return the name of a base image that is on this machine: the one wanted, or where no registry is, a stand-in."""
    name = wanted if "/" in wanted else f"docker.io/library/{wanted}"
    if engine.has(name) or engine.attempt("pull", "--quiet", name).returncode == 0:
        return name
    suite = wanted.rpartition("-")[2]
    stand_in = f"localhost/python-stand-in:{suite}"
    if not engine.has(stand_in):
        _make_stand_in(engine, folder, suite, stand_in)
    return stand_in


def _make_stand_in(engine: Engine, folder: Path, suite: str, name: str) -> None:
    """Make a Debian with its own Python and this machine's certificates."""
    if not shutil.which("mmdebstrap"):
        raise EngineError("No registry has the base image. Name another with PYTHON_IMAGE=…, or install mmdebstrap.")
    archive = folder / f"{suite}.tar"
    folder.mkdir(parents=True, exist_ok=True)
    certificates = "/etc/ssl/certs/ca-certificates.crt"
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        "--include=ca-certificates,python3,python3-venv",
        "--customize-hook=ln -s python3 $1/usr/bin/python",
        *([f"--customize-hook=copy-in {certificates} /etc/ssl/certs"] if Path(certificates).exists() else []),
        suite,
        str(archive),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)  # noqa: S603 - our own
    if done.returncode:
        raise EngineError(f"No registry has the base image, and mmdebstrap made none:\n{done.stderr[-_TAIL:]}")
    engine("import", "--change=CMD /bin/sh", str(archive), name)
    archive.unlink()
