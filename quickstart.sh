#!/usr/bin/env bash
# From a fresh clone to a measured all-reduce: installs what is missing, builds, and runs 2 ranks on this machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

stage() { printf '\n== %s\n' "$*"; }

stage "1/3 dependencies"
scripts/install-dependencies.sh build

stage "2/3 build (release, into build/release)"
# Tests are left out only where nothing was configured yet: a developer's build folder stays as it is.
[ -f build/release/CMakeCache.txt ] || cmake --preset release -DTUTTI_TESTS=OFF > /dev/null
cmake --build --preset release

stage "3/3 all-reduce of 8 B to 64 MiB over 2 ranks, every result checked"
command=(build/release/bin/tutti run -n 2 -- build/release/bin/tutti perf all_reduce -b 8 -e 64M -f 2)
echo "\$ ${command[*]}"
"${command[@]}"

stage "done: 'build/release/bin/tutti --help' shows what else there is; docs/getting-started.md goes on from here"
