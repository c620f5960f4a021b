# test_access_browser.py - pages of other origins in a real Chromium: whatever they try, they can
# neither read nor change a queue, nor open a stream, not even as the user who has logged in.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import http.server
import os
import re
import threading

import pytest

import browser as browsers
import stack as servers


# The address that a user types has his password in it, so that the browser sends it from then on.
ACL = "".join(f"[{right}]\nusername = user\npassword = pw\n" for right in (
    "rest:producer", "rest:consumer", "comet:consumer", "websocket:consumer", "stats"))


SCRIPT = r"""
window.finished = false;
window.results = {};
window.leaked = [];
const [base, queue] = arguments;
const wsBase = base.replace('http', 'ws');
function within(promise) {
    return Promise.race([promise, new Promise(resolve => setTimeout(resolve, 1500, 'silent'))])
        .catch(error => 'error');
}
function fetching(path, options) {
    return within(fetch(base + path, {credentials: 'include', ...options}).then(async answer =>
        answer.type == 'opaque' ? 'opaque' : answer.status + ' ' + await answer.text()));
}
function element(name, attribute, path) {
    return within(new Promise(resolve => {
        const it = document.createElement(name);
        it.onload = () => resolve('loaded');
        it.onerror = () => resolve('error');
        it[attribute] = base + path;
        document.body.append(it);
    }));
}
function form(method, path, fields, type) {
    return within(new Promise(resolve => {
        const it = document.createElement('form'), frame = document.createElement('iframe');
        frame.name = 'frame' + Math.random();
        document.body.append(frame);
        Object.assign(it, {method, action: base + path, target: frame.name});
        it.enctype = type || 'application/x-www-form-urlencoded';
        for (const [name, value] of Object.entries(fields)) {
            const field = document.createElement('input');
            Object.assign(field, {name, value});
            it.append(field);
        }
        document.body.append(it);
        frame.onload = () => {
            try { resolve(frame.contentDocument ? frame.contentDocument.body.innerText : 'hidden'); }
            catch (error) { resolve('hidden'); }
        };
        it.submit();
    }));
}
function socket(path) {
    return within(new Promise(resolve => {
        const it = new WebSocket(wsBase + path);
        it.onmessage = event => resolve('message ' + event.data);
        it.onopen = () => it.send('{"cmd":"add","queue":"' + queue + '","value":"forged"}');
        it.onclose = () => resolve('closed');
    }));
}
function events(path) {
    return within(new Promise(resolve => {
        const it = new EventSource(base + path, {withCredentials: true});
        it.onmessage = event => { it.close(); resolve('message ' + event.data); };
        it.onerror = () => { it.close(); resolve('closed'); };
    }));
}
function text(value) {
    return {method: 'POST', body: value, headers: {'Content-Type': 'text/plain'}};
}
window.callback = value => leaked.push(JSON.stringify(value));
const tries = {
    'fetch a take': () => fetching('/q/' + queue),
    'fetch a take, no cors': () => fetching('/q/' + queue, {mode: 'no-cors'}),
    'fetch a soft read': () => fetching('/q/' + queue + '?soft=1'),
    'fetch the statistics': () => fetching('/stats/' + queue),
    'fetch with a password': () => fetching('/q/' + queue + '?soft=1',
        {headers: {Authorization: 'Basic dXNlcjpwdw=='}}),
    'push text': () => fetching('/q/' + queue, text('forged')),
    'push text, no cors': () => fetching('/q/' + queue, {mode: 'no-cors', ...text('forged')}),
    'push json': () => fetching('/q/' + queue, {method: 'POST', body: '"forged"',
        headers: {'Content-Type': 'application/json'}}),
    'push a blob': () => fetching('/q/' + queue, {method: 'POST', mode: 'no-cors', body: new Blob(['x'])}),
    'push a form': () => fetching('/q/' + queue, {method: 'POST', mode: 'no-cors',
        body: new URLSearchParams({value: 'forged'})}),
    'a beacon': async () => navigator.sendBeacon(base + '/q/' + queue, 'forged') && 'sent',
    'purge': () => fetching('/q/' + queue, {method: 'DELETE'}),
    'extend': () => fetching('/q/' + queue + '?key=' + queue + ':1&lease=x&release=1', {method: 'PUT'}),
    'a command': () => fetching('/queue', {mode: 'no-cors', ...text(
        JSON.stringify({cmd: 'purge', queue}))}),
    'a command in a form': () => form('post', '/queue', {body: JSON.stringify({cmd: 'purge', queue})}),
    'a form': () => form('post', '/q/' + queue, {value: 'forged'}),
    'a form as text': () => form('post', '/q/' + queue, {value: 'forged'}, 'text/plain'),
    'a form of files': () => form('post', '/q/' + queue, {value: 'forged'}, 'multipart/form-data'),
    'a form with GET': () => form('get', '/q/' + queue, {lease: '30'}),
    'a form for the policy': () => form('post', '/p/' + queue, {policy: 'roundrobin'}),
    'a form that stops': () => form('post', '/control/' + queue, {status: 'stop'}),
    'a form that publishes': () => form('post', '/pub/' + queue, {body: 'forged'}),
    'an image': () => element('img', 'src', '/q/' + queue),
    'an image of a list': () => element('img', 'src', '/q?queues=' + queue),
    'an image of the root': () => element('img', 'src', '/?queue=' + queue),
    'a script': () => element('script', 'src', '/q/' + queue),
    'a script with a callback': () => element('script', 'src', '/q/' + queue + '?callback=callback'),
    'a soft script with a callback': () => element('script', 'src', '/q/' + queue + '?soft=1&callback=callback'),
    'a long-poll script': () => element('script', 'src', '/w/' + queue + '?wait=0&callback=callback'),
    'a comet script': () => element('script', 'src', '/c/' + queue + '?callback=callback'),
    'a style sheet': () => { const it = element('link', 'href', '/q/' + queue);
        document.body.lastChild.rel = 'stylesheet'; return it; },
    'an iframe': () => element('iframe', 'src', '/q/' + queue),
    'an object': () => element('object', 'data', '/q/' + queue),
    'a video': () => element('video', 'src', '/q/' + queue),
    'a websocket': () => socket('/ws/' + queue),
    'a websocket on the channel': () => socket('/sub/' + queue),
    'events': () => events('/c/' + queue),
    'events of the channel': () => events('/sub/' + queue),
    'a long-poll': () => fetching('/w/' + queue + '?wait=0'),
    'a long-poll image': () => element('img', 'src', '/w/' + queue + '?wait=0'),
    'comet': () => within(fetch(base + '/c/' + queue, {mode: 'no-cors', credentials: 'include'})
        .then(answer => answer.type)),
};
(async () => {
    for (const [name, attempt] of Object.entries(tries)) {
        if (window.wanted && !wanted.includes(name))
            continue;
        try { results[name] = await attempt(); }
        catch (error) { results[name] = 'thrown ' + error; }
    }
    window.finished = true;
})();
"""

TRIES = re.findall(r"^    '([^']+)': ", SCRIPT, re.M)

# What a page may get to see that is no answer: nothing of it is in these.
BLIND = ("error", "opaque", "closed", "silent", "sent", "loaded", "hidden", "", "thrown")


@contextlib.contextmanager
def pages():
    """An empty page at any path; its port."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>a page</title><body>")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def elsewhere():
    with pages() as port:
        yield port


@pytest.fixture(scope="module")
def browser():
    rules = "--host-resolver-rules=MAP *.test 127.0.0.1"
    with browsers.Browser(flags=[rules]) as browser:
        yield browser


@pytest.fixture(scope="module")
def listed():
    with pages() as port:
        yield port


@pytest.fixture(scope="module", params=[("password", "off"), ("loopback", "off"), ("sample", "on")],
                ids=["password", "loopback", "sample acl and jsonp"])
def stack(request, builddir, listed, tmp_path_factory):
    """With a password; or for whoever is on this machine, as the browser is, where nothing but the
    checks of Host and Origin stands between a page and the queues: without an acl.conf, and with the
    sample."""
    who, jsonp = request.param
    conf = {"jsonp": jsonp, "origins": f"http://localhost:{listed} http://127.0.0.1:{listed}"}
    if who == "password":
        conf["acl"] = tmp_path_factory.mktemp("acl") / "acl.conf"
        conf["acl"].write_text(ACL)
        conf["hosts"] = "127.0.0.1"
    if who == "sample":
        conf["acl"] = os.path.join(servers.TOP, "conf", "acl.conf")
    with servers.Stack(builddir, helpers=1, conf=conf) as stack:
        stack.is_open = who != "password"
        yield stack


@pytest.fixture
def messages(stack, queue):
    """Three of them, and what must still be there afterwards."""
    user = servers.basic("user", "pw")
    for value in "secret-1", "secret-2", "secret-3":
        answer = stack.http.post(f"/q/{queue}", value, {"Content-Type": "text/plain", **user})
        assert answer.status == 200

    def state():
        with contextlib.closing(stack.redis.client()) as redis:
            return {key: redis.dump(key) for key in redis.keys("*")
                    if queue.encode() in key
                    and not key.endswith((b":refcount", b":sampled", b":history"))}   # soft reads, samples
    return state


def log_in(browser, port):
    """As a user does, with his password in the address; and a page of ours sets RestMQ's cookie, in
    the way that is sent along most."""
    browser.open(f"http://user:pw@127.0.0.1:{port}/stats")
    assert '"queues"' in browser.run("return document.body.innerText")
    browser.open(f"http://127.0.0.1:{port}/health")
    browser.run("document.cookie = 'auth=user:pw; path=/; SameSite=None; Secure'")
    assert "auth=" in browser.run("return document.cookie")


def attempt(browser, base, queue, wanted=None, seconds=90):
    browser.run("window.wanted = arguments[0]", wanted)
    browser.run(SCRIPT, base, queue)
    servers.wait_for(lambda: browser.run("return window.finished === true"), seconds, 0.1)
    return browser.run("return results"), browser.run("return leaked")


@pytest.mark.parametrize("origin", ["http://localhost:PAGE", "http://evil.test:PAGE"])
def test_a_page_of_another_site(stack, browser, elsewhere, queue, messages, origin):
    log_in(browser, stack.port)
    before = messages()
    browser.open(origin.replace("PAGE", str(elsewhere)))
    results, leaked = attempt(browser, f"http://127.0.0.1:{stack.port}", queue)
    assert messages() == before, results
    assert not leaked
    for name, result in results.items():
        assert result in BLIND, (name, result)
    assert len(results) == len(TRIES) > 35


def test_a_page_on_another_port(stack, browser, elsewhere, queue, messages):
    """For browsers that is the same site: they send its cookies and its password."""
    log_in(browser, stack.port)
    before = messages()
    browser.open(f"http://127.0.0.1:{elsewhere}")
    assert "auth=" in browser.run("return document.cookie")
    results, leaked = attempt(browser, f"http://127.0.0.1:{stack.port}", queue)
    assert messages() == before, results
    assert not leaked and len(results) == len(TRIES)
    for name, result in results.items():
        assert result in BLIND, (name, result)


def test_a_page_without_an_origin(stack, browser, elsewhere, queue, messages):
    """A sandboxed frame, and one of a data: address, are the origin null."""
    log_in(browser, stack.port)
    before = messages()
    for source in "srcdoc", "data":
        browser.open(f"http://localhost:{elsewhere}")
        browser.run("""
            const frame = document.createElement('iframe'), script = '<body><script>(function(){'
                + arguments[0] + '}).call(null,' + JSON.stringify(arguments[1]) + ','
                + JSON.stringify(arguments[2]) + ');setInterval(() => window.finished &&'
                + 'parent.postMessage({results, leaked}, "*"), 100)</' + 'script>';
            window.onmessage = event => { window.told = event.data; };
            frame.sandbox = 'allow-scripts allow-forms';
            if (arguments[3] == 'srcdoc')
                frame.srcdoc = script;
            else
                frame.src = 'data:text/html;base64,' + btoa(script);
            document.body.append(frame);
            """, SCRIPT, f"http://127.0.0.1:{stack.port}", queue, source)
        told = servers.wait_for(lambda: browser.run("return window.told || null"), 90, 0.1)
        assert messages() == before, told
        assert not told["leaked"]
        for name, result in told["results"].items():
            assert result in BLIND or result.startswith("thrown"), (name, result)


def test_a_name_that_points_to_us(stack, browser, queue, messages):
    """Rebinding: for the browser the page and the broker are one origin."""
    before = messages()
    browser.open(f"http://user:pw@evil.test:{stack.port}/health")
    browser.run("document.cookie = 'auth=user:pw; path=/'")
    results, leaked = attempt(browser, f"http://evil.test:{stack.port}", queue)
    assert messages() == before, results
    assert not leaked
    assert not [result for result in results.values() if "secret" in result]


def test_what_the_browser_prefetches(stack, browser, queue, messages):
    """A page of our own, so that nothing but the guess keeps it from taking a message; and the same link
    that the user follows takes one."""
    log_in(browser, stack.port)
    before = messages()
    browser.open(f"http://127.0.0.1:{stack.port}/health")
    browser.run("""
        const link = document.createElement('link');
        link.rel = 'prefetch';
        link.href = arguments[0];
        link.onload = link.onerror = () => { window.prefetched = true; };
        document.head.append(link);
        """, f"/q/{queue}")
    servers.wait_for(lambda: browser.run("return window.prefetched === true"), 15, 0.1)
    assert messages() == before
    browser.open(f"http://127.0.0.1:{stack.port}/health")
    browser.run(f"location = '/q/{queue}'")
    servers.wait_for(lambda: "secret-1" in browser.run("return document.body.innerText"), 15, 0.1)


def test_links_to_us(stack, browser, elsewhere, queue, messages):
    """What opens at the top must not take either."""
    log_in(browser, stack.port)
    before = messages()
    for move in "location = arguments[0]", "location.replace(arguments[0])", (
            "const a = document.createElement('a'); a.href = arguments[0]; document.body.append(a); a.click()"):
        for path in f"/q/{queue}", f"/?queue={queue}", f"/q?queues={queue}", f"/w/{queue}?wait=0":
            browser.open(f"http://localhost:{elsewhere}")
            browser.run(move, f"http://127.0.0.1:{stack.port}{path}")
            servers.wait_for(lambda: browser.run("return location.port") == str(stack.port))
            assert "secret" not in browser.run("return document.body.innerText")
    assert messages() == before


def more(stack, queue):
    """One more message, once the streams of the page before are gone.  Some web servers find out only
    when they cannot write."""
    user = servers.basic("user", "pw")

    def push(value):
        stack.http.post(f"/q/{queue}", value, {"Content-Type": "text/plain", **user})

    def is_empty():
        if stack.http.get(f"/presence/{queue}", user).json() == []:
            return True
        if not stack.web.notices_gone:
            push("secret-gone")
        return False

    servers.wait_for(is_empty, step=0.1)
    push("secret-again")


READ = ["fetch a soft read", "fetch the statistics"]
STREAMS = ["a websocket", "events", "a long-poll"]
WRITE = ["push text", "push json", "a form"]


def test_own_pages_may(stack, browser, queue, messages):
    log_in(browser, stack.port)
    results, _ = attempt(browser, f"http://127.0.0.1:{stack.port}", queue, READ)
    assert all("secret-1" in results[name] or '"len":3' in results[name] for name in READ), results
    for name in STREAMS:
        more(stack, queue)
        results, _ = attempt(browser, f"http://127.0.0.1:{stack.port}", queue, [name])
        assert "secret" in results[name] or "forged" in results[name], results
        browser.open(f"http://127.0.0.1:{stack.port}/health")
    results, _ = attempt(browser, f"http://127.0.0.1:{stack.port}", queue, WRITE)
    assert all(f"{queue}:" in results[name] for name in WRITE), results


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_listed_pages_may(stack, browser, listed, queue, messages, host):
    """And they see the answers, from another site or another port.  A password they must bring
    themselves: Chromium keeps the user's for pages of the same site."""
    base = f"http://127.0.0.1:{stack.port}"
    log_in(browser, stack.port)
    browser.open(f"http://{host}:{listed}")
    results, _ = attempt(browser, base, queue, ["fetch with a password"])
    assert '"secret-1"' in results["fetch with a password"], results
    if not stack.is_open:
        return
    wanted = READ + ["fetch a take", "push text", "push json", "extend"]
    results, _ = attempt(browser, base, queue, wanted)
    assert '"secret-1"' in results["fetch a take"]
    assert '"secret-2"' in results["fetch a soft read"] and '"len":2' in results["fetch the statistics"]
    assert results["push text"].startswith(f"200 {queue}:") and results["push json"].startswith("200")
    assert results["extend"][:3] in ("404", "409"), "the preflight"
    for name in "a long-poll", "events":
        more(stack, queue)
        results, _ = attempt(browser, base, queue, [name])
        assert "secret" in results[name] or "forged" in results[name], results
    results, _ = attempt(browser, base, queue, ["purge"])
    assert '"status":' in results["purge"]
