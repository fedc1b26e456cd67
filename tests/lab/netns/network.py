"""Several hosts on one machine: network namespaces, joined by links of a given rate.

    with Network(hosts=4, nics=2, rate="1gbit") as network:
        process = network.start(host=0, argv=["ip", "address"])

Each host has the interfaces eth0, eth1, ...: one per rail, and each rail is a switch of its own. `rate` holds in each
direction of each link, and nothing is delayed on purpose: the wire is the limit and not the processor.

All that is made carries the id of the process that made it, and goes when the `with` ends, by whatever signal that can be
caught. What a `kill -9` leaves behind is removed when the next network is made.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import time

PREFIX = "tutti-lab-"
NAMESPACES = pathlib.Path("/run/netns")


class Unavailable(Exception):
    """This machine does not let us make networks; the text says why."""


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable(f"ip {' '.join(words)}: {done.stderr.strip()}")


def tc(*words):
    done = subprocess.run(["tc", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable(f"tc {' '.join(words)}: {done.stderr.strip()}")


def remove_leftovers():
    """Removes the namespaces of makers that live no more."""
    if not NAMESPACES.exists():
        return
    for namespace in NAMESPACES.iterdir():
        maker = re.fullmatch(re.escape(PREFIX) + r"(\d+)-\w+", namespace.name)
        if maker and not os.path.exists(f"/proc/{maker[1]}"):
            subprocess.run(["ip", "netns", "delete", namespace.name], capture_output=True)


class Network:
    """Makes the hosts at `with`. `slow` maps (host, nic) to another rate than `rate`; no rate: as fast as it goes.
    `joined`: all NICs of all hosts are on one switch and in one network, and not on a rail each."""

    def __init__(self, hosts, nics=1, rate="1gbit", slow=None, joined=False):
        self.hosts, self.nics, self.rate, self.slow, self.joined = hosts, nics, rate, slow or {}, joined
        self.processes = []
        self.switch = f"{PREFIX}{os.getpid()}-switch"

    def name(self, host):
        return f"{PREFIX}{os.getpid()}-h{host}"

    def address(self, host, nic=0):
        if self.joined:
            return f"10.77.{64 * nic + host // 250}.{host % 250 + 1}"
        return f"10.{77 + nic}.{host // 250}.{host % 250 + 1}"

    def __enter__(self):
        if os.geteuid() != 0:
            raise Unavailable("only root can make network namespaces")
        remove_leftovers()
        self.signals = {number: signal.signal(number, self.interrupted)
                        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            self.make()
        except BaseException:
            self.__exit__()
            raise
        return self

    @staticmethod
    def interrupted(number, _):
        raise SystemExit(128 + number)

    def make(self):
        ip("netns", "add", self.switch)
        for nic in range(self.nics):
            ip("-n", self.switch, "link", "add", f"rail{nic}", "type", "bridge", "mcast_snooping", "0")
            ip("-n", self.switch, "link", "set", f"rail{nic}", "up")
        for host in range(self.hosts):
            ip("netns", "add", self.name(host))
            ip("-n", self.name(host), "link", "set", "lo", "up")
            for nic in range(self.nics):
                self.connect(host, nic)

    def connect(self, host, nic):
        inner, outer = (self.name(host), f"eth{nic}"), (self.switch, f"h{host}n{nic}")
        ip("-n", inner[0], "link", "add", inner[1], "type", "veth", "peer", "name", outer[1], "netns", outer[0])
        ip("-n", inner[0], "address", "add", f"{self.address(host, nic)}/16", "dev", inner[1])
        ip("-n", outer[0], "link", "set", outer[1], "master", "rail0" if self.joined else f"rail{nic}")
        rate = self.slow.get((host, nic), self.rate)
        for namespace, device in (inner, outer):
            if rate:
                tc("-n", namespace, "qdisc", "add", "dev", device, "root", "tbf", "rate", rate, "burst", "128kb",
                   "limit", "4mb")
            ip("-n", namespace, "link", "set", device, "up")
        if self.joined:
            self.keep_apart(host, nic)

    def keep_apart(self, host, nic):
        """What leaves from a NIC's address, or for another host's NIC of its number, leaves through that NIC, and it alone answers for
        its address: as one sets up hosts with several NICs in one network."""
        table, namespace = str(100 + nic), self.name(host)
        ip("-n", namespace, "route", "add", "10.77.0.0/16", "dev", f"eth{nic}", "table", table)
        ip("-n", namespace, "rule", "add", "from", self.address(host, nic), "table", table)
        ip("-n", namespace, "route", "add", f"10.77.{64 * nic}.0/18", "dev", f"eth{nic}")
        settings = "cd /proc/sys/net/ipv4/conf/all && echo 1 > arp_ignore && echo 2 > arp_announce"
        subprocess.run(["ip", "netns", "exec", namespace, "sh", "-c", settings], check=True)

    def start(self, host, argv, **options):
        """Starts a process on a host, whose /sys is the host's own. It ends with this one, however this one ends."""
        words = ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", self.name(host), *map(str, argv)]
        process = subprocess.Popen(words, **options)
        self.processes.append(process)
        return process

    def carried(self, host, nic):
        """Bytes that a NIC has sent so far."""
        shown = subprocess.run(["ip", "-json", "-stats", "-n", self.name(host), "link", "show", f"eth{nic}"],
                               capture_output=True, text=True, check=True).stdout
        return json.loads(shown)[0]["stats64"]["tx"]["bytes"]

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        end = time.monotonic() + 3
        for process in self.processes:
            try:
                process.wait(max(0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for name in [self.name(host) for host in range(self.hosts)] + [self.switch]:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)
        for number, handler in self.signals.items():
            signal.signal(number, handler)
