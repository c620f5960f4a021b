# test_authkeys.py - restmq authkey: keys are added, listed and removed.
#
# SPDX-License-Identifier: BSD-2-Clause

import hashlib
import json
import re

import pytest

import stack as servers
from checks import contents
from monitor import Monitor

NAMES = b"restmq:authkeys"


def digest(key):
    """What logs call a key without a name."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


class Keyring:
    """A Redis of this file's own, its settings, and the command line on them."""

    def __init__(self, builddir, redis, config):
        self.builddir = builddir
        self.redis, self.client, self.config = redis, redis.client(), config

    def run(self, *words, typed=None, **more):
        """A key behind add or remove is typed."""
        if typed is None and words[:1] in (("add",), ("remove",)) and not "".join(words[1:2]).startswith("-"):
            words, typed = (words[0], "-", *words[2:]) if len(words) > 1 else words, "".join(words[1:2]) + "\n"
        return servers.restmq(self.builddir, "authkey", "--config", self.config, *words, typed=typed or "", **more)

    def __call__(self, *words, typed=None):
        """authkey with these words, which must do: the lines it prints."""
        done = self.run(*words, typed=typed)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.splitlines()

    def refuses(self, *words, typed=None, code=1):
        """It must not do, and change nothing: what it says."""
        before = contents(self.client)
        done = self.run(*words, typed=typed)
        assert (done.returncode, done.stdout) == (code, ""), done
        assert contents(self.client) == before
        return done.stderr

    def record(self, key):
        return json.loads(self.client.get(f"AUTHKEY:{key}"))


@pytest.fixture(scope="module")
def shelf(builddir):
    with servers.some_redis() as redis:
        config = redis.path("restmq.conf")
        with open(config, "w") as file:
            file.write(f"redis = {redis.address}\n")
        yield Keyring(builddir, redis, config)


@pytest.fixture
def keyring(shelf):
    shelf.client.flushall()
    return shelf


# --- add ----------------------------------------------------------------------------------------

def test_add(keyring):
    """It prints the key, and writes the record as the original would."""
    assert keyring("add", "secret", "--queues", "orders,mail.*,a/b") == ["secret"]
    assert keyring.client.get("AUTHKEY:secret") == (
        b'{"queues":["orders","mail.*","a/b"],"privs":[]}')
    assert keyring.client.smembers(NAMES) == {b"secret"}
    assert set(keyring.client.keys()) == {NAMES, b"AUTHKEY:secret"}
    assert keyring.client.ttl("AUTHKEY:secret") == -1


@pytest.mark.parametrize("words, queues, privs", [
    (["--privs", "create"], [], ["create"]),
    (["--privs", "create,read"], [], ["create", "read"]),
    (["--queues", "*"], ["*"], []),
    (["--queues", "a", "--privs", "read,write,admin"], ["a"], ["read", "write", "admin"]),
    (["--queues", "a", "--privs", "stats,purge,settings"], ["a"], ["stats", "purge", "settings"]),
    (["--queues", "foo.dead", "--privs", "admin"], ["foo.dead"], ["admin"])])
def test_queues_and_privs(keyring, words, queues, privs):
    keyring("add", "k", *words)
    assert keyring.record("k") == {"queues": queues, "privs": privs}


def test_the_order_of_the_words_is_free(keyring):
    done = servers.restmq(keyring.builddir, "authkey", "--queues", "a", "add", "--config", keyring.config,
                          "--privs=read", "-", typed="k\n")
    assert (done.returncode, done.stdout) == (0, "k\n"), done
    assert keyring.record("k") == {"queues": ["a"], "privs": ["read"]}


def test_a_random_key(keyring):
    """128 bits in hex, each time others."""
    keys = [keyring("add", "--queues", "a") for _ in range(5)]
    assert all(len(lines) == 1 and re.fullmatch("[0-9a-f]{32}", lines[0]) for lines in keys), keys
    keys = {lines[0] for lines in keys}
    assert len(keys) == 5
    assert keyring.client.smembers(NAMES) == {key.encode() for key in keys}
    assert all(keyring.record(key) == {"queues": ["a"], "privs": []} for key in keys)


def test_adding_again_replaces_the_record(keyring):
    keyring("add", "k", "--queues", "a,b", "--privs", "read,admin")
    keyring("add", "k", "--queues", "c")
    assert keyring.record("k") == {"queues": ["c"], "privs": []}
    assert keyring("list") == [f"k c read,write,purge,settings {digest('k')}"]


@pytest.mark.parametrize("key", ["a!#$%&()*+,-./:;<=>?@[]^_`{|}~\\", "k" * 128, "*", "foo.dead"])
def test_strange_keys(keyring, key):
    assert keyring("add", key, "--queues", "a") == [key]
    assert keyring.client.exists(f"AUTHKEY:{key}")
    assert keyring("list") == [f"{key} a read,write,purge,settings {digest(key)}"]
    assert keyring("remove", key) == []
    assert keyring.client.keys() == []


def test_a_key_that_begins_with_a_dash(keyring):
    assert keyring("add", "--queues", "a", "-", typed="-k\n") == ["-k"]
    assert keyring("remove", "-", typed="-k\n") == []


@pytest.mark.parametrize("words", [["add", "secret", "--queues", "a"], ["remove", "secret"],
                                   ["add", "--queues", "a", "--", "-secret"]])
def test_a_key_that_others_see(keyring, words):
    """It would stand in the list of processes, and in the shell's history."""
    keyring("add", "secret", "--queues", "b")
    before = contents(keyring.client)
    done = servers.restmq(keyring.builddir, "authkey", "--config", keyring.config, *words)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert f"authkey {words[0]} is followed by -" in done.stderr and "secret" not in done.stderr
    assert contents(keyring.client) == before


@pytest.mark.parametrize("typed", ["secret\n", "secret", "secret\r\n", "secret\nmore\n"])
def test_a_key_from_the_standard_input(keyring, typed):
    """Its first line: so it stands in no list of processes."""
    assert keyring("add", "-", "--queues", "a", typed=typed) == ["secret"]
    assert keyring.record("secret") == {"queues": ["a"], "privs": []}
    assert keyring("remove", "-", typed=typed) == []
    assert keyring.client.keys() == []


@pytest.mark.parametrize("typed", ["", "\n", "\nsecret\n", " secret\n", "sec\0ret\n", "s\r\r\n", "k" * 129,
                                   "k" * 129 + "\n", "k" * 70000])
def test_a_bad_key_from_the_standard_input(keyring, typed):
    for words in ("add", "-", "--queues", "a"), ("remove", "-"):
        complaint = keyring.refuses(*words, typed=typed)
        assert "a key has 1 to 128 bytes" in complaint
        assert "kkk" not in complaint and "secret" not in complaint


@pytest.mark.parametrize("name", ["shop", "a.b/c:1", "x" * 64])
def test_a_name(keyring, name):
    """What logs call it stands in the record, and in the list."""
    keyring("add", "k", "--queues", "a", "--privs", "read", "--name", name)
    assert keyring.record("k") == {"queues": ["a"], "privs": ["read"], "name": name}
    assert keyring("list") == [f"k a read {name}"]


@pytest.mark.parametrize("name", ["", " ", "two words", 'q"', "q'", "n\n", "é", "x" * 65])
def test_a_bad_name(keyring, name):
    assert "a key's name has 1 to 64 bytes" in keyring.refuses("add", "k", "--queues", "a", "--name", name)


@pytest.mark.parametrize("name", [5, None, ["a"], "two words", "", "x" * 65, "n\u0000", 'q"'])
def test_a_name_of_others_that_is_none(keyring, name):
    """The key is in force all the same, and called by its digest."""
    keyring("add", "k", "--queues", "a")
    keyring.client.set("AUTHKEY:k", json.dumps({"queues": ["a"], "privs": ["read"], "name": name}))
    assert keyring("list") == [f"k a read {digest('k')}"]


@pytest.mark.parametrize("action", ["add", "remove"])
@pytest.mark.parametrize("key", ["", " ", "my secret", "sec'ret", 'sec"ret', "sec\tret",
                                 "sécret", "secret\x7f", "k" * 129])
def test_bad_keys(keyring, action, key):
    """The complaint does not show them."""
    complaint = keyring.refuses(action, key, *(["--queues", "a"] if action == "add" else []))
    assert "a key has 1 to 128 bytes" in complaint
    assert "ret" not in complaint.replace("printable", "") and "kkk" not in complaint


@pytest.mark.parametrize("queues", ["", ",", "a,", ",a", "a,,b", "a b", "a, b", "or*", "*.eu", "**",
                                    "AUTHKEY:x", "QUEUESET", "restmq:x", "..", "a\nb", "é",
                                    "x" * 129])
def test_bad_queues(keyring, queues):
    assert "name" in keyring.refuses("add", "secret", "--queues", queues)


@pytest.mark.parametrize("privs", ["", ",", "read,", "Read", "raed", "read write", "all", "x" * 5000,
                                   "a\x1b[31m"])
def test_bad_privs(keyring, privs):
    complaint = keyring.refuses("add", "secret", "--queues", "a", "--privs", privs)
    assert "is not create, read, write, purge, settings, stats or admin" in complaint
    assert complaint.rstrip("\n").isprintable() and len(complaint) < 200


@pytest.mark.parametrize("words", [
    ["--queues", "a", "--queues", "b"], ["--queues", "a", "--queues", "a"], ["--queues=a", "--queue", "b"],
    ["--queues", "a", "--privs", "read", "--privs", "admin"], ["--queues", "a", "--config", "/dev/null"]])
def test_an_option_twice(keyring, words):
    """The last one alone would be a key for less, or for more, than was meant."""
    assert "twice" in keyring.refuses("add", "secret", *words, code=2)


@pytest.mark.parametrize("words", [[], ["--privs", "read"], ["--privs", "write,admin"]])
def test_a_key_that_could_do_nothing(keyring, words):
    assert "--queues" in keyring.refuses("add", "secret", *words)
    assert "--queues" in keyring.refuses("add", *words)


def test_as_many_queues_as_can_be_read_again(keyring):
    names = [f"{number:0100}" for number in range(1001)]
    assert "1000 queues" in keyring.refuses("add", "k", "--queues", ",".join(names))
    keyring("add", "k", "--queues", ",".join(names[:1000]), "--privs", "read")
    assert keyring("list") == [f"k {','.join(names[:1000])} read {digest('k')}"]


# --- list ---------------------------------------------------------------------------------------

def test_list(keyring):
    """In the order of the keys; the privs are those in force."""
    assert keyring("list") == []
    keyring("add", "b", "--queues", "orders,mail.*")
    keyring("add", "c", "--privs", "create")
    keyring("add", "a", "--queues", "x", "--privs", "admin,read")
    assert keyring("list") == [
        f"a x read,admin {digest('a')}", f"b orders,mail.* read,write,purge,settings {digest('b')}",
        f"c - create,read,write,purge,settings {digest('c')}"]


def test_what_others_did_to_the_records(keyring):
    """A key whose record is gone, or cannot be read, has a line that says that it can do nothing."""
    for key in "abcd":
        keyring("add", key, "--queues", "x")
    keyring.client.delete("AUTHKEY:a")
    keyring.client.set("AUTHKEY:b", "no json")
    keyring.client.set("AUTHKEY:c", '{"queues": ["x"], "privs": ["raed"]}')
    done = keyring.run("list")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"a - - {digest('a')}", f"b - - {digest('b')}", f"c x - {digest('c')}",
        f"d x read,write,purge,settings {digest('d')}"]
    assert "cannot be read" in done.stderr and "AUTHKEY:b" not in done.stderr


def test_keys_that_were_not_added_here(keyring):
    """An original RestMQ's are not listed, since nobody looks through all of Redis, and can be
    removed all the same.  What is no key is not listed either."""
    keyring.client.set("AUTHKEY:old", '{"queues": ["q1"], "privs": ["create"]}')
    keyring.client.sadd(NAMES, "no key", b"\xff", "", "k" * 129)
    monitor = Monitor(keyring.redis)
    assert keyring("list") == []
    assert not re.search(rb'\] "(keys|scan|randomkey)"', b"\n".join(
        line if isinstance(line, bytes) else line.encode() for line in monitor.lines()), re.I)
    keyring("remove", "old")
    assert not keyring.client.exists("AUTHKEY:old")


def test_many_keys(keyring):
    with keyring.client.pipeline(transaction=False) as pipe:
        for number in range(3000):
            pipe.sadd(NAMES, f"k{number}")
            pipe.set(f"AUTHKEY:k{number}", '{"queues": ["x"], "privs": []}')
        pipe.execute()
    assert keyring("list") == sorted(
        f"k{number} x read,write,purge,settings {digest(f'k{number}')}" for number in range(3000))


# --- remove -------------------------------------------------------------------------------------

def test_remove(keyring):
    keyring("add", "one", "--queues", "a")
    keyring("add", "two", "--queues", "a")
    assert keyring("remove", "one") == []
    assert set(keyring.client.keys()) == {NAMES, b"AUTHKEY:two"}
    assert keyring("list") == [f"two a read,write,purge,settings {digest('two')}"]


def test_remove_what_is_not_there(keyring):
    keyring("add", "secret", "--queues", "a")
    assert keyring.refuses("remove", "secre") == "restmq: there is no such key\n"
    keyring.client.delete("AUTHKEY:secret")
    done = keyring.run("remove", "secret")
    assert (done.returncode, done.stderr) == (1, "restmq: there is no such key\n")
    assert keyring("list") == []


# --- when it cannot -----------------------------------------------------------------------------

@pytest.mark.parametrize("line, complaint", [
    ("", "too few words behind authkey"),
    ("Add", "authkey is followed by add, list or remove"),
    ("delete secret", "authkey is followed by add, list or remove"),
    ("remove", "authkey remove is followed by -: the key is read"),
    ("remove secret l", "too many words behind authkey"),
    ("list secret", "authkey list is followed by nothing"),
    ("list -", "authkey list is followed by nothing"),
    ("add - secret", "too many words behind authkey"),
    ("list --queues a", "authkey list has neither --queues nor --privs nor --name"),
    ("list --name n", "authkey list has neither --queues nor --privs nor --name"),
    ("remove secret --privs read", "authkey remove has neither --queues nor --privs nor --name"),
    ("remove secret --name n", "authkey remove has neither --queues nor --privs nor --name"),
    ("list --repair", "authkey has no such option"), ("add --secret", "authkey has no such option"),
    ("add secret --queues", "a value is missing"), ("add -secret", "authkey has no such option"),
    ("list --help=secret", "authkey has no such option")])
def test_bad_words(keyring, line, complaint):
    """One line says what is wrong, and shows no key."""
    keyring("add", "k", "--queues", "a")
    before = contents(keyring.client)
    done = keyring.run(*line.split())
    assert (done.returncode, done.stdout) == (2, "") and "usage:" in done.stderr, done
    assert complaint in done.stderr.splitlines()[0] and "secret" not in done.stderr, done
    assert contents(keyring.client) == before


@pytest.mark.parametrize("words", [["add", "-", "--queues", "a"], ["add", "--queues", "a"],
                                   ["list"], ["remove", "-"]])
def test_without_redis(builddir, tmp_path, words):
    """Nothing is printed: a random key that was not stored is none."""
    config = tmp_path / "restmq.conf"
    config.write_text(f"redis = unix:{tmp_path}/none.sock\n")
    done = servers.restmq(builddir, "authkey", "--config", config, *words, typed="secret\n")
    assert (done.returncode, done.stdout) == (1, "") and done.stderr
    assert "secret" not in done.stderr


def test_a_key_that_cannot_be_printed(keyring):
    """A random key that nobody was told is no success."""
    with open("/dev/full", "w") as full:
        done = keyring.run("add", "--queues", "a", stdout=full)
    assert (done.returncode, done.stderr) == (
        1, "restmq: standard output: No space left on device\n")


@pytest.mark.parametrize("words", [["add", "secret", "--queues", "a"], ["list"],
                                   ["remove", "secret"]])
def test_keys_of_a_wrong_type(keyring, words):
    keyring.client.set(NAMES, "x")
    complaint = keyring.refuses(*words) if words[0] != "remove" else (
        keyring.run(*words).stderr)
    assert complaint and "secret" not in complaint


def test_a_full_redis(keyring):
    """Removing goes on."""
    keyring("add", "old", "--queues", "a")
    keyring.client.config_set("maxmemory", 1)
    try:
        assert "memory" in keyring.refuses("add", "secret", "--queues", "a")
        keyring("remove", "old")
    finally:
        keyring.client.config_set("maxmemory", 0)
    assert keyring("list") == []


@pytest.mark.no_cluster("has one database")
def test_another_database(keyring, tmp_path):
    """The settings count, as for the responders."""
    config = tmp_path / "restmq.conf"
    config.write_text(f"redis = {keyring.redis.address}\nredis_db = 3\n")
    done = servers.restmq(keyring.builddir, "authkey", "add", "-", "--config", config, "--queues", "a",
                          typed="k\n")
    assert done.returncode == 0
    assert keyring.client.keys() == []
    assert len(keyring.redis.client(db=3).keys()) == 2
