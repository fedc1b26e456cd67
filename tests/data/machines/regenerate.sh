#!/usr/bin/env bash
# Writes the machines, and what `tutti topo` shows of each, again. Read the differences before you commit them.
#   tests/data/machines/regenerate.sh build/release/bin/tutti
set -euo pipefail
tutti=${1:?usage: regenerate.sh PATH-OF-TUTTI}
folder=$(dirname "$0")
python3 "$folder/generate.py"
for machine in "$folder"/*.xml; do
  "$tutti" topo --import "$machine" > "${machine%.xml}.txt"
  "$tutti" topo --import "$machine" --json > "${machine%.xml}.json"
done
