# test_served.py - from the package to a served message, by the commands of README; then an upgrade, removal
# and purge.
#
# SPDX-License-Identifier: BSD-2-Clause

import re
import subprocess

import pytest

from conftest import TOP
from root import Broker, wait_for

# What their own units start.
SERVERS = {"lighttpd": ["lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"],
           "apache2": ["apachectl", "-D", "FOREGROUND"],
           "nginx": ["nginx", "-g", "daemon off;"]}

APT = "apt-get install -y --no-install-recommends --allow-downgrades -o DPkg::Options::=--force-unsafe-io"


def readme(part):
    """The commands that its section about the package has after the line of that beginning."""
    with open(TOP / "README") as file:
        section = re.search(r"\nFrom a Debian package\n\n(.*?)\n\n\n", file.read(), re.S)[1]
    parts = dict(re.findall(r"(?m)^(\w[^\n:]*):\n\n((?:    .*\n)+)", section + "\n"))
    return [line[4:] for line in parts[part].splitlines()]


def served(root):
    """What README says, with the answers in the place of those that it says."""
    wait_for(lambda: root.run("curl -s -o /dev/null -w '%{http_code}' http://localhost/mq/ready", fails=True) == "200")
    lines = []
    for line in readme("Then, on this machine"):
        if line.startswith("$ "):
            lines += [line, root.run(line.removeprefix("$ curl ").join(["curl -s ", ""])).rstrip("\r\n")]
    return lines


def start_redis(root):
    root.run("mkdir -p /run/redis && chown redis:redis /run/redis")
    root.start("redis", ["redis-server", "/etc/redis/redis.conf", "--daemonize", "no", "--supervised", "no"], "redis:redis")


def start_server(root, server):
    if server == "nginx":
        # The test's network has one address.
        root.run("sed -i '/listen \\[::\\]/d' /etc/nginx/sites-available/default")
    for command in readme(f"For {server}"):
        if not command.startswith("systemctl "):
            root.run(command)
    root.start(server, SERVERS[server])


def install(root, deb="/tmp/new.deb"):
    return root.run(f"{APT} {deb}")


@pytest.mark.parametrize("server", [
    "lighttpd", *[pytest.param(name, marks=pytest.mark.new_debian) for name in ("apache2", "nginx")]])
def test_a_message(root, server):
    """README's commands print what README says; the streams go to the helper."""
    install(root)
    start_redis(root)
    Broker(root)
    start_server(root, server)
    assert served(root) == readme("Then, on this machine"), root.logs()
    assert root.run("curl -s http://localhost/mq/health/ws") == '{"status":"ok"}\n'
    assert root.run("curl -s -o /dev/null -w '%{http_code}' http://localhost/mqq/health") == "404"
    assert "all processes that share metrics_file" in root.run("curl -s http://localhost/mq/metrics")
    root.run("curl -s -d value=a http://localhost/mq/q/waited")
    assert '"value":"a"' in root.run("curl -s 'http://localhost/mq/w/waited?wait=5'")


def test_what_is_installed(root):
    """A user without a shell, folders for it, settings that only it and root can read, units that are enabled."""
    install(root)
    assert re.search(r"^restmq:.*:/usr/sbin/nologin$", root.read("/etc/passwd"), re.M)
    assert root.run("stat -c '%U:%G %a %n' /run/restmq /var/log/restmq /etc/restmq/acl.conf /etc/restmq/restmq.conf") == (
        "restmq:www-data 750 /run/restmq\nrestmq:restmq 750 /var/log/restmq\n"
        "root:restmq 640 /etc/restmq/acl.conf\nroot:root 644 /etc/restmq/restmq.conf\n")
    assert root.run("find /etc/systemd/system -name 'restmq*' -printf '%P\n' | sort").split() == [
        "multi-user.target.wants/restmq.target", "sockets.target.wants/restmq-fcgi.socket",
        "sockets.target.wants/restmq-wsd.socket"]
    assert root.run("chroot --userspec=restmq:restmq / restmq.fcgi --check-config").startswith(
        "/etc/restmq/restmq.conf: ok\n")
    assert re.findall(r"(?m)^[a-z].*$", root.read("/etc/restmq/restmq.conf")) == [
        "prefix = /mq", "acl = /etc/restmq/acl.conf", "metrics_file = /run/restmq/metrics",
        "listen = unix:/run/restmq/ws.sock"]
    examples = root.run("ls /usr/share/doc/restmq-fcgi/examples").split()
    assert {"prometheus-alerts.yml", "grafana-board.json"} < set(examples)


# --- the version before ---------------------------------------------------------------------------

@pytest.fixture
def version_before(root, deb, tmp_path):
    """The package with a lower number, and another text in the mapping of nginx."""
    folder = tmp_path.parent / f"{tmp_path.name}-before"
    subprocess.run(["dpkg-deb", "-R", deb, folder], check=True)
    control = folder / "DEBIAN/control"
    control.write_text(re.sub("(?m)^Version: .*", "Version: 0.0.1", control.read_text()))
    with open(folder / "etc/nginx/snippets/restmq.conf", "a") as file:
        file.write("# as it was\n")
    (folder / "DEBIAN/md5sums").unlink()
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", folder, folder.with_suffix(".deb")], check=True,
                   capture_output=True)
    with open(root.at("/tmp/before.deb"), "wb") as file:
        file.write(folder.with_suffix(".deb").read_bytes())
    return "/tmp/before.deb"


def test_upgrade(root, version_before):
    """With a consumer of a stream, and a producer, who do not stop for it.  The sockets stay open: no push is
    refused.  What was set stays."""
    install(root, version_before)
    start_redis(root)
    broker = Broker(root)
    start_server(root, "lighttpd")
    served(root)
    root.run("curl -s -d lease=77 http://localhost/mq/p/kept; curl -s -d value=left http://localhost/mq/q/kept")
    root.run("sed -i 's/^#max_message = .*/max_message = 7777/' /etc/restmq/restmq.conf && chmod 0440 /etc/restmq/acl.conf")
    root.start("consumer", ["sh", "-c", "while :; do curl -sN http://localhost/mq/c/live >>/tmp/consumed; sleep 0.2; done"])
    root.start("producer", ["sh", "-c", "i=0; until [ -e /tmp/enough ]; do i=$((i + 1)); "
                            "curl -s -d value=n$i. -w '%{http_code}\n' -o /dev/null http://localhost/mq/q/live "
                            ">>/tmp/pushed; sleep 0.2; done"])

    def pushed():
        return root.run("cat /tmp/pushed", fails=True).split()

    def goes_on():
        before = len(pushed())
        return wait_for(lambda: len(pushed()) > before + 3)

    goes_on()
    install(root)
    goes_on()
    assert broker.programs() == {"restmq.fcgi (deleted)", "restmq-wsd (deleted)"}
    broker.restart()
    goes_on()
    assert broker.programs() == {"restmq.fcgi", "restmq-wsd"}
    root.run("touch /tmp/enough")
    root.running.pop("producer").wait()
    assert set(pushed()) == {"200"}, root.logs()
    wait_for(lambda: all(f'"n{i}."' in root.read("/tmp/consumed") for i in range(1, len(pushed()) + 1)))
    root.stop("consumer")
    assert '"lease":77' in root.run("curl -s http://localhost/mq/p/kept")
    assert '"value":"left"' in root.run("curl -s http://localhost/mq/q/kept")
    assert "\nmax_message = 7777\n" in root.read("/etc/restmq/restmq.conf")
    assert root.run("stat -c %a /etc/restmq/acl.conf") == "440\n"
    assert "as it was" not in root.read("/etc/nginx/snippets/restmq.conf")


def test_what_systemd_is_asked_for(root, version_before):
    """An upgrade restarts the programs, and not their sockets."""
    root.with_systemctl()
    install(root, version_before)
    assert root.asked() == ["start restmq-fcgi.socket restmq-wsd.socket", "start restmq.target"]
    install(root)
    assert root.asked() == ["start restmq-fcgi.socket restmq-wsd.socket", "restart restmq.target"]
    root.run("apt-get remove -y restmq-fcgi")
    assert sorted(root.asked()) == ["stop restmq-fcgi.socket restmq-wsd.socket", "stop restmq.target"]


def test_remove_and_purge(root):
    """The settings stay until the purge, after which nothing is left.  lighttpd can start at any time."""
    def left():
        return root.run("find /etc /run /usr /var -name '*restmq*' | sort")

    before = left()
    install(root)
    root.run("lighty-enable-mod restmq && touch /var/log/restmq/restmq.log")
    root.run("apt-get remove -y restmq-fcgi")
    assert "/etc/restmq/restmq.conf\n" in left() and "/usr/bin" not in left()
    root.run("lighttpd -tt -f /etc/lighttpd/lighttpd.conf")
    root.run("apt-get purge -y restmq-fcgi")
    root.run("lighttpd -tt -f /etc/lighttpd/lighttpd.conf")
    assert left() == before
