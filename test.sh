#!/usr/bin/env bash
# Everything that must hold: tests in release, under ASan+UBSan and under TSan, format, clang-tidy, fuzz targets.
#   ./test.sh            all of it
#   ./test.sh --quick    the tests in release, and the format
# The last line is "N passed, N failed, N skipped" over everything. With CI=true a skip is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

quick=false
case "${1:-}" in
  "") ;;
  --quick) quick=true ;;
  *) echo "usage: $0 [--quick]" >&2; exit 2 ;;
esac

passed=0 failed=0 skipped=0
tidy_minutes=${TIDY_MINUTES:-8}  # what is not looked at by then is told
fuzz_seconds=${FUZZ_SECONDS:-5}  # for each target

stage() { printf '\n== %s (%s)\n' "$*" "$(date +%T)"; }
pass() { passed=$((passed + 1)); }
fail() { echo "FAILED: $*"; failed=$((failed + 1)); }
skip() { echo "skipped: $*"; skipped=$((skipped + 1)); }

# Runs a command as one check.
check() {
  local name=$1
  shift
  if "$@"; then pass; else fail "$name"; fi
}

# Adds what ctest has counted in a JUnit file, and says why a test was skipped.
count_tests() {
  local preset=$1 report=$2 counts
  counts=$(python3 scripts/count_tests.py "$preset" "$report") || { fail "$preset: no test report"; return; }
  echo "$counts" | sed '$d'
  read -r p f s <<< "$(echo "$counts" | tail -n 1)"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

run_preset() {
  local preset=$1 report=$PWD/build/$1/tests.xml
  stage "$preset: build"
  cmake --preset "$preset" -DTUTTI_TESTS=ON > "build/$preset.configure.log" 2>&1 || {
    cat "build/$preset.configure.log"
    fail "$preset: configure"
    return
  }
  if ! cmake --build --preset "$preset" -- --quiet; then fail "$preset: build"; return; fi
  stage "$preset: tests"
  rm -f "$report"
  ctest --preset "$preset" --parallel "$(nproc)" --output-junit "$report" --progress --no-tests=error || true
  count_tests "$preset" "$report"
}

sources() { git ls-files '*.c' '*.cpp' '*.h' '*.hpp'; }

check_format() {
  stage "format"
  check "clang-format (mend it with: git ls-files '*.c' '*.cpp' '*.h' '*.hpp' | xargs clang-format -i)" \
    bash -c 'git ls-files "*.c" "*.cpp" "*.h" "*.hpp" | xargs clang-format --dry-run --Werror'
}

check_tidy() {
  stage "clang-tidy"
  cmake --preset clang > build/clang.configure.log 2>&1 || { fail "clang: configure"; return; }
  check "clang-tidy" python3 scripts/tidy.py --build build/clang --minutes "$tidy_minutes"
}

run_fuzz_targets() {
  stage "fuzz: build"
  cmake --preset fuzz -DTUTTI_TESTS=ON > build/fuzz.configure.log 2>&1 || { fail "fuzz: configure"; return; }
  if ! cmake --build --preset fuzz --target fuzz_targets -- --quiet; then fail "fuzz: build"; return; fi
  stage "fuzz: ${fuzz_seconds} s each"
  local target name
  for target in build/fuzz/fuzz/*; do
    [ -x "$target" ] || continue
    name=$(basename "$target")
    mkdir -p "build/fuzz/corpus/$name"
    echo "$name"
    check "fuzz $name" fuzz "$target" "build/fuzz/corpus/$name"
  done
}

fuzz() {
  local log=$2.log
  "$1" -max_total_time="$fuzz_seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$2-" "$2" > "$log" 2>&1 || { tail -n 40 "$log"; return 1; }
}

stage "dependencies"
scripts/install-dependencies.sh test
mkdir -p build

run_preset release
check_format
if [ "$quick" = false ]; then
  run_preset asan
  run_preset tsan
  check_tidy
  run_fuzz_targets
fi

if [ "${CI:-}" = true ] && [ "$skipped" -gt 0 ]; then
  echo "CI=true: a skip counts as a failure"
  failed=$((failed + skipped)) skipped=0
fi
printf '\n'
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
