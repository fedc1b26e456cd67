#!/usr/bin/env bash
# Installs the built tree into an empty prefix, moves it, and builds and runs programs against it, as a user would.
set -euo pipefail
build=$1 sources=$2 cc=$3 cxx=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/first" > "$work/install.log"
prefix=$work/moved
mv "$work/first" "$prefix"
libdir=$(dirname "$(find "$prefix" -name 'libtutti.so' -print -quit)")

echo "== files"
for file in bin/tutti include/tutti/tutti.h include/tutti/tutti.hpp; do
  test -e "$prefix/$file" || { echo "not installed: $file"; exit 1; }
done
test -e "$libdir/libtutti.so.0"
readelf -d "$libdir/libtutti.so" | grep -q 'SONAME.*libtutti.so.0'

echo "== libraries that it needs: those of docs/linking.md, the language's own, and a sanitizer's"
needed=$(readelf -d "$libdir/libtutti.so" | sed -n 's/.*NEEDED.*\[\(.*\)\.so.*\]/\1/p' | sort)
stray=$(echo "$needed" | grep -vxE 'ld-linux.*|libc|libm|libgcc_s|libstdc\+\+|lib(a|t|ub)san|libsodium|libhwy|libpugixml|libhwloc' || true)
test -z "$stray" || { echo "needed, but not documented: $stray"; exit 1; }

echo "== symbols"
stray=$(nm -D --defined-only "$libdir/libtutti.so" | awk '{print $NF}' | grep -v '^tutti[A-Z]' || true)
test -z "$stray" || { echo "exported, but not ours: $stray"; exit 1; }
declared=$(grep -oE '\btutti[A-Z][A-Za-z]+\(' "$prefix/include/tutti/tutti.h" | tr -d '(' | sort -u)
defined=$(nm -D --defined-only "$libdir/libtutti.so" | awk '{print $NF}' | sed 's/@.*//' | sort -u)
missing=$(comm -23 <(echo "$declared") <(echo "$defined"))
test -z "$missing" || { echo "declared, but not exported: $missing"; exit 1; }

echo "== find_package"
mkdir "$work/consumer"
cp "$sources"/all_reduce.{c,cpp} "$work/consumer/"
cp "$sources/consumer.cmake" "$work/consumer/CMakeLists.txt"
cmake -S "$work/consumer" -B "$work/consumer/build" -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" > "$work/configure.log" || { cat "$work/configure.log"; exit 1; }
cmake --build "$work/consumer/build"
"$work/consumer/build/in_c"
"$work/consumer/build/in_cpp"

echo "== pkg-config"
export PKG_CONFIG_PATH=$libdir/pkgconfig
read -ra flags <<< "$(pkg-config --cflags --libs tutti)"
pkg-config --atleast-version=0.1.0 tutti
"$cc" -std=c11 -D_GNU_SOURCE "$sources/all_reduce.c" -o "$work/pc_c" "${flags[@]}" -pthread
"$cxx" -std=c++20 "$sources/all_reduce.cpp" -o "$work/pc_cpp" "${flags[@]}" -pthread
LD_LIBRARY_PATH=$libdir "$work/pc_c"
LD_LIBRARY_PATH=$libdir "$work/pc_cpp"

echo "== command"
"$prefix/bin/tutti" --version
