"""A small virtual machine with Soft-RoCE: RDMA verbs that go through the kernel's own driver, without an RDMA card.

The guest sees this machine's files, read-only with a scratch layer above them, so what was built here runs there.
Emulated, so that it works in containers and on machines without virtualisation: right results only, no timing.
"""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile

INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /lower /upper /root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*.ko; do /bin/busybox insmod $module || echo "guest: $module does not load"; done
/bin/busybox mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=524288,cache=loose files /lower
/bin/busybox mount -t tmpfs -o size=70% upper /upper
/bin/busybox mkdir -p /upper/new /upper/work
/bin/busybox mount -t overlay -o lowerdir=/lower,upperdir=/upper/new,workdir=/upper/work overlay /root
/bin/busybox cp /job /root/guest-job
/bin/busybox mount --move /proc /root/proc
/bin/busybox mount --move /sys /root/sys
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /bin/bash /guest-job
"""

# The last lines never return: without a shell the kernel would complain; powering off ends the emulator.
JOB = """export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8
mkdir -p /dev/shm /run /tmp
mount -t tmpfs shm /dev/shm; mount -t tmpfs run /run; mount -t tmpfs tmp /tmp
ulimit -l unlimited
ip link set lo up
ip link set eth0 mtu 4200 up
ip address add 10.0.0.1/24 dev eth0
rdma link add rxe0 type rxe netdev eth0
cd {folder}
{commands}
echo guest: done
sync
echo o > /proc/sysrq-trigger
sleep 60
"""


class Failed(Exception):
    """The guest did not do its job to the end; the text has its last words."""


def unavailable():
    """Empty, or which of the programs that a guest needs is missing here."""
    missing = [name for name in ("qemu-system-x86_64", "busybox", "cpio", "rdma") if shutil.which(name) is None]
    return f"missing: {', '.join(missing)}" if missing else ""


def pack(kernel, job, image):
    """The guest's first file system: busybox, the modules, and its job."""
    with tempfile.TemporaryDirectory(prefix="tutti-guest-") as folder:
        root = pathlib.Path(folder)
        (root / "bin").mkdir()
        shutil.copy(shutil.which("busybox"), root / "bin" / "busybox")
        shutil.copytree(kernel / "modules", root / "modules")
        (root / "init").write_text(INIT)
        (root / "init").chmod(stat.S_IRWXU)
        (root / "job").write_text(job)
        names = "\n".join(str(path.relative_to(root)) for path in root.rglob("*"))
        with open(image, "wb") as out:
            subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], input=names.encode(), stdout=out, cwd=root, check=True)


def run(kernel, commands, folder, timeout, console):
    """Boots, runs `commands` (shell) in `folder`, powers off, and returns what was printed: `console`, a file that can
    be watched meanwhile."""
    with tempfile.TemporaryDirectory(prefix="tutti-guest-") as scratch:
        image = os.path.join(scratch, "initramfs")
        pack(kernel, JOB.format(folder=folder, commands=commands), image)
        argv = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max",
                "-smp", "2", "-m", "6144", "-nographic", "-no-reboot", "-kernel", str(kernel / "vmlinuz"),
                "-initrd", image, "-append", "console=ttyS0 panic=-1 quiet mitigations=off no_timer_check",
                "-virtfs", "local,path=/,mount_tag=files,security_model=none,readonly=on,multidevs=remap",
                "-netdev", "user,id=wire,restrict=on", "-device", "virtio-net-pci,netdev=wire"]
        late = ""
        with open(console, "wb") as out:
            try:
                subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, timeout=timeout)
            except subprocess.TimeoutExpired:
                late = f" (not done after {timeout} s)"
    words = pathlib.Path(console).read_bytes().decode(errors="replace")
    words = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", words)
    if "guest: done" not in words:
        raise Failed(f"the guest ended early{late}: see {console}\n{words[-3000:]}")
    return words
