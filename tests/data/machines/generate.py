#!/usr/bin/env python3
"""Writes hwloc 2 XML of realistic machines, as lstopo would: tests/data/machines/NAME.xml.

hwloc's synthetic strings know no I/O, so these are written here: processors, memory, PCI switches, NICs, accelerators.
"""
import pathlib

HERE = pathlib.Path(__file__).parent
NIC, IB, GPU3D, ACCELERATOR, BRIDGE = "0200", "0207", "0302", "1200", "0604"
NETWORK, OPENFABRICS, COPROC = 2, 3, 5


def mask(bits):
    """hwloc's text of a set: words of 32 bits, the highest first."""
    value = sum(1 << bit for bit in bits)
    words = []
    while True:
        words.append(f"0x{value & 0xffffffff:08x}")
        value >>= 32
        if value == 0:
            return ",".join(reversed(words))


class Machine:
    def __init__(self, name, packages, cores, numa=1, threads=1, gib=256, model="", l3=1):
        self.name, self.packages, self.cores, self.numa, self.threads = name, packages, cores, numa, threads
        self.gib, self.model, self.l3 = gib, model, l3
        self.buses = {}  # (package, numa) -> XML of host bridges
        self.lines, self.gp, self.bus, self.matrix, self.attributes = [], 0, 0x10, [], []
        self.os = {}

    def id(self):
        self.gp += 1
        return self.gp

    def next_bus(self):
        self.bus += 1
        return self.bus

    def device(self, kind, ids, link, names, depth=2, bus=None):
        bus = self.next_bus() if bus is None else bus
        at = " " * (2 * depth)
        gp = self.id()
        text = (f'{at}<object type="PCIDev" gp_index="{gp}" pci_busid="0000:{bus:02x}:00.0" '
                f'pci_type="{kind} [{ids}] [0000:0000] 00" pci_link_speed="{link:.6f}">\n')
        for name, sort in names:
            osgp = self.id()
            self.os[name] = osgp
            text += f'{at}  <object type="OSDev" gp_index="{osgp}" name="{name}" osdev_type="{sort}"/>\n'
        return text + f"{at}</object>\n"

    def port(self, inside, link, low, depth=2):
        """A PCI bridge with what is behind it."""
        bus, at = self.next_bus(), " " * (2 * depth)
        gp = self.id()
        return (f'{at}<object type="Bridge" gp_index="{gp}" bridge_type="1-1" depth="{depth - 1}" '
                f'bridge_pci="0000:[{low:02x}-{self.bus:02x}]" pci_busid="0000:{bus:02x}:01.0" '
                f'pci_type="{BRIDGE} [1000:c030] [0000:0000] 00" pci_link_speed="{link:.6f}">\n{inside}{at}</object>\n')

    def switch(self, devices, link):
        """A root port, the switch's upstream port, and a downstream port for each device."""
        low = self.bus + 1
        ports = "".join(self.port(device, link, low, 4) for device in devices)
        return self.port(self.port(ports, link, low, 3), link, low, 2)

    def attach(self, package, inside, numa=0):
        gp, low = self.id(), self.bus
        self.buses.setdefault((package, numa), "")
        self.buses[(package, numa)] += (
            f'<object type="Bridge" gp_index="{gp}" bridge_type="0-1" depth="0" '
            f'bridge_pci="0000:[{low & 0xf0:02x}-{self.bus:02x}]">\n{inside}</object>\n')
        self.bus = (self.bus & 0xf0) + 0x10

    def sets(self, cpus, nodes):
        return (f'cpuset="{mask(cpus)}" complete_cpuset="{mask(cpus)}" nodeset="{mask(nodes)}" '
                f'complete_nodeset="{mask(nodes)}" gp_index="{self.id()}"')

    def xml(self):
        per_package = self.cores * self.threads
        everyone, all_nodes = range(self.packages * per_package), range(self.packages * self.numa)
        out = ['<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE topology SYSTEM "hwloc2.dtd">', '<topology version="2.0">',
               f'<object type="Machine" os_index="0" {self.sets(everyone, all_nodes)} '
               f'allowed_cpuset="{mask(everyone)}" allowed_nodeset="{mask(all_nodes)}">',
               f'<info name="HostName" value="{self.name}"/>']
        if self.model:
            out.append(f'<info name="DMIProductName" value="{self.model}"/>')
        for package in range(self.packages):
            first = package * per_package
            nodes = range(package * self.numa, (package + 1) * self.numa)
            out.append(f'<object type="Package" os_index="{package}" {self.sets(range(first, first + per_package), nodes)}>')
            share = per_package // self.numa
            for numa in range(self.numa):
                node = package * self.numa + numa
                cpus = range(first + numa * share, first + (numa + 1) * share)
                grouped = self.numa > 1
                if grouped:
                    out.append(f'<object type="Group" {self.sets(cpus, [node])} kind="1001" subkind="0">')
                gp = self.gp + 1
                out.append(f'<object type="NUMANode" os_index="{node}" {self.sets(cpus, [node])} '
                           f'local_memory="{(self.gib << 30) // self.numa}"/>')
                self.attributes.append((gp, cpus))
                for slice_number in range(self.l3):
                    part = share // self.l3
                    mine = range(cpus.start + slice_number * part, cpus.start + (slice_number + 1) * part)
                    out.append(f'<object type="L3Cache" {self.sets(mine, [node])} cache_size="{32 << 20}" depth="3" '
                               'cache_linesize="64" cache_associativity="16" cache_type="0">')
                    for core in range(part // self.threads):
                        threads = range(mine.start + core * self.threads, mine.start + (core + 1) * self.threads)
                        out.append(f'<object type="Core" os_index="{threads.start // self.threads}" {self.sets(threads, [node])}>')
                        out += [f'<object type="PU" os_index="{cpu}" {self.sets([cpu], [node])}/>' for cpu in threads]
                        out.append("</object>")
                    out.append("</object>")
                if grouped:
                    out.append(self.buses.get((package, numa), "").rstrip())
                    out.append("</object>")
            if self.numa == 1:
                out.append(self.buses.get((package, 0), "").rstrip())
            out.append("</object>")
        out.append("</object>")
        for name, ends, speed in self.matrix:
            out.append(self.distances(name, ends, speed))
        return "\n".join(filter(None, out)) + self.memattrs() + "\n</topology>\n"

    def distances(self, name, ends, speed):
        ids = " ".join(str(self.os[end]) for end in ends)
        values = " ".join(" ".join(str(0 if row == column else speed) for column in ends) for row in ends)
        return (f'<distances2 type="OSDev" nbobjs="{len(ends)}" kind="9" name="{name}" indexing="gp">\n'
                f'<indexes length="{len(ids)}">{ids}</indexes>\n<u64values length="{len(values)}">{values}</u64values>\n'
                "</distances2>")

    bandwidth = latency = 0

    def memattrs(self):
        text = ""
        for name, flags, value in (("Bandwidth", 5, self.bandwidth), ("Latency", 6, self.latency)):
            if not value:
                continue
            text += f'\n<memattr name="{name}" flags="{flags}">'
            for gp, cpus in self.attributes:
                text += (f'\n<memattr_value target_obj_type="NUMANode" target_obj_gp_index="{gp}" value="{value}" '
                         f'initiator_cpuset="{mask(cpus)}"/>')
            text += "\n</memattr>"
        return text


def connectx(machine, number, link=63.0):
    return machine.device(IB, "15b3:1021", link, [(f"ib{number}", NETWORK), (f"mlx5_{number}", OPENFABRICS)], 5)


def dgx():
    machine = Machine("dgx-h100", 2, 56, model="DGX H100", gib=1024)
    for switch in range(4):
        devices = []
        for i in range(2):
            number = 2 * switch + i
            devices.append(machine.device(GPU3D, "10de:2330", 63.0, [(f"cuda{number}", COPROC)], 5))
            devices.append(connectx(machine, number))
        machine.attach(switch // 2, machine.switch(devices, 63.0))
    machine.matrix.append(("NVLinkBandwidth", [f"cuda{i}" for i in range(8)], 450000))
    return machine


def two_socket():
    machine = Machine("two-socket", 2, 32, threads=2, model="PowerEdge R760")
    for package in range(2):
        machine.attach(package, machine.port(machine.device(NIC, "15b3:101d", 31.5, [(f"ens{package}f0", NETWORK), (f"mlx5_{package}", OPENFABRICS)], 3), 31.5, machine.bus + 1))
    return machine


def two_core():
    """As small as the machines that tests run on: its NICs have the names of the lab's (tests/lab/netns)."""
    machine = Machine("two-core", 2, 1, model="a board with two processors", gib=4)
    for package in range(2):
        machine.attach(package, machine.port(machine.device(NIC, "8086:1533", 0.5, [(f"eth{package}", NETWORK)], 3), 0.5, machine.bus + 1))
    return machine


def eight_socket():
    machine = Machine("eight-socket", 8, 16, model="BullSequana S800", gib=512)
    machine.attach(0, machine.port(machine.device(IB, "15b3:101b", 31.5, [("ib0", NETWORK), ("mlx5_0", OPENFABRICS)], 3), 31.5, machine.bus + 1))
    return machine


def arm():
    machine = Machine("arm", 1, 72, model="Grace CPU Superchip", gib=480)
    machine.attach(0, machine.port(machine.device(IB, "15b3:1023", 63.0, [("ib0", NETWORK), ("mlx5_0", OPENFABRICS)], 3), 63.0, machine.bus + 1))
    return machine


def gh200():
    machine = Machine("gh200-x4", 4, 72, model="Quad GH200", gib=120)
    for package in range(4):
        gpu = machine.port(machine.device(GPU3D, "10de:2342", 63.0, [(f"cuda{package}", COPROC)], 3), 63.0, machine.bus + 1)
        machine.attach(package, gpu)
        nic = machine.port(machine.device(NIC, "17db:0501", 31.5, [(f"hsn{package}", NETWORK), (f"cxi{package}", OPENFABRICS)], 3), 31.5, machine.bus + 1)
        machine.attach(package, nic)
    machine.matrix.append(("NVLinkBandwidth", [f"cuda{i}" for i in range(4)], 150000))
    return machine


def snc4():
    machine = Machine("snc4", 2, 48, numa=4, model="Xeon Platinum, SNC4")
    for package in range(2):
        machine.attach(package, machine.port(machine.device(NIC, "8086:1592", 31.5, [(f"eth{package}", NETWORK), (f"irdma{package}", OPENFABRICS)], 3), 31.5, machine.bus + 1), numa=1)
    return machine


def nps4():
    machine = Machine("nps4-mi300x", 2, 64, numa=4, model="8 x MI300X, NPS4", gib=1152, l3=2)
    for number in range(8):
        gpu = machine.device(ACCELERATOR, "1002:74a1", 63.0, [(f"rsmi{number}", COPROC)], 5)
        machine.attach(number // 4, machine.switch([gpu, connectx(machine, number)], 63.0), numa=number % 4)
    machine.matrix.append(("XGMIBandwidth", [f"rsmi{i}" for i in range(8)], 64000))
    return machine


def one_nic():
    machine = Machine("one-nic-for-all", 2, 24, model="4 accelerators, 1 NIC")
    for number in range(4):
        machine.attach(number // 2, machine.port(machine.device(GPU3D, "10de:20b5", 31.5, [(f"cuda{number}", COPROC)], 3), 31.5, machine.bus + 1))
    machine.attach(0, machine.port(machine.device(NIC, "15b3:1019", 15.75, [("eth0", NETWORK), ("mlx5_0", OPENFABRICS)], 3), 15.75, machine.bus + 1))
    return machine


def no_nic():
    return Machine("no-nic", 1, 8, threads=2, gib=32, model="a workstation whose network is unplugged")


def vm():
    machine = Machine("vm", 1, 8, gib=32, model="KVM")
    machine.attach(0, machine.device(NIC, "1af4:1000", 0, [("eth0", NETWORK)], 2))
    return machine


def kunlun():
    machine = Machine("kunlun-p800", 2, 48, model="8 x P800", gib=1024)
    for pair in range(4):
        xpus = [machine.device(ACCELERATOR, "1d22:3688", 31.5, [], 5) for _ in range(2)]
        machine.attach(pair // 2, machine.switch([*xpus, connectx(machine, pair)], 31.5))
    return machine


def hbm():
    machine = Machine("memory-attributes", 2, 32, model="firmware with HMAT", gib=64)
    machine.bandwidth, machine.latency = 410000, 90
    machine.attach(1, machine.port(machine.device(IB, "15b3:101b", 31.5, [("ib0", NETWORK), ("mlx5_0", OPENFABRICS)], 3), 31.5, machine.bus + 1))
    return machine


for make in (dgx, two_socket, two_core, eight_socket, arm, gh200, snc4, nps4, one_nic, no_nic, vm, kunlun, hbm):
    made = make()
    (HERE / f"{made.name}.xml").write_text(made.xml())
