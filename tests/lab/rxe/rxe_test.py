"""Tutti over real RDMA verbs: the conformance suite and jobs, in a guest with Soft-RoCE. Right results only.

    python3 tests/lab/rxe/rxe_test.py build/release [FOLDER FOR THE KERNEL]
"""
import os
import pathlib
import re
import sys

import guest
import kernel

SKIPPED = 77

# Long messages take minutes under emulation, and a machine with other work multiplies that. Soft-RoCE's GIDs are IPv4's, which UCX 1.13 takes for a stranger's without the
# setting. libfabric's rxm asks for longer queues than Soft-RoCE has.
SETTINGS = """
export CONFORMANCE_LARGEST=1048576 CONFORMANCE_LIMIT=180
export UCX_UD_VERBS_ETH_DGID_CHECK=n UCX_NET_DEVICES=rxe0:1 UCX_KEEPALIVE_INTERVAL=2s
export FI_UNIVERSE_SIZE=16 FI_OFI_RXM_MSG_TX_SIZE=128 FI_OFI_RXM_MSG_RX_SIZE=128
"""


class Case:
    """One command of the guest, and what its output must have; an output line without it is told."""

    def __init__(self, name, command, expected):
        self.name, self.command, self.expected = name, command, expected

    def script(self):
        return f'echo; echo "case {self.name}"; {{ {self.command}; }} 2>&1 | tail -n 200; echo; echo "end {self.name}"'

    def judge(self, printed):
        found = re.search(rf"^case {re.escape(self.name)}$(.*?)^end {re.escape(self.name)}$", printed, re.S | re.M)
        if not found:
            return "the guest did not get to it"
        return "" if re.search(self.expected, found[1], re.M | re.S) else found[1].strip()


def job(name, settings, build, collective):
    command = (f"{settings} timeout 300 {build}/bin/tutti run -n 3 -- {build}/bin/tutti perf {collective} -b 1 -e 1M -f 32 "
               "-n 1 -w 0 -c 1 && echo it ends well")
    return Case(f"{collective} over {name}", command, r"# Out of bounds values : 0 OK.*^it ends well")


def experts(name, settings, build):
    """Three ranks on two nodes, so that rows go through a gateway; every row and result is compared."""
    command = (f"{settings} timeout 300 {build}/bin/tutti run -n 3 --nodes 2 -- {build}/bin/tutti perf moe --tokens 16 --hidden 256 "
               "--experts 7 --topk 3 --routing uniform,k-hot --route hierarchical -n 1 -w 0 -c 1 && echo it ends well")
    return Case(f"moe over {name}", command, r"# Results : OK.*^it ends well")


# Verbs take silence for a slow network: a peer that has gone is noticed after many retransmissions, half a minute or more,
# and later still under emulation. Jobs do not wait for that: the meeting's own connections tell them (`killed` below).
LATE_NOTICE = "*Vanished*:*Cancelled*:*Killed*:*HadSent*:*BeforeItLeft*:*WakesUpForTheDeath*:*Mismatch*"

FORKS = "*BetweenProcesses*"
ONE_THAT_FORKS = "Ucx/*ExchangesBetweenProcesses/ucx"


def killed(name, settings, build):
    """A rank dies in the middle of a long call: the others hear of it at once."""
    command = (f"{settings} timeout 300 {build}/bin/tutti run -n 3 -- {build}/bin/tutti perf all_reduce -b 1K -e 1K -n 10000000 "
               "-c 0 & sleep 8; kill -9 $(pgrep -f 'tutti perf' | tail -n 1); wait")
    return Case(f"a rank is killed over {name}", command, r"rank \d .*(is lost|killed by signal 9)")


def conformance(name, settings, build, chosen):
    """All in one process, and then the one that forks, in a process that has done nothing before it."""
    test = f"export {settings}; timeout 900 {build}/tests/conformance_test --gtest_brief=1 --gtest_filter="
    command = f"{test}'{chosen}:{FORKS}' && {test}'{ONE_THAT_FORKS}' && echo both end well"
    return Case(f"conformance over {name}", command, r"\A(?!.*FAILED).*^\[  PASSED  \] [1-9]\d* tests\..*^both end well")


def puts(name, settings, build, provider):
    """Each case in a process of its own: see below."""
    cases = ("PutsEverySize", "CountsManyPuts", "PutsPastMessages", "KeepsPuts", "HoldsPuts", "WritesNothingIntoAWindow")
    command = (f"export {settings}; for each in {' '.join(cases)}; do timeout 300 {build}/tests/conformance_test --gtest_brief=1 "
               f"--gtest_filter=Ofi/*$each*/{provider} || echo FAILED $each; done; echo all puts")
    return Case(f"puts over {name}", command, r"\A(?!.*FAILED).*^\[  PASSED  \] 1 test\..*^all puts")


def cases(build):
    ways = [("ucx rc_verbs", "UCX_TLS=rc_v,self TUTTI_TRANSPORTS=ucx", f"Ucx/*/ucx-{LATE_NOTICE}"),
            ("ucx ud_verbs", "UCX_TLS=ud_v,self TUTTI_TRANSPORTS=ucx", f"Ucx/*/ucx-{LATE_NOTICE}"),
            # No suite: libfabric 1.17 crashes in fi_close of an endpoint of verbs;ofi_rxm that has had hundreds of packets under
            # way at a time, and its verbs do not work in a fork of a process that has listed them, as the suite's are.
            ("ofi verbs;ofi_rxm", "TUTTI_TRANSPORTS=ofi", "")]
    for name, settings, chosen in ways:
        for collective in ("all_reduce", "all_to_all"):
            yield job(name, settings, build, collective)
        yield experts(name, settings, build)
        yield killed(name, settings, build)
        if chosen:
            yield conformance(name, settings, build, chosen)
    yield puts("ofi verbs;ofi_rxm", "TUTTI_TRANSPORTS=ofi", build, "verbs_ofi_rxm")


def main():
    build = os.path.abspath(sys.argv[1])
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else f"{build}/lab/kernel")
    why_not = guest.unavailable()
    if why_not:
        print(why_not)
        return SKIPPED
    todo = list(cases(build))
    try:
        booted = kernel.fetch(folder)
        script = SETTINGS + "\n".join(case.script() for case in todo)
        printed = guest.run(booted, script, build, timeout=2700, console=folder.parent / "rxe-console.log")
    except kernel.Unavailable as error:
        print(f"no kernel for the guest: {error}")
        return SKIPPED
    except guest.Failed as error:
        print(error)
        return 1
    bad = 0
    for case in todo:
        wrong = case.judge(printed)
        bad += bool(wrong)
        print(f"{'FAILED' if wrong else 'ok':6}  {case.name}")
        if wrong:
            print("        " + "\n        ".join(wrong.splitlines()[-60:]))
    print(f"{len(todo) - bad} of {len(todo)} cases are right")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
