#!/usr/bin/env python3
"""Writes the algorithms in this folder: python3 generate.py. Those called broken_* must be refused."""
import pathlib

HERE = pathlib.Path(__file__).parent


class Block:
    def __init__(self, send=-1, recv=-1, chan=0):
        self.send, self.recv, self.chan, self.steps = send, recv, chan, []

    def step(self, kind, src=("i", 0), dst=("o", 0), cnt=1, dep=(-1, -1)):
        self.steps.append((kind, src, dst, cnt, dep))
        return len(self.steps) - 1


def write(name, coll, ranks, chunks, blocks_of, i, o, s=0, inplace=0, channels=1):
    """blocks_of: a list of Blocks for each rank."""
    lines = [f'<algo name="{name}" proto="Simple" nchannels="{channels}" nchunksperloop="{chunks}" ngpus="{ranks}" '
             f'coll="{coll}" inplace="{inplace}">']
    for rank, blocks in enumerate(blocks_of):
        lines.append(f'  <gpu id="{rank}" i_chunks="{i}" o_chunks="{o}" s_chunks="{s}">')
        needed = {step[4] for block in blocks for step in block.steps}
        for b, block in enumerate(blocks):
            lines.append(f'    <tb id="{b}" send="{block.send}" recv="{block.recv}" chan="{block.chan}">')
            for n, (kind, src, dst, cnt, dep) in enumerate(block.steps):
                lines.append(f'      <step s="{n}" type="{kind}" srcbuf="{src[0]}" srcoff="{src[1]}" dstbuf="{dst[0]}" '
                             f'dstoff="{dst[1]}" cnt="{cnt}" depid="{dep[0]}" deps="{dep[1]}" hasdep="{int((b, n) in needed)}"/>')
            lines.append("    </tb>")
        lines.append("  </gpu>")
    lines.append("</algo>")
    (HERE / f"{name}.xml").write_text("\n".join(lines) + "\n")


def ring_all_reduce(p, inplace, channels=1):
    """Fused steps: a chunk goes round once to be reduced and once to be spread. Each channel has a share of the chunks."""
    src = dst = "i" if inplace else "o"
    ranks = []
    for r in range(p):
        blocks = []
        for c in range(channels):
            block = Block((r + 1) % p, (r - 1) % p, c)
            at = lambda shift: ((r + shift) % p) * channels + c
            block.step("s", ("i", at(0)), (dst, at(0)))
            for k in range(1, p - 1):
                block.step("rrs", ("i", at(-k)), (dst, at(-k)))
            block.step("rrcs", ("i", at(1)), (dst, at(1)))
            for k in range(p - 2):
                block.step("rcs", (src, at(-k)), (dst, at(-k)))
            block.step("r", (src, at(2)), (dst, at(2)))
            blocks.append(block)
        ranks.append(blocks)
    return ranks


def all_pairs_all_reduce(p, missing=None):
    """Everybody gets all contributions to its chunk in scratch memory, reduces them, and sends the result to all."""
    ranks = []
    for r in range(p):
        peers = [(r + k) % p for k in range(1, p)]
        blocks = [Block(peer, peer) for peer in peers] + [Block()]
        local = blocks[-1]
        arrived = {}
        for k, (peer, block) in enumerate(zip(peers, blocks)):
            block.step("s", ("i", peer), ("s", 0))
            arrived[k] = block.step("r", ("i", r), ("s", k))
        local.step("cpy", ("i", r), ("o", r))
        for k in range(p - 1):
            dep = (-1, -1) if missing == (r, k) else (k, arrived[k])
            done = local.step("re", ("s", k), ("o", r), dep=dep)
        for k, (peer, block) in enumerate(zip(peers, blocks)):
            block.step("s", ("o", r), ("o", r), dep=(p - 1, done))
            block.step("r", ("o", peer), ("o", peer))
        ranks.append(blocks)
    return ranks


def ring_all_gather(p, parts, inplace):
    """Blocks of several chunks, sent together."""
    ranks = []
    for r in range(p):
        block = Block((r + 1) % p, (r - 1) % p)
        own = ("i", 0) if not inplace else ("o", r * parts)
        block.step("s", own, ("o", r * parts), parts)
        for k in range(1, p - 1):
            at = (r - k) % p * parts
            block.step("rcs", ("o", at), ("o", at), parts)
        at = (r + 1) % p * parts
        block.step("r", ("o", at), ("o", at), parts)
        blocks = [block]
        if not inplace:
            local = Block()
            local.step("cpy", ("i", 0), ("o", r * parts), parts)
            blocks.append(local)
        ranks.append(blocks)
    return ranks


def ring_reduce_scatter(p):
    ranks = []
    for r in range(p):
        block = Block((r + 1) % p, (r - 1) % p)
        block.step("s", ("i", (r - 1) % p), ("i", 0))
        for k in range(2, p):
            block.step("rrs", ("i", (r - k) % p), ("i", 0))
        block.step("rrc", ("i", r), ("o", 0))
        ranks.append([block])
    return ranks


def direct_all_to_all(p, parts):
    ranks = []
    for r in range(p):
        local = Block()
        local.step("cpy", ("i", r * parts), ("o", r * parts), parts)
        blocks = [local]
        for k in range(1, p):
            to, of = (r + k) % p, (r - k) % p
            block = Block(to, of)
            block.step("s", ("i", to * parts), ("o", r * parts), parts)
            block.step("r", ("i", r * parts), ("o", of * parts), parts)
            blocks.append(block)
        ranks.append(blocks)
    return ranks


def chain_broadcast(p, chunks):
    ranks = []
    for r in range(p):
        block = Block(r + 1 if r + 1 < p else -1, r - 1)
        for c in range(chunks):
            block.step("s" if r == 0 else "r" if r == p - 1 else "rcs", ("i", c), ("o", c))
        blocks = [block]
        if r == 0:
            local = Block()
            local.step("cpy", ("i", 0), ("o", 0), chunks)
            blocks.append(local)
        ranks.append(blocks)
    return ranks


for p in (4, 8):
    write(f"ring_all_reduce_{p}", "allreduce", p, p, ring_all_reduce(p, False), p, p)
    write(f"ring_all_reduce_inplace_{p}", "allreduce", p, 2 * p, ring_all_reduce(p, True, 2), 2 * p, 0, inplace=1, channels=2)
    write(f"all_pairs_all_reduce_{p}", "allreduce", p, p, all_pairs_all_reduce(p), p, p, p - 1)
    write(f"ring_all_gather_{p}", "allgather", p, 2 * p, ring_all_gather(p, 2, False), 2, 2 * p)
    write(f"ring_all_gather_inplace_{p}", "allgather", p, p, ring_all_gather(p, 1, True), 1, p, inplace=1)
    write(f"ring_reduce_scatter_{p}", "reducescatter", p, p, ring_reduce_scatter(p), p, 1)
    write(f"direct_all_to_all_{p}", "alltoall", p, 2 * p, direct_all_to_all(p, 2), 2 * p, 2 * p)
write("chain_broadcast_4", "broadcast", 4, 6, chain_broadcast(4, 6), 6, 6)

write("broken_race_4", "allreduce", 4, 4, all_pairs_all_reduce(4, missing=(2, 1)), 4, 4, 3)
broken = ring_all_reduce(4, False)
broken[1][0].steps[0] = ("s", ("i", 3), ("o", 3), 1, (-1, -1))
write("broken_chunk_4", "allreduce", 4, 4, broken, 4, 4)
broken = ring_all_reduce(4, False)
for blocks in broken:  # everybody receives first
    blocks[0].steps.insert(0, blocks[0].steps.pop())
write("broken_deadlock_4", "allreduce", 4, 4, broken, 4, 4)
broken = ring_all_reduce(4, False)
broken[3][0].steps[3] = ("rcs", *broken[3][0].steps[3][1:])  # its own contribution is lost
write("broken_lost_4", "allreduce", 4, 4, broken, 4, 4)
broken = ring_all_reduce(4, False)
broken[2][0].steps.pop()
write("broken_unreceived_4", "allreduce", 4, 4, broken, 4, 4)
