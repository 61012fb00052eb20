#!/bin/sh
# Make .venv from the lock files: `tools/environment.sh run` for the service, `tools/environment.sh dev` for tests too.
# POSIX sh. Every refusal is one sentence.
set -eu

refuse() {
    printf '%s\n' "make: $1" >&2
    exit 1
}

enough='import sys; sys.exit(sys.version_info < (3, 11))'
hint='Debian: apt install python3 python3-venv; macOS: brew install python@3.12'

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
        if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c "$enough" >/dev/null 2>&1; then
            printf '%s' "$candidate"
            return
        fi
    done
}

# In a subshell: a shell that cannot redirect a builtin ends at once, without a word.
if ! (mkdir -p .venv && : >.venv/.writable) 2>/dev/null; then
    refuse "The folder $(pwd) cannot be written, and the environment and the data belong in it."
fi
rm -f .venv/.writable

if ! .venv/bin/python -c "$enough" >/dev/null 2>&1; then
    python=$(find_python)
    if [ -z "$python" ]; then
        found=$("${PYTHON:-python3}" --version 2>/dev/null || printf 'no %s' "${PYTHON:-python3}")
        refuse "Python 3.11 or newer is needed; this machine has $found ($hint)."
    fi
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        refuse "This Python cannot make environments, its venv package is missing ($hint)."
    fi
    printf 'Making the environment in .venv …\n'
    "$python" -m venv --clear .venv || refuse "The environment could not be made with $python -m venv."
fi

uv=$(command -v uv || true)
install() {
    if [ -n "$uv" ]; then
        "$uv" pip install --quiet --python .venv/bin/python "$@"
    else
        .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
    fi
}

case ${1:-run} in
run) lock=requirements.lock ;;
dev) lock=requirements-dev.lock ;;
*) refuse "usage: tools/environment.sh run|dev" ;;
esac
printf 'Installing %s …\n' "$lock"
install --require-hashes -r "$lock" || refuse "The packages of $lock could not be installed; see above."
install --require-hashes -r requirements-build.lock || refuse "The build packages could not be installed; see above."
# From here nothing is fetched: what builds the package is installed above, with its hashes.
install --no-deps --no-build-isolation -e . || refuse "This project could not be installed in .venv; see above."
