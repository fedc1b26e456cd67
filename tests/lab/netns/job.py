"""Starts one job over the hosts of a network, as a launcher of a cluster would: a process a rank, and an identity in its
environment."""
import os
import pathlib
import subprocess
import tempfile
import time


class Failed(Exception):
    """A rank ended with another status than 0, or the job took too long; the text says which."""


def run(network, ranks_per_host, argv, environment=None, timeout=300, show=False):
    """Runs `argv` on every rank and returns what rank 0 printed. The others' errors are part of Failed."""
    with tempfile.TemporaryDirectory(prefix="tutti-lab-") as folder:
        world = network.hosts * ranks_per_host
        errors = [open(pathlib.Path(folder) / f"rank{rank}", "w+") for rank in range(world)]
        processes = []
        for rank in range(world):
            host = rank // ranks_per_host
            variables = dict(os.environ, TUTTI_RANK=str(rank), TUTTI_WORLD_SIZE=str(world),
                             TUTTI_UNIQUE_ID_FILE=f"{folder}/id", TUTTI_NODE_ID=f"host{host}", **(environment or {}))
            out = None if show and rank == 0 else subprocess.PIPE if rank == 0 else subprocess.DEVNULL
            processes.append(network.start(host, argv, env=variables, stdout=out, stderr=errors[rank], text=True))
        try:
            return collect(processes, errors, timeout)
        finally:
            for process in processes:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            for file in errors:
                file.close()


def collect(processes, errors, timeout):
    end = time.monotonic() + timeout
    try:
        printed, _ = processes[0].communicate(timeout=timeout)
        for process in processes:
            process.wait(max(1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        late = [rank for rank, process in enumerate(processes) if process.poll() is None]
        raise Failed(f"ranks {late} did not end within {timeout} s\n{said(errors)}") from None
    bad = {rank: process.returncode for rank, process in enumerate(processes) if process.returncode != 0}
    if bad:
        raise Failed(f"ended with another status than 0: {bad} (rank: status)\n{said(errors)}")
    return printed


def said(errors):
    lines = []
    for rank, file in enumerate(errors):
        file.seek(0)
        lines += [f"rank {rank}: {line.rstrip()}" for line in file.readlines()[-5:]]
    return "\n".join(lines)
