# test_make_install.py - what `make install` puts where, and what has to be there for a build.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[3]
UNITS = ["restmq-fcgi.socket", "restmq-fcgi@.service", "restmq-wsd.service", "restmq-wsd.socket", "restmq.target"]
SETTINGS = ["acl.conf", "restmq.conf"]


class Make:
    """make in the build folder, for a root of its own; `prefix` and so on are those of configure."""

    def __init__(self, builddir, root):
        self.builddir, self.root = builddir, root
        with open(f"{builddir}/Makefile") as file:
            self.folders = dict(re.findall(r"(?m)^(\w+) = (.*)$", file.read()))

    def __call__(self, target):
        done = subprocess.run(["make", "-s", "-C", self.builddir, target, f"DESTDIR={self.root}"], capture_output=True,
                              text=True, env={**os.environ, "MAKEFLAGS": ""})
        assert done.returncode == 0, done.stderr

    def name(self, folder):
        """Such as "sysconfdir", with what it is made of."""
        value = self.folders[folder]
        while "$" in value:
            value = re.sub(r"\$[{(](\w+)[)}]", lambda match: self.folders[match[1]], value)
        return value

    def at(self, folder, *names):
        return pathlib.Path(f"{self.root}{self.name(folder)}", *names)


@pytest.fixture
def make(builddir, tmp_path):
    return Make(builddir, tmp_path)


def test_install_twice_and_uninstall(make):
    """Settings that are there already stay, and those that were changed stay for good."""
    make("install")
    config = make.at("sysconfdir", "restmq", "restmq.conf")
    config.write_text("max_message = 7\n")
    make("install")
    assert config.read_text() == "max_message = 7\n"
    make("uninstall")
    left = [path for path in make.root.rglob("*") if path.is_file()]
    assert left == [config]


def test_files_name_the_folders_of_the_installation(make):
    make("install")
    units = make.at("systemdsystemunitdir")
    assert sorted(os.listdir(units)) == UNITS
    assert sorted(os.listdir(make.at("sysconfdir", "restmq"))) == SETTINGS
    config = make.name("sysconfdir") + "/restmq/restmq.conf"
    for unit, program in ("restmq-fcgi@.service", "restmq.fcgi"), ("restmq-wsd.service", "restmq-wsd"):
        text = (units / unit).read_text()
        assert f"\nExecStart={make.name('bindir')}/{program} --config {config}\n" in text
        assert f"\nReadWritePaths=-{make.name('localstatedir')}/log/restmq\n" in text
        assert make.at("bindir", program).exists()
    examples = make.at("docdir", "examples")
    assert f"{make.name('localstatedir')}/log/restmq/*.log {{" in (examples / "logrotate.conf").read_text()
    assert f'acl = {make.name("sysconfdir")}/restmq/acl.conf' in (examples / "lighttpd.conf").read_text()
    for name in "prometheus-alerts.yml", "grafana-board.json":
        assert (examples / name).read_text() == (TOP / "conf" / name).read_text()
    folders = make.at("tmpfilesdir", "restmq.conf").read_text()
    assert f"\nd {make.name('runstatedir')}/restmq 0750 restmq www-data -\n" in folders
    assert f"\nd {make.name('localstatedir')}/log/restmq 0750 restmq restmq -\n" in folders
    assert "\nu restmq - " in make.at("sysusersdir", "restmq.conf").read_text()


def test_the_sockets_are_in_the_folder_of_the_system(make):
    """Also where localstatedir is another."""
    assert make.name("runstatedir") == "/run"


def test_systemd_knows_the_user_and_the_folders(make):
    """Both files are read by systemd's own programs."""
    make("install")
    (make.root / "etc").mkdir(exist_ok=True)
    for name in "passwd", "group":
        (make.root / "etc" / name).write_text({"passwd": "root:x:0:0:root:/root:/bin/sh\n",
                                               "group": "root:x:0:\nwww-data:x:33:\n"}[name])
    subprocess.run(["systemd-sysusers", f"--root={make.root}", make.at("sysusersdir", "restmq.conf")], check=True,
                   capture_output=True)
    assert re.search(r"^restmq:.*:/usr/sbin/nologin$", (make.root / "etc/passwd").read_text(), re.M)


# --- what a build needs ---------------------------------------------------------------------------

ANYWAY = {"gcc", "libc6-dev", "make"}       # of build-essential
FROM_GIT = {"autoconf", "automake"}         # the archive has what they make


def test_one_list_of_what_a_build_needs():
    """bootstrap, README, configure and the Debian package agree."""
    def text(name):
        return (TOP / name).read_text()

    bootstrap = set(re.search(r"\nbuild_packages=\((.*?)\)", text("bootstrap"), re.S)[1].split())
    control = re.search(r"Build-Depends:(.*?)\n\S", text("conf/debian/control"), re.S)[1]
    package = {name.split()[0] for name in control.split(",")} - {"debhelper-compat"}
    assert package == bootstrap - ANYWAY - FROM_GIT
    assert ANYWAY | FROM_GIT < bootstrap
    readme = re.search(r"a C compiler and the\npackages (.*?):\n", text("README"), re.S)[1]
    assert set(readme.split()) | {"pkgconf", "libcrypt-dev"} == package
    configure = set(re.findall(r'(?:missing |\], \[)((?:lib|zlib)[\w.-]+)["\]]', text("configure.ac")))
    assert configure == package - {"pkgconf"}


def test_the_version_of_the_package():
    configure = re.search(r"AC_INIT\(\[\S+\], \[(.*?)\]\)", (TOP / "configure.ac").read_text())[1]
    assert (TOP / "conf/debian/changelog").read_text().startswith(f"restmq-fcgi ({configure}) ")
