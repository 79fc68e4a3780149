#!/usr/bin/env bash
# Passes every test on a fresh Debian machine: installs what is missing, then lints, unit tests and
# end-to-end tests against real peers. Needs a Rust toolchain (rust-toolchain.toml) and root or sudo
# for missing Debian packages.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never

step() { printf '\n== %s (%ss)\n' "$1" "$SECONDS"; }

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

# A package by the command that it brings.
need() { # need COMMAND PACKAGE
  command -v "$1" >/dev/null || missing+=("$2")
}

step 'Debian packages'
missing=()
need gcc gcc
need make make
need python3 python3
need logger bsdutils
need curl curl
need openssl openssl
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
if ! command -v squid >/dev/null && [ ! -x /usr/sbin/squid ]; then
  missing+=(squid)
fi
if ! command -v nginx >/dev/null && [ ! -x /usr/sbin/nginx ]; then
  missing+=(nginx-light)
fi
need caddy caddy
need c-icap-client c-icap
if [ "${#missing[@]}" -gt 0 ]; then
  # Services must not start by themselves: tests start what they need on loopback.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod +x "$policy"
    trap 'as_root rm -f "$policy"' EXIT
  fi
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
command -v cargo >/dev/null || { echo 'cargo is missing: install Rust with rustup' >&2; exit 1; }

step 'cargo-nextest'
cargo nextest --version >/dev/null 2>&1 || cargo install cargo-nextest --locked

step 'Python packages'
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
# mitmproxy wants other versions of some packages.
[ -x .venv-mitmproxy/bin/python ] || python3 -m venv .venv-mitmproxy
.venv-mitmproxy/bin/pip install --quiet --disable-pip-version-check -r tests/requirements-mitmproxy.txt
# LiteLLM's proxy, too; it takes a minute and 750 MB.
[ -x .venv-litellm/bin/python ] || python3 -m venv .venv-litellm
.venv-litellm/bin/pip install --quiet --disable-pip-version-check -r tests/requirements-litellm.txt

step 'formatting'
cargo fmt --all --check

step 'lints'
cargo clippy --workspace --all-targets --locked -- -D warnings

step 'unit tests'
cargo nextest run --workspace --locked

step 'the program'
cargo build --locked --bin magistrate

step 'end-to-end tests, the yardstick of redaction, the training corpus'
MAGISTRATE_BIN="$PWD/target/debug/magistrate" .venv/bin/python -m pytest "$@"
step 'done'
