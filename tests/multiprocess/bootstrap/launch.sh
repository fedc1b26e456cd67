#!/bin/bash
# launch.sh HOW PROGRAM: starts 4 ranks of the meeting program and checks what they say. 77: the launcher is not there.
set -u
how=$1
program=$2
ranks=4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TUTTI_INIT_TIMEOUT=20s

start_all() {  # start_all VARIABLE-OF-RANK... -- : one process a rank; %r stands for the rank
  local pids=() rank
  for ((rank = 0; rank < ranks; rank++)); do
    env "${@//%r/$rank}" "$program" "${arguments[@]}" >"$work/out.$rank" 2>&1 &
    pids+=($!)
  done
  wait "${pids[@]}"
  cat "$work"/out.*
}

expect_met() {  # expect_met SOURCE OUTPUT
  local rank
  for ((rank = 0; rank < ranks; rank++)); do
    grep -q "met: rank $rank of $ranks, source $1" <<<"$2" || { echo "rank $rank did not meet:"; echo "$2"; exit 1; }
  done
}

expect_lost() {  # expect_lost RANK OUTPUT
  [[ $(grep -c "lost: rank $1 " <<<"$2") == $((ranks - 1)) ]] || { echo "not all lost rank $1:"; echo "$2"; exit 1; }
}

port() { echo $((20000 + RANDOM % 10000)); }

arguments=()
case $how in
  openmpi)
    [[ -x ${OPENMPI_RUN:-} ]] || exit 77
    expect_met pmix "$("$OPENMPI_RUN" -n $ranks --allow-run-as-root --oversubscribe "$program" 2>&1)" ;;
  hydra)
    [[ -x ${HYDRA_RUN:-} ]] || exit 77
    expect_met pmi "$("$HYDRA_RUN" -n $ranks "$program" 2>&1)" ;;
  hydra_pmi2)
    [[ -x ${HYDRA_RUN:-} ]] || exit 77
    expect_met pmi "$("$HYDRA_RUN" -genv PMI_VERSION 2 -n $ranks "$program" 2>&1)" ;;
  file)
    expect_met TUTTI_RANK "$(start_all TUTTI_RANK=%r TUTTI_WORLD_SIZE=$ranks TUTTI_UNIQUE_ID_FILE="$work/id")"
    [[ ! -e $work/id ]] || { echo "the id file was left behind"; exit 1; } ;;
  stale_file)
    head -c 128 /dev/urandom >"$work/id"
    chmod 600 "$work/id"
    expect_met TUTTI_RANK "$(start_all TUTTI_RANK=%r TUTTI_WORLD_SIZE=$ranks TUTTI_UNIQUE_ID_FILE="$work/id")" ;;
  address)
    head -c 64 /dev/urandom >"$work/key"
    chmod 600 "$work/key"
    expect_met TUTTI_RANK "$(start_all TUTTI_RANK=%r TUTTI_WORLD_SIZE=$ranks TUTTI_ADDRESS=127.0.0.1:"$(port)" \
      TUTTI_KEY_FILE="$work/key" TUTTI_NODE_ID=node%r)" ;;
  torchrun)
    expect_met torchrun "$(start_all RANK=%r WORLD_SIZE=$ranks MASTER_ADDR=localhost MASTER_PORT="$(port)" \
      TORCHELASTIC_RUN_ID=test TORCHELASTIC_RESTART_COUNT=0 SLURM_PROCID=0 SLURM_NTASKS=1)" ;;
  killed)
    arguments=(die 2)
    expect_lost 2 "$(start_all TUTTI_RANK=%r TUTTI_WORLD_SIZE=$ranks TUTTI_UNIQUE_ID_FILE="$work/id")" ;;
  killed_rank_0)
    arguments=(die 0)
    expect_lost 0 "$(start_all TUTTI_RANK=%r TUTTI_WORLD_SIZE=$ranks TUTTI_UNIQUE_ID_FILE="$work/id" TUTTI_NODE_ID=node%r)" ;;
  alone)
    ranks=1
    expect_met none "$(start_all NOTHING=1)" ;;
esac
