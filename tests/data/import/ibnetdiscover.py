#!/usr/bin/env python3
"""Writes rails.ibnetdiscover: 4 nodes with 2 adapters, a leaf switch for each rail in each half, 2 spines, 2:1 tapered."""
import pathlib

text = """#
# Topology file: generated on Thu Oct  2 10:15:32 2025
#
# Initiated from node 0c42a10300a0e0b0 port 0c42a10300a0e0b0
"""
ports = {}


def connect(one, other, speed):
    """A cable between the next free ports of two nodes."""
    a, b = len(ports.setdefault(one, [])) + 1, len(ports.setdefault(other, [])) + 1
    ports[one].append((a, other, b, speed))
    ports[other].append((b, one, a, speed))


def name(kind, number):
    return f"{kind}-0c42a103{number:08x}"


leafs = {(half, rail): name("S", 0x100 + 2 * half + rail) for half in range(2) for rail in range(2)}
spines = [name("S", 0x200 + i) for i in range(2)]
words = {leaf: f"MF0;leaf-{half}-{rail}:MQM8700/U1" for (half, rail), leaf in leafs.items()}
words.update({spine: f"MF0;spine-{i}:MQM8700/U1" for i, spine in enumerate(spines)})
for node in range(4):
    for rail in range(2):
        adapter = name("H", 0x300 + 2 * node + rail)
        words[adapter] = f"node{node:02} mlx5_{rail}"
        connect(adapter, leafs[(node // 2, rail)], "4xHDR")
for i, leaf in enumerate(leafs.values()):
    connect(leaf, spines[i % 2], "4xHDR")
for node, list_of_ports in ports.items():
    is_switch = node.startswith("S")
    guid = node[2:]
    text += f"\nvendid=0x2c9\ndevid={'0xd2f0' if is_switch else '0x101b'}\nsysimgguid=0x{guid}\n"
    text += f"switchguid=0x{guid}({guid})\n" if is_switch else f"caguid=0x{guid}\n"
    text += (f'Switch\t41 "{node}"\t\t# "{words[node]}" enhanced port 0 lid 4 lmc 0\n' if is_switch
             else f'Ca\t1 "{node}"\t\t# "{words[node]}"\n')
    for port, other, far, speed in list_of_ports:
        own = "" if is_switch else f"({guid})"
        away = "" if other.startswith("S") else f"({other[2:]})"
        text += f'[{port}]{own}\t"{other}"[{far}]{away} \t\t# "{words[other]}" lid 7 {speed}\n'
(pathlib.Path(__file__).parent / "rails.ibnetdiscover").write_text(text)
