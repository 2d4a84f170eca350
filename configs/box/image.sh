#!/bin/sh
# Builds the image. `image.sh context` writes what it is built from to artifacts/image; `image.sh build`
# also makes a base of Debian packages and builds on it, without a registry (as root).
# IMAGE: its name; PYTHON_OF_BASE: the Python of the base, for which wheels are fetched; SUITE: of Debian.
set -eu
project=$(cd "$(dirname "$0")/../.." && pwd)
context=$project/artifacts/image
image=${IMAGE:-run_fno_paper:local}
suite=${SUITE:-bookworm}
python_of_base=${PYTHON_OF_BASE:-3.11}
pip="$project/.venv/bin/python -m pip --disable-pip-version-check --quiet"

write_context() { # the wheel of this tree, the lock, the Dockerfile; no library
    rm -rf "$context"
    mkdir -p "$context/wheels"
    cp "$project/configs/box/Dockerfile" "$project/configs/box/requirements.lock" "$context"
    $pip wheel --no-deps --no-build-isolation --wheel-dir "$context/wheels" "$project"
}

fetch_libraries() {
    $pip download --require-hashes --no-deps --only-binary :all: --python-version "$python_of_base" \
        --dest "$context/wheels" --requirement "$context/requirements.lock"
}

make_base() { # FILE: Python and what it needs, without documentation
    mmdebstrap --quiet --format=tar --variant=essential --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --include=usr-is-merged,python3,python3-venv,libstdc++6,ca-certificates,tzdata \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' "$suite" "$1"
}

build() {
    for program in mmdebstrap buildah; do
        command -v "$program" > /dev/null || {
            echo "image: $program is not here (Debian: apt-get install mmdebstrap buildah); with docker or podman build it from artifacts/image, see docs/RUNBOOK.md" >&2
            exit 1
        }
    done
    write_context
    fetch_libraries
    base=$project/artifacts/image-base.tar
    [ -s "$base" ] || { make_base "$base.part" && mv "$base.part" "$base"; }
    printf 'FROM scratch\nADD image-base.tar /\n' | buildah --storage-driver vfs bud --isolation chroot \
        --quiet --tag "localhost/run_fno_paper-base:$suite" --file - "$project/artifacts"
    buildah --storage-driver vfs bud --isolation chroot --format docker --pull-never \
        --build-arg "BASE=localhost/run_fno_paper-base:$suite" --build-arg PIP_NO_INDEX=1 \
        --tag "$image" "$context"
    buildah --storage-driver vfs images "$image"
}

case ${1:-build} in
    context) write_context && echo "wrote $context" ;;
    build) build ;;
    *) echo "image: expected context or build" >&2; exit 1 ;;
esac
