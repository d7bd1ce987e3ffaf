"""Generate clients/python/src/llm_adapter/v1 from the proto files; run it with the Python of `.venv`.

`--check` writes nothing and fails when the committed code differs; `--release` also freezes the contract as
released.binpb, which `buf breaking proto --against proto/released.binpb` compares with.
"""  # noqa: INP001 - a command beside the proto files, not a package

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

PROTO = Path(__file__).resolve().parent
TARGET = PROTO.parent / "clients" / "python" / "src"
PACKAGE = Path("llm_adapter") / "v1"
RELEASED = PROTO / "released.binpb"
TOOLS = Path(sys.executable).parent


def compile_into(directory: Path) -> None:
    """Write messages for every proto file and stubs for every service, each with its types."""
    files = sorted(PROTO.glob("llm_adapter/**/*.proto"))
    services = [path for path in files if path.stem.endswith("_service")]
    compile_files(files, f"--python_out={directory}", f"--mypy_out=quiet:{directory}")
    compile_files(services, f"--grpc_python_out={directory}", f"--mypy_grpc_out=quiet:{directory}")


def compile_files(files: list[Path], *outputs: str) -> None:
    """Run protoc; its plugins come from the same environment as this Python."""
    plugins = [f"--plugin={name}={TOOLS / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", *plugins, *outputs, *map(str, files)]
    subprocess.run(command, check=True)  # noqa: S603 - fixed arguments, no shell


def generated_in(directory: Path) -> dict[str, bytes]:
    """Return the generated files by name; the package's own files are not among them."""
    return {path.name: path.read_bytes() for path in sorted((directory / PACKAGE).glob("*_pb2*.py*"))}


def replace(wanted: dict[str, bytes], present: dict[str, bytes]) -> None:
    """Make the committed files what was generated."""
    for name in present.keys() - wanted.keys():
        (TARGET / PACKAGE / name).unlink()
    for name, content in wanted.items():
        (TARGET / PACKAGE / name).write_bytes(content)


def main() -> int:
    """Generate or check; return 1 when the check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the committed code differs")
    parser.add_argument("--release", action="store_true", help="freeze the contract as released.binpb")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        compile_into(Path(name))
        wanted = generated_in(Path(name))
    present = generated_in(TARGET)
    if options.check:
        stale = sorted(file for file in wanted.keys() | present.keys() if wanted.get(file) != present.get(file))
        if stale:
            sys.stderr.write(f"not as generated: {', '.join(stale)}; run .venv/bin/python proto/generate.py\n")
        return 1 if stale else 0
    replace(wanted, present)
    if options.release:
        subprocess.run([TOOLS / "buf", "build", PROTO, "-o", RELEASED], check=True)  # noqa: S603 - as above
    return 0


if __name__ == "__main__":
    sys.exit(main())
