#!/bin/sh
# Draws the pictures of this folder again: docs/algorithms/redraw.sh [path of tutti]. Run it where the pictures are to be.
set -eu
tutti=${1:-tutti}
draw() {
  picture=$1
  shift
  "$tutti" plan "$@" --svg "$picture.svg" > /dev/null
}
draw one_shot all_reduce --bytes 4K --ranks 5 --algo one_shot
draw two_shot all_reduce --bytes 256K --ranks 5 --algo two_shot
draw binomial broadcast --bytes 4K --ranks 8 --root 2 --algo binomial
draw chain broadcast --bytes 64M --ranks 8 --algo chain
draw ordered_chain all_reduce --bytes 64M --ranks 6 --algo ordered_chain
draw double_tree all_reduce --bytes 64M --ranks 10 --algo double_tree
draw scatter_circulant broadcast --bytes 64M --ranks 8 --algo scatter_circulant
draw recursive_doubling all_reduce --bytes 8 --ranks 10 --algo recursive_doubling
draw rabenseifner all_reduce --bytes 1M --ranks 8 --algo rabenseifner
draw circulant all_reduce --bytes 1M --ranks 11 --algo circulant
draw bruck all_gather --bytes 64K --ranks 9 --algo 'bruck(3)'
draw pat all_gather --bytes 64K --ranks 11 --algo pat
draw ring all_reduce --bytes 64M --ranks 6 --algo ring
draw bidirectional_ring all_reduce --bytes 64M --ranks 6 --algo bidirectional_ring
draw swing all_reduce --bytes 1M --ranks 8 --algo swing
draw bucket all_reduce --bytes 64M --levels 3x3 --algo bucket
draw all_to_all_pairwise all_to_all --bytes 1M --ranks 6 --algo pairwise
draw all_to_all_bruck all_to_all --bytes 4K --ranks 8 --algo bruck
draw all_to_all_rail all_to_all --bytes 64K --levels 4x3 --algo rail
draw dissemination barrier --ranks 11
draw composed all_reduce --bytes 1M --levels 4x3 --algo 'circulant>ring'
draw ragged all_reduce --bytes 64K --levels 3+5 --algo 'two_shot>recursive_doubling'
draw leaders all_reduce --bytes 8 --levels 4x3 --algo 'binomial>recursive_doubling'
draw striped all_reduce --bytes 64M --levels 8x4 --algo '3*circulant>ring|ring@1>circulant@0'
draw cluster all_reduce --bytes 1G --ranks 98304
