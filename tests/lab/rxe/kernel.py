"""A Debian kernel with the modules of a guest that has RDMA, taken from Debian's own package and kept in a folder.

The generic kernel: the cloud flavour has no InfiniBand drivers.
"""
import pathlib
import re
import shutil
import subprocess
import tempfile

# crc32_generic is what rxe asks for by name when a link is added; without it that fails and does not say why.
WANTED = ("crc32_generic", "crc32c_generic", "virtio_pci", "9p", "9pnet_virtio", "virtio_net", "overlay", "rdma_rxe",
          "ib_uverbs", "rdma_ucm", "rdma_cm")


class Unavailable(Exception):
    """There is no kernel to be had; the text says why."""


def said(*argv, folder=None):
    done = subprocess.run(argv, capture_output=True, text=True, cwd=folder)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def newest_package():
    depends = said("apt-cache", "depends", "linux-image-amd64")
    found = re.search(r"Depends: (linux-image-\S+)", depends)
    if not found:
        raise Unavailable("linux-image-amd64 names no kernel: run apt-get update")
    return found[1]


def depends_of(module):
    """What the module says that it needs, in the section that modprobe reads, too."""
    found = re.search(rb"(?<=\0)depends=([^\0]*)", module.read_bytes())
    return [name for name in (found[1].decode().split(",") if found else []) if name]


def in_order_of_loading(modules):
    """The files of the wanted modules and of all that they need, each behind what it needs."""
    files = {path.name.removesuffix(".ko").replace("-", "_"): path for path in modules.rglob("*.ko")}
    order = []

    def add(name):
        path = files.get(name.replace("-", "_"))
        if path is None or path in order:  # built into the kernel, or there already
            return
        for needed in depends_of(path):
            add(needed)
        order.append(path)

    for name in WANTED:
        add(name)
    return order


def fetch(folder):
    """Makes `folder` hold vmlinuz and modules/NN-NAME.ko, in the order in which they are loaded; at once if it does."""
    folder = pathlib.Path(folder)
    package = newest_package()
    stamp = folder / "package"
    if stamp.exists() and stamp.read_text() == package:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="tutti-kernel-") as scratch:
        said("apt-get", "download", package, folder=scratch)
        archive = next(pathlib.Path(scratch).glob("*.deb"))
        root = pathlib.Path(scratch) / "root"
        said("dpkg-deb", "-x", str(archive), str(root))
        (folder / "modules").mkdir(parents=True)
        shutil.copy(next((root / "boot").glob("vmlinuz-*")), folder / "vmlinuz")
        for number, path in enumerate(in_order_of_loading(root / "lib" / "modules")):
            shutil.copy(path, folder / "modules" / f"{number:02}-{path.name}")
    stamp.write_text(package)
    return folder
