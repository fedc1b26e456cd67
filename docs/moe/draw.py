"""Draws the two routes of docs/moe.md: python3 docs/moe/draw.py docs/moe"""
import pathlib
import sys

WIDTH, HEIGHT = 760, 330
INK, SOFT, NETWORK, MEMORY, GATE = "#222222", "#8a8a8a", "#c2410c", "#1d4ed8", "#fde68a"
FONT = 'font-family="DejaVu Sans, Helvetica, sans-serif"'


def text(x, y, words, size=13, colour=INK, anchor="middle"):
    return f'<text x="{x}" y="{y}" {FONT} font-size="{size}" fill="{colour}" text-anchor="{anchor}">{words}</text>'


def node(x, words):
    return (f'<rect x="{x}" y="46" width="300" height="220" rx="10" fill="#f7f7f7" stroke="{SOFT}"/>'
            + text(x + 150, 38, words, 14))


def rank(x, y, words, fill="#ffffff"):
    return (f'<rect x="{x}" y="{y}" width="104" height="38" rx="6" fill="{fill}" stroke="{INK}"/>'
            + text(x + 52, y + 24, words))


def arrow(x1, y1, x2, y2, colour, width=2):
    return (f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}" stroke-width="{width}" '
            f'marker-end="url(#{"network" if colour == NETWORK else "memory"})"/>')


def head():
    markers = "".join(
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0,0 L10,5 L0,10 z" fill="{colour}"/></marker>' for name, colour in
        (("network", NETWORK), ("memory", MEMORY)))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
            f'height="{HEIGHT}"><rect width="100%" height="100%" fill="#ffffff"/><defs>{markers}</defs>')


def legend(words):
    return (f'<line x1="40" y1="290" x2="70" y2="290" stroke="{NETWORK}" stroke-width="2"/>'
            + text(78, 294, "network", 12, INK, "start")
            + f'<line x1="150" y1="290" x2="180" y2="290" stroke="{MEMORY}" stroke-width="2"/>'
            + text(188, 294, "shared memory", 12, INK, "start") + text(40, 316, words, 12, INK, "start"))


RIGHT = [(520, 62), (520, 114), (520, 166), (520, 218)]


def ranks_right(gateway):
    wants = [True, True, False, True]
    parts = []
    for number, ((x, y), wanted) in enumerate(zip(RIGHT, wants)):
        words = f"rank {4 + number}" + (" *" if wanted else "")
        parts.append(rank(x, y, words, GATE if number == gateway else "#ffffff"))
    return "".join(parts)


def direct():
    left = "".join(rank(160, y, f"rank {number}") for number, (_, y) in enumerate(RIGHT))
    arrows = "".join(arrow(264, 133, x - 2, y + 19, NETWORK) for (x, y), w in zip(RIGHT, (1, 1, 0, 1)) if w)
    return (head() + node(30, "node 0") + node(430, "node 1") + left + ranks_right(None) + arrows
            + legend("Direct: a token of rank 1 goes to each rank that holds one of its experts (*): three crossings.")
            + "</svg>\n")


def hierarchical():
    left = "".join(rank(160, y, f"rank {number}") for number, (_, y) in enumerate(RIGHT))
    gateway = RIGHT[1]
    out = arrow(264, 133, gateway[0] - 2, gateway[1] + 19, NETWORK, 3)
    fan = "".join(f'<path d="M{gateway[0] + 104},{gateway[1] + 19} C{gateway[0] + 160},{gateway[1] + 19} '
                  f'{gateway[0] + 160},{y + 19} {x + 106},{y + 19}" fill="none" stroke="{MEMORY}" stroke-width="2" '
                  'marker-end="url(#memory)"/>' for (x, y), w in zip(RIGHT, (1, 0, 0, 1)) if w)
    return (head() + node(30, "node 0") + node(430, "node 1") + left + ranks_right(1) + out + fan
            + legend("Hierarchical: it crosses once, to the gateway of its window (yellow), and goes on from there. "
                     "Combine: the same, back.") + "</svg>\n")


def main():
    folder = pathlib.Path(sys.argv[1])
    (folder / "direct.svg").write_text(direct())
    (folder / "hierarchical.svg").write_text(hierarchical())


if __name__ == "__main__":
    main()
