"""The house's rules, checked from the files themselves: which room may include which, and where files may be.

rooms.txt holds one line a room, `name folder inner,rooms`; cmake/Rooms.cmake writes it from the link lists.
"""
import pathlib
import re
import sys
from dataclasses import dataclass

HOUSES = ("src", "topology", "transports", "tools")  # every source file below these belongs to a room
SUFFIXES = {".c", ".cpp", ".h", ".hpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
PURE = ("src/plan", "topology/reading", "topology/fabric", "topology/infer", "topology/import", "topology/render", "src/sim")  # no input or output, threads or clocks
IMPURE = re.compile(r"(thread|mutex|condition_variable|future|fstream|iostream|unistd\.h|fcntl\.h|time\.h|ctime"
                    r"|pthread\.h|sys/.*|netinet/.*|arpa/.*|asio.*)")
USER_SIDE = ("src/api", "tools")  # who may see the public headers


@dataclass(frozen=True)
class Room:
    name: str
    folder: str
    inner: tuple


def read_rooms(text):
    rooms = {}
    for line in filter(None, text.splitlines()):
        name, folder, *inner = line.split(" ")
        rooms[name] = Room(name, folder, tuple(filter(None, ",".join(inner).split(","))))
    return rooms


def reachable(rooms, name, seen=None):
    """The rooms that `name` may include: itself, those it lists, and those that they may include."""
    seen = set() if seen is None else seen
    if name not in seen:
        seen.add(name)
        for inner in rooms[name].inner:
            if inner in rooms:
                reachable(rooms, inner, seen)
    return seen


def is_inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def owner(rooms, path):
    """The room whose folder is the nearest above `path`, or None."""
    holders = [room for room in rooms.values() if is_inside(path, room.folder)]
    return max(holders, key=lambda room: len(room.folder), default=None)


def resolve(root, file, include):
    """The project's file that `#include "include"` in `file` means, as a path from the root, or None."""
    for base in (root / "src", root, root / "include", (root / file).parent):
        path = base / include
        if path.is_file():
            return path.resolve().relative_to(root.resolve()).as_posix()
    return None


def check_include(root, rooms, room, file, quote, include):
    if quote == "<" and not include.startswith("tutti/"):
        if any(is_inside(file, pure) for pure in PURE) and IMPURE.fullmatch(include):
            yield f"{file}: <{include}> in the pure room {room.name}"
        return
    if ".." in include.split("/"):
        yield f"{file}: \"{include}\" climbs out of its folder; name it from the root"
        return
    target = resolve(root, file, include)
    if target is None:
        if quote == '"':
            yield f"{file}: \"{include}\" is no file of this project; outside headers go in <>"
        return
    if is_inside(target, "include"):
        if not any(is_inside(file, side) for side in USER_SIDE):
            yield f"{file}: room {room.name} includes {target}; only {', '.join(USER_SIDE)} see the public headers"
        return
    other = owner(rooms, target)
    if other is None:
        yield f"{file}: includes {target}, which is in no room"
    elif other.name not in reachable(rooms, room.name):
        yield f"{file}: room {room.name} includes {target}, but its ROOMS do not allow {other.name}"


def check_cycles(rooms):
    for room in rooms.values():
        for inner in room.inner:
            if inner not in rooms:
                yield f"room {room.name} lists {inner}, which does not exist"
            elif room.name in reachable(rooms, inner):
                yield f"rooms {room.name} and {inner} reach each other"


def violations(root, rooms):
    root = pathlib.Path(root)
    yield from check_cycles(rooms)
    for house in HOUSES:
        for path in sorted((root / house).rglob("*")):
            if path.suffix not in SUFFIXES:
                continue
            file = path.relative_to(root).as_posix()
            room = owner(rooms, file)
            if room is None:
                yield f"{file}: in no room; add it to a tutti_room()"
                continue
            for quote, include in INCLUDE.findall(path.read_text()):
                yield from check_include(root, rooms, room, file, quote, include)


def main():
    root, rooms_file = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    rooms = read_rooms(rooms_file.read_text())
    found = list(violations(root, rooms))
    print("\n".join(found) or f"{len(rooms)} rooms, every include allowed")
    return 1 if found or not rooms else 0


if __name__ == "__main__":
    sys.exit(main())
