# test_prometheus.py - what is installed for Prometheus and Grafana, and the table of all numbers, are true of what both
# programs print; promtool and a real Prometheus agree.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest
import yaml

import prometheus
import stack as servers
from documents import changed, document, lines_for
from prometheus import promtool

ALERTS = os.path.join(servers.CONF, "prometheus-alerts.yml")
TESTS = os.path.join(servers.TOP, "tests/prometheus/alerts-test.yml")
OF_PROMETHEUS = {"instance", "job", "le"}       # labels that it adds
TEXTS = ["responder", "far", "helper", "streams"]


@pytest.fixture(scope="module")
def scraped(builddir, tmp_path_factory):
    return prometheus.Scraped(builddir, tmp_path_factory.mktemp("metrics"))


@pytest.fixture(scope="module")
def metrics(scraped):
    """Of all of them."""
    return {name: metric for text in TEXTS for name, metric in prometheus.read(getattr(scraped, text)).items()}


@pytest.mark.parametrize("text", TEXTS)
def test_promtool_has_nothing_to_say(scraped, text):
    checked = promtool("check", "metrics", text=getattr(scraped, text))
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_promtool_would_say_it(scraped):
    for old, new in ("# HELP restmq_queues Queues in this answer.\n", ""), ("restmq_queues_cut", "restmq_queuesCut"):
        assert old in scraped.responder
        checked = promtool("check", "metrics", text=scraped.responder.replace(old, new))
        assert checked.returncode != 0


# --- the table in docs/monitoring.txt -------------------------------------------------------------

def tables():
    """{title: {name: Metric}}"""
    text = document("docs/monitoring.txt").partition("\n3  All numbers\n")[2].partition("\n\n\n4  ")[0]
    found = {}
    for line in text.split("\n"):
        if match := re.fullmatch(r"    (Of .*):", line):
            rows = found[match[1]] = {}
        elif match := re.fullmatch(r"    (restmq_\w+) +(counter|gauge|histogram|summary)(?: +(\S.*))?", line):
            assert match[1] not in rows
            rows[match[1]] = prometheus.Metric(match[2], sorted(match[3].split(", ")) if match[3] else [])
        else:
            assert not re.search(r"^    restmq", line), line
    return found


def test_the_table_of_all_numbers(scraped):
    """Both ways, each section for the program that it speaks of; what a label is called, too."""
    of_all, of_responder, of_helper = {}, {}, {}
    for title, rows in tables().items():
        of = of_responder if "responder that answers" in title else of_helper if "helper" in title else of_all
        assert not of.keys() & rows.keys()
        of.update(rows)
    cluster_only = {"restmq_redis_slots_unserved"}
    pools_only = {"restmq_pool_score"}

    def without(table, names):
        return {name: metric for name, metric in table.items() if name not in names}

    assert prometheus.read(scraped.responder) == without({**of_all, **of_responder}, cluster_only)
    assert prometheus.read(scraped.helper) == without({**of_all, **of_helper}, cluster_only)
    assert prometheus.read(scraped.streams) == of_helper
    far = prometheus.read(scraped.far)
    assert far.keys() == without({**of_all, **of_responder}, pools_only | {"restmq_redis_refused_total"}).keys()


# --- names in the rules and in the board ----------------------------------------------------------

def check_names(expression, metrics):
    """Each name is one of a sample, each label one that it has."""
    known = {name: metrics[re.sub("_(bucket|sum|count)$", "", name) if name not in metrics else name]
             for name in prometheus.names(metrics)}
    assert "restmq_" in expression or expression.startswith("up{")
    for name, selector in re.findall(r"\b(restmq_\w+)(?:\{([^}]*)\})?", expression):
        assert name in known, f"no such number: {name}"
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector):
            assert label in known[name].labels or label in OF_PROMETHEUS, f"{name} has no label {label}"
    labels = {label for name in re.findall(r"\b(restmq_\w+)", expression) for label in known[name].labels}
    for words in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression):
        for label in words.split(","):
            assert label.strip() in labels | OF_PROMETHEUS, f"nothing has a label {label}"
    return re.findall(r"\b(restmq_\w+)", expression)


def rules():
    with open(ALERTS) as file:
        return [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]]


def board():
    with open(os.path.join(servers.CONF, "grafana-board.json")) as file:
        return json.load(file)


def queries():
    return [(panel, target["expr"]) for panel in board()["panels"] for target in panel.get("targets", [])]


@pytest.mark.parametrize("bad", ["restmq_queue_length > 1", "restmq_helper_turn_seconds", "restmq_queues{queue='a'}",
                                 "sum by (queue) (restmq_queues)", "restmq_redis_seconds_total"])
def test_wrong_names_are_found(metrics, bad):
    with pytest.raises(AssertionError):
        check_names(bad, metrics)


def test_names_in_the_rules(metrics):
    assert len(rules()) > 10
    for rule in rules():
        check_names(rule["expr"], metrics)
        for text in rule["annotations"].values():
            for name in re.findall(r"\brestmq_\w+", text):
                assert name in metrics
            for verb in re.findall(r"\brestmq ([a-z]+)", text):
                assert f".It Cm {verb}" in document("docs/restmq-client.1") + document("docs/restmq.1")
        assert set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))) <= OF_PROMETHEUS | {
            label for name in re.findall(r"restmq_\w+", rule["expr"])
            for label in metrics[re.sub("_bucket$", "", name)].labels}


def test_the_board_shows_all_numbers(metrics):
    """But for those that say the same with other words, and scores, which take ?pools=."""
    shown = {name for _, query in queries() for name in check_names(query, metrics)}
    left_out = {"restmq_info", "restmq_pool_score", "restmq_helper_info", "restmq_helper_loop_lag_seconds",
                "restmq_helper_turn_max_seconds", "restmq_helper_turn_seconds_sum", "restmq_helper_turn_seconds_count",
                "restmq_helper_turns_long_total", "restmq_helper_memory_closed_total", "restmq_helper_redis_up",
                "restmq_helper_memory_refused_total", "restmq_helper_walks", "restmq_helper_walked_total",
                "restmq_helper_queues_removed_total"}
    assert shown | left_out == set(prometheus.names(metrics)) and not shown & left_out


def test_the_form_of_the_board():
    """What Grafana asks of a file that it imports: ids and places of panels, the data source and the variables."""
    text = board()
    assert text["title"] and re.fullmatch("[a-z-]{1,40}", text["uid"]) and text["schemaVersion"] >= 36
    assert "id" not in text, "an id is that of an installation"
    variables = {variable["name"]: variable for variable in text["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
    panels, taken = text["panels"], set()
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not taken & cells and max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
        if panel["type"] == "row":
            assert panel["panels"] == [] and panel["collapsed"] is False
            continue
        assert panel["type"] in ("timeseries", "stat") and panel["fieldConfig"]["defaults"]["unit"]
        references = [target["refId"] for target in panel["targets"]]
        assert references and len(set(references)) == len(references)
        for part in panel, *panel["targets"]:
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    for name in re.findall(r"\$\{?(\w+)", " ".join(query for _, query in queries())):
        assert name in variables or name == "__rate_interval"


# --- promtool test rules --------------------------------------------------------------------------

def test_the_rules():
    tested = promtool("test", "rules", TESTS)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_each_rule_is_seen_firing_and_silent():
    with open(TESTS) as file:
        asked = [(case["alertname"], bool(case.get("exp_alerts"))) for test in yaml.safe_load(file)["tests"]
                 for case in test["alert_rule_test"]]
    for rule in rules():
        assert {(rule["alert"], True), (rule["alert"], False)} <= set(asked)


def test_the_tests_of_rules_can_fail(tmp_path):
    """A rule that never fires fails them, one that always does, and one that does not wait.  (All rules take too long.)"""
    name = "RestmqErrors"
    for number, change in enumerate([("sum by (job, instance) (rate(restmq_requests_total[5m]))", "restmq_queues_cut"),
                                     ("0.01 * sum", "0 * sum"), ("for: 5m", "for: 0m")]):
        folder = tmp_path / str(number)
        for part in "conf", "tests/prometheus":
            (folder / part).mkdir(parents=True)
        with open(ALERTS) as file:
            before, after = file.read().split(f"alert: {name}")
        assert change[0] in after
        (folder / "conf/prometheus-alerts.yml").write_text(f"{before}alert: {name}{after.replace(*change, 1)}")
        shutil.copy(TESTS, folder / "tests/prometheus")
        tested = promtool("test", "rules", str(folder / "tests/prometheus/alerts-test.yml"))
        assert tested.returncode != 0 and name in tested.stdout + tested.stderr, change


# --- a real Prometheus ----------------------------------------------------------------------------

class Prometheus(servers.Server):
    """With the lines of docs/monitoring.txt, but for addresses and times."""

    def __init__(self, text):
        super().__init__()
        self.port = servers.free_port()
        with open(self.path("prometheus.yml"), "w") as file:
            file.write("global: {scrape_interval: 1s, evaluation_interval: 1s}\n" + text)
        self.process = None

    def start(self):
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={self.path('prometheus.yml')}", f"--storage.tsdb.path={self.path('data')}",
                 f"--web.listen-address=127.0.0.1:{self.port}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        servers.wait_for(self.is_ready, servers.patience(30))

    def is_ready(self):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5).status == 200

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=20) as answer:
            return json.load(answer)["data"]

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()


@pytest.mark.usefixtures("our_responders")
def test_a_real_prometheus(new_stack, tmp_path):
    """It reads both programs as the text says, finds all rules well, and answers all queries of the board."""
    hosts = dict(line.split(" = ") for line in lines_for("/etc/restmq/restmq.conf").splitlines())["hosts"]
    stack = new_stack(conf={"prefix": "/mq", "metrics_file": str(tmp_path / "metrics")}, workers=1, helpers=1)
    web, helper = f"127.0.0.1:{stack.port}", f"127.0.0.1:{stack.ws_port}"
    stack.configure(hosts=f"{changed(hosts, ('127.0.0.1:8889', helper))} {web}")
    stack.http.post("/mq/q/orders", form={"value": "a"})
    text = changed(lines_for("/etc/prometheus/prometheus.yml"), ("https", "http"), ("mq.example.org", web),
                   ("127.0.0.1:8889", helper), ("/etc/prometheus/restmq-alerts.yml", ALERTS))
    with Prometheus(text) as server:
        def up():
            return {row["metric"]["job"] for row in server.ask("query", query="up == 1")["result"]} == {"restmq", "restmq-wsd"}

        servers.wait_for(up, servers.patience(20))
        servers.wait_for(lambda: all(rule["health"] == "ok" for group in server.ask("rules")["groups"]
                                     for rule in group["rules"]), servers.patience(20))
        assert sum(len(group["rules"]) for group in server.ask("rules")["groups"]) == len(rules())
        values = {"$instance": ".*", "$queue": ".*", "$__rate_interval": "10s"}

        def silent():
            """Queries that find nothing."""
            return {query for _, query in queries()
                    if not server.ask("query", query=re.sub(r"\$\w+", lambda name: values[name[0]], query))["result"]}

        def is_not_here(query):
            return re.search("restmq_redis_(redirects|refused|slots)|restmq_queue_oldest", query)

        servers.wait_for(lambda: not any(not is_not_here(query) for query in silent()), servers.patience(20))
        assert promtool("check", "config", server.path("prometheus.yml")).returncode == 0
        [command] = re.findall(r"(?m)^    # promtool (query .*)$", document("docs/monitoring.txt"))
        told = promtool(*changed(command, ("127.0.0.1:9090", f"127.0.0.1:{server.port}")).split())
        assert sorted(re.findall(r'job="([a-z-]+)".* => (\d)', told.stdout)) == [("restmq", "1"), ("restmq-wsd", "1")]


@pytest.mark.usefixtures("our_responders")
def test_a_prometheus_with_a_key(new_stack, builddir, tmp_path):
    """The command and the line that the text has; without them it is refused."""
    stack = new_stack(conf={"authkeys": "required"}, workers=1, helpers=1)
    words = re.search(r"(?m)^    # restmq (authkey add .*--name prometheus)$", document("docs/monitoring.txt"))[1]
    made = servers.restmq(builddir, *shlex.split(words), "--config", stack.responders.config)
    (tmp_path / "key").write_text(made.stdout)
    assert "authorization: {credentials_file: FILE}" in document("docs/monitoring.txt")
    jobs = "scrape_configs:\n"
    for job, path, port in (("restmq", "/metrics", stack.port), ("restmq-wsd", "/metrics/ws", stack.ws_port)):
        for name, more in (job, {"authorization": {"credentials_file": str(tmp_path / "key")}}), (f"{job}-without", {}):
            jobs += "  - " + json.dumps({"job_name": name, "metrics_path": path, **more,
                                         "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}) + "\n"
    with Prometheus(jobs) as server:
        def up():
            return {row["metric"]["job"]: row["value"][1] for row in server.ask("query", query="up")["result"]}

        expected = {"restmq": "1", "restmq-wsd": "1", "restmq-without": "0", "restmq-wsd-without": "0"}
        servers.wait_for(lambda: up() == expected, servers.patience(20))
