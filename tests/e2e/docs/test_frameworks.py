# test_frameworks.py - the queue for Laravel and the transport for Symfony's Messenger of docs/clients.txt, run by
# the workers of Debian's php-illuminate-queue and php-symfony-messenger.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import os
import shutil
import subprocess

import pytest

import stack as servers
from test_clients_txt import PROGRAMS

LARAVEL = "/usr/share/php/Illuminate/Queue/autoload.php"
EVENTS = "/usr/share/php/Illuminate/Events/autoload.php"
SYMFONY = "/usr/share/php/Symfony/Component/Messenger/autoload.php"

LARAVEL_HEAD = """<?php
error_reporting(E_ALL & ~E_DEPRECATED);     // Laravel 8 is older than PHP 8.2
require '%s';
require '%s';
require 'Broker.php';
require 'RestmqQueue.php';

class Work
{
    public function fire($job, $data)
    {
        echo $data, ' ', $job->attempts(), ' ', $job->getJobId(), "\\n";
        if ($data === 'fails')
            throw new Exception('it is so');
        $job->delete();
    }
    public function failed($data) { echo "failed: $data\\n"; }
}
class Handler implements Illuminate\\Contracts\\Debug\\ExceptionHandler
{
    public function report(Throwable $e) { echo $e->getMessage(), "\\n"; }
    public function shouldReport(Throwable $e) { return true; }
    public function render($request, Throwable $e) {}
    public function renderForConsole($output, Throwable $e) {}
}
$container = new Illuminate\\Container\\Container();
$events = new Illuminate\\Events\\Dispatcher($container);
$container->instance(Illuminate\\Contracts\\Events\\Dispatcher::class, $events);
$container->instance('events', $events);
$capsule = new Illuminate\\Queue\\Capsule\\Manager($container);
$capsule->getQueueManager()->extend('restmq', fn () => new RestmqConnector);
$capsule->addConnection(['driver' => 'restmq', 'url' => $argv[1], 'queue' => $argv[2], 'lease' => 60], 'restmq');
$queue = $capsule->getConnection('restmq');
function work($tries) {
    global $capsule, $events, $argv;
    $worker = new Illuminate\\Queue\\Worker($capsule->getQueueManager(), $events, new Handler(), fn () => false);
    $worker->runNextJob('restmq', $argv[2], new Illuminate\\Queue\\WorkerOptions('default', 0, 128, 60, 0, $tries));
}
""" % (LARAVEL, EVENTS)

SYMFONY_HEAD = """<?php
use Symfony\\Component\\Messenger\\{Envelope, MessageBus, Worker};
use Symfony\\Component\\Messenger\\Handler\\HandlersLocator;
use Symfony\\Component\\Messenger\\Middleware\\HandleMessageMiddleware;
use Symfony\\Component\\Messenger\\Stamp\\{DelayStamp, TransportMessageIdStamp};
use Symfony\\Component\\Messenger\\Transport\\Serialization\\PhpSerializer;
require '%s';
require 'Broker.php';
require 'RestmqTransport.php';

class Note { public function __construct(public string $text) {} }
$factory = new RestmqTransportFactory();
$dsn = "restmq+$argv[1]";
assert($factory->supports($dsn, []) && !$factory->supports('amqp://host', []));
$transport = $factory->createTransport($dsn, ['queue' => $argv[2]], new PhpSerializer());
""" % SYMFONY


class Php:
    def __init__(self, stack, queue, folder):
        self.stack, self.queue, self.folder = stack, queue, folder
        for name in "Broker.php", "RestmqQueue.php", "RestmqTransport.php":
            (folder / name).write_text(PROGRAMS[name])

    def run(self, head, text):
        """What it prints, line by line."""
        (self.folder / "main.php").write_text(head + text)
        command = ["php", "-d", "zend.assertions=1", "-d", "display_errors=stderr", "main.php",
                   f"http://127.0.0.1:{self.stack.port}", self.queue]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=servers.patience(60))
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done.stdout.splitlines()

    def numbers(self):
        facts = self.stack.http.get(f"/stats/{self.queue}").json()
        return {name: facts[name] for name in ("len", "leased", "delayed", "acked")}


@pytest.fixture
def php(stack, queue, tmp_path):
    return Php(stack, queue, tmp_path)


def needs(*files):
    missing = [file for file in files if not os.path.exists(file)] or (not shutil.which("php") and ["php"])
    return pytest.mark.skipif(bool(missing), reason=f"there is no {missing}")


@needs(LARAVEL, EVENTS)
def test_laravel_works(php):
    """A job is done and deleted; one with a delay waits."""
    lines = php.run(LARAVEL_HEAD, """
        echo $queue->size(), "\\n";
        echo $queue->push('Work', 'one äöü'), "\\n";
        $queue->later(600, 'Work', 'later');
        echo $queue->size(), "\\n";
        work(3);
        work(3);
        echo $queue->size(), "\\n";
    """)
    assert lines == ["0", f"{php.queue}:1", "2", f"one äöü 1 {php.queue}:1", "1"]
    assert php.numbers() == {"len": 0, "leased": 0, "delayed": 1, "acked": 1}


@needs(LARAVEL, EVENTS)
def test_a_job_of_laravel_fails(php):
    """It is released and comes again, with one try more, and is deleted when it has had so many."""
    lines = php.run(LARAVEL_HEAD, """
        $queue->push('Work', 'fails');
        work(2);
        echo json_encode($queue->size()), "\\n";
        work(2);
    """)
    key = f"{php.queue}:1"
    assert lines == [f"fails 1 {key}", "it is so", "1", f"fails 2 {key}", "failed: fails", "it is so"]
    assert php.numbers() == {"len": 0, "leased": 0, "delayed": 0, "acked": 1}


@needs(LARAVEL, EVENTS)
def test_a_push_of_laravel_is_refused(php):
    php.stack.http.post(f"/control/{php.queue}", form={"status": "stop", "what": "pushes"})
    lines = php.run(LARAVEL_HEAD, """
        try { $queue->push('Work', 'x'); } catch (RuntimeException $e) { echo substr($e->getMessage(), -400), "\\n"; }
    """)
    assert f"q/{php.queue}: status 423" in lines[0]


@needs(SYMFONY)
def test_symfony_works(php):
    """Its own worker handles what was sent, and acks it."""
    lines = php.run(SYMFONY_HEAD, """
        $sent = $transport->send(new Envelope(new Note("one äöü \\0")));
        echo $sent->last(TransportMessageIdStamp::class)->getId(), "\\n";
        $transport->send(new Envelope(new Note('later'), [new DelayStamp(600000)]));
        $handlers = new HandlersLocator([Note::class => [function (Note $note) use (&$worker) {
            echo json_encode($note->text), "\\n";
            $worker->stop();
        }]]);
        $worker = new Worker(['orders' => $transport], new MessageBus([new HandleMessageMiddleware($handlers)]));
        $worker->run();
    """)
    assert lines[0] == f"{php.queue}:1" and json.loads(lines[1]) == "one äöü \0" and len(lines) == 2
    assert php.numbers() == {"len": 0, "leased": 0, "delayed": 1, "acked": 1}


@needs(SYMFONY)
def test_symfony_rejects(php):
    """What it is told to reject is gone, and so is what is no message of it."""
    php.stack.http.post(f"/q/{php.queue}", b"nonsense", {"Content-Type": "text/plain"})
    lines = php.run(SYMFONY_HEAD, """
        try { $transport->get(); } catch (Symfony\\Component\\Messenger\\Exception\\MessageDecodingFailedException $e) {
            echo "no message\\n";
        }
        $transport->send(new Envelope(new Note('one')));
        [$envelope] = $transport->get();
        echo $envelope->getMessage()->text, ' ', count($transport->get()), "\\n";
        $transport->reject($envelope);
        try { $transport->ack($envelope); } catch (RuntimeException $e) { echo substr($e->getMessage(), 0, 60), "\\n"; }
    """)
    assert lines[:2] == ["no message", "one 0"] and "status 409" in lines[2]
    assert php.numbers() == {"len": 0, "leased": 0, "delayed": 0, "acked": 2}
