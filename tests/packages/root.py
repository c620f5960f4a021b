# root.py - a Debian of its own to install packages into: a file system, a network and processes that end
# with it.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import hashlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time

PATIENCE = 120      # seconds, on a machine that has much else to do

# What the suite installs beside the package; curl is for the commands of README.
PROGRAMS = ["redis-server", "lighttpd", "apache2", "nginx", "curl"]

LOOPBACK_UP = """
import fcntl, socket, struct
with socket.socket() as sock:
    fcntl.ioctl(sock, 0x8914, struct.pack("16sh14x", b"lo", 0x41))
"""

MOUNTS = """
set -e
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
cd "$2/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mkdir run/lock
mount -t tmpfs tmpfs tmp
echo
exec chroot . sleep infinity
"""

# In the place of systemd, of which there is none: notes what it is asked for.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>/var/log/systemctl
case $* in *is-enabled*) echo enabled ;; esac
"""


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def debian_sources():
    """Those of this machine that are Debian's, for apt."""
    lines = output_of("apt-get", "indextargets", "--format",
                      "$(CREATED_BY)|$(ORIGIN)|deb $(REPO_URI) $(RELEASE) $(COMPONENT)").splitlines()
    return "".join(line.split("|")[2] + "\n" for line in lines if line.startswith("Packages|Debian|"))


def ways_of_apt():
    """How this machine reaches them."""
    lines = output_of("apt-config", "dump").splitlines()
    return "".join(line + "\n" for line in lines if re.match(r"Acquire::(https?|Check|Retries)", line))


def dependencies(deb):
    """The packages that it needs; of alternatives the small one."""
    names = []
    for one in output_of("dpkg-deb", "-f", deb, "Depends").split(","):
        alternatives = [name.split()[0] for name in one.split("|")]
        names.append(next((name for name in alternatives if "standalone" in name), alternatives[0]))
    return names


def clean_root(deb, folder):
    """A folder with a new Debian that has what the package needs, and the servers.  It is kept."""
    sources, packages = debian_sources(), sorted({*PROGRAMS, *dependencies(deb)})
    name = hashlib.sha256(repr((sources, packages)).encode()).hexdigest()[:16]
    root = f"{folder}/{name}"
    if not os.path.exists(root):
        os.makedirs(folder, exist_ok=True)
        for path, text in ("sources.list", sources), ("apt.conf", ways_of_apt()):
            with open(f"{folder}/{path}", "w") as file:
                file.write(text)
        shutil.rmtree(f"{root}.new", ignore_errors=True)
        subprocess.run(["mmdebstrap", "--quiet", "--mode=root", "--variant=apt", f"--aptopt={folder}/apt.conf",
                        "--dpkgopt=force-unsafe-io", f"--include={','.join(packages)}",
                        re.search(r" (\S+) main", sources)[1], f"{root}.new", f"{folder}/sources.list"], check=True)
        os.rename(f"{root}.new", root)
    return root


class Root:
    """What is written there is gone with it; `base` stays as it is.  With nothing but root's rights and a
    kernel that has overlayfs."""

    def __init__(self, base, folder):
        self.holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child",
             "--propagation", "private", "sh", "-c", MOUNTS, "sh", base, folder],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "\n", "no file system of its own"
        self.pid = child_of(self.holder.pid)
        subprocess.run(["nsenter", "-t", str(self.pid), "-n", "/usr/bin/python3", "-c", LOOPBACK_UP], check=True)
        self.write("/etc/hosts", "127.0.0.1 localhost\n")
        self.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
        self.running = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()

    def at(self, path):
        return f"/proc/{self.pid}/root{path}"

    def write(self, path, text, mode=0o644):
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.at(path))
        with open(self.at(path), "w") as file:
            file.write(text)
        os.chmod(self.at(path), mode)

    def read(self, path):
        with open(self.at(path)) as file:
            return file.read()

    def with_systemctl(self):
        """From now on the scripts of packages believe that there is systemd; see asked()."""
        os.makedirs(self.at("/run/systemd/system"), exist_ok=True)
        self.write("/usr/bin/systemctl", SYSTEMCTL, 0o755)
        self.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 0\n", 0o755)

    def asked(self):
        """What of it, since the last time: lines such as "start restmq.target"."""
        lines = [re.sub(r"--\S+ ", "", line) for line in self.read("/var/log/systemctl").splitlines()]
        self.write("/var/log/systemctl", "")
        return [line for line in lines if not re.match(r"is-|daemon-reload|preset", line)]

    def enter(self, user=None, groups=""):
        """The beginning of a command that runs there, as user:group; with other groups than the user's own."""
        command = ["nsenter", "-t", str(self.pid), "--mount", "--net", "--pid", "--root", "--wd", "env", "-i",
                   "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "HOME=/root", "LC_ALL=C"]
        return command + (["chroot", f"--userspec={user}", *[f"--groups={groups}"][:bool(groups)], "/"] if user else [])

    def run(self, script, fails=False):
        """Its output."""
        done = subprocess.run([*self.enter(), "sh", "-c", script], stdin=subprocess.DEVNULL, timeout=10 * PATIENCE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert fails or done.returncode == 0, f"{script}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def start(self, name, command, user=None, groups="", stdin=subprocess.DEVNULL):
        with open(self.at(f"/tmp/{name}.log"), "a") as log:
            self.running[name] = subprocess.Popen([*self.enter(user, groups), *command], stdin=stdin, stdout=log, stderr=log)

    def stop(self, name):
        """As systemd does."""
        process = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child_of(process.pid), signal.SIGTERM)
        process.wait(PATIENCE)

    def stop_all(self):
        for name in list(self.running):
            self.stop(name)

    def logs(self):
        return self.run("tail -n 20 /tmp/*.log")


def child_of(pid):
    def child():
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return file.read().split()
    return int(wait_for(child)[0])


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise TimeoutError


class Unit:
    """A unit file of the root."""

    def __init__(self, root, name):
        self.text = root.read(f"/lib/systemd/system/{name}").replace("\\\n", " ")

    def __getitem__(self, key):
        """The value that stands there last, or ""."""
        return ["", *re.findall(rf"^{key}=(.*)$", self.text, re.M)][-1]


class Broker:
    """The programs as the units start them, with the sockets of their units, which stay open until the end."""

    def __init__(self, root):
        self.root = root
        self.sockets = {name: self.listen(Unit(root, f"restmq-{name}.socket")) for name in ("fcgi", "wsd")}
        wanted = re.findall(r"\bWants=(.*)$", root.read("/lib/systemd/system/restmq.target"), re.M)
        self.services = " ".join(wanted).split()
        self.start()

    def listen(self, unit):
        path = self.root.at(unit["ListenStream"])
        sock = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
        sock.bind(path)
        owner = f"{unit['SocketUser']}:{unit['SocketGroup']}"
        self.root.run(f"chown {owner} {unit['ListenStream']} && chmod {unit['SocketMode']} {unit['ListenStream']}")
        sock.listen(int(unit["Backlog"]))
        return sock

    def start(self):
        for service in self.services:
            self.start_one(service)

    def start_one(self, service):
        unit = Unit(self.root, re.sub(r"@.*\.", "@.", service))
        kind = re.match(r"restmq-(\w+)", service)[1]
        before = "" if kind == "fcgi" else "exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; "
        who = f"{unit['User']}:{unit['Group']}", unit["SupplementaryGroups"]
        checked = subprocess.run([*self.root.enter(*who), "sh", "-c", unit["ExecStartPre"]], stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True)
        assert checked.returncode == 0, checked
        self.root.start(service, ["sh", "-c", f"{before}exec {unit['ExecStart']}"], *who, self.sockets[kind])

    def restart(self):
        for service in self.services:
            self.root.stop(service)
            self.start_one(service)

    def programs(self):
        """The names of the files that run, with " (deleted)" where the disk has another one."""
        return {os.path.basename(os.readlink(f"/proc/{child_of(self.root.running[service].pid)}/exe"))
                for service in self.services}

    def stop(self):
        for service in self.services:
            self.root.stop(service)
        for sock in self.sockets.values():
            sock.close()
