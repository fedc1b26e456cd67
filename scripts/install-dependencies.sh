#!/usr/bin/env bash
# Installs the Debian 12 packages that are missing, and says which.
#   scripts/install-dependencies.sh          what building and running needs
#   scripts/install-dependencies.sh test     and what ./test.sh needs besides
set -euo pipefail

build=(g++ cmake ninja-build pkg-config libasio-dev libcli11-dev libfabric-dev libfmt-dev libhwloc-dev libhwy-dev libpmix-dev libpugixml-dev libsodium-dev
  libucx-dev libyaml-dev nlohmann-json3-dev)
test=(python3 googletest libgtest-dev clang clang-format clang-tidy libclang-rt-14-dev openmpi-bin libopenmpi-dev mpich libmpich-dev libgloo-dev gnuplot-nox
  libsimgrid-dev binutils procps iproute2 util-linux qemu-system-x86 busybox-static cpio rdma-core ibverbs-providers ucx-utils libfabric-bin)

case "${1:-build}" in
  build) wanted=("${build[@]}") ;;
  test) wanted=("${build[@]}" "${test[@]}") ;;
  *) echo "usage: $0 [build|test]" >&2; exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "dependencies: all ${#wanted[@]} packages are installed"
  exit 0
fi

echo "dependencies: installing ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo > /dev/null || { echo "dependencies: become root, or install sudo, to install them" >&2; exit 1; }
  as_root=(sudo)
fi
# MPI's packages ask for no configuration; a machine without network says so here and not in the middle of a build.
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
