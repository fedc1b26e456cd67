#!/usr/bin/env bash
# Draws every preset again and prints the table of docs/fabrics.md.   docs/fabrics/redraw.sh build/release/bin/tutti
set -euo pipefail
tutti=${1:?usage: redraw.sh PATH-OF-TUTTI}
folder=$(dirname "$0")
"$tutti" topo --list | while read -r name ranks _ about; do
  "$tutti" topo --preset "$name" --svg "$folder/$name.svg" > /dev/null
  echo "| [\`$name\`](fabrics/$name.svg) | $ranks | $about |"
done
for machine in dgx-h100 one-nic-for-all; do
  "$tutti" topo --import "$folder/../../tests/data/machines/$machine.xml" --svg "$folder/machine-$machine.svg" > /dev/null
done
