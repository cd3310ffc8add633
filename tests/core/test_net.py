"""The guarded client against a real local server."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import pytest

from core import net


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections: set[int] = set()

    def do_GET(self) -> None:
        type(self).connections.add(self.client_address[1])
        match self.path:
            case "/redirect":
                self.answer(302, b"", Location="http://169.254.169.254/latest")
            case "/slow":
                time.sleep(1)
                with suppress(OSError):  # nobody waits any more
                    self.answer(200, b"late")
            case "/drip":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.drip(b"x" for _ in range(100))
            case "/long-head":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                self.drip(b"X-%d: y\r\n" % number for number in range(100))
            case "/large":
                self.answer(200, b"x" * 100_000)
            case "/cut":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"half")
                self.close_connection = True
            case _:
                self.answer(200, b'{"path": "%s"}' % self.path.encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201, body, Kind=self.headers["Content-Type"])

    def drip(self, pieces: Iterable[bytes]) -> None:
        with suppress(OSError):  # nobody waits any more
            for piece in pieces:
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(0.05)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def base(settings) -> Iterator[str]:
    Handler.connections = set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    settings.OUTGOING_ALLOWED_HOSTS = [f"127.0.0.1:{server.server_port}"]
    yield f"http://127.0.0.1:{server.server_port}"
    net.close_connections()
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_answer_comes_whole_and_the_connection_is_kept(base):
    for number in range(5):
        reply = net.send("GET", f"{base}/hello{number}")
        assert (reply.status, reply.json()) == (200, {"path": f"/hello{number}"})
    assert len(Handler.connections) == 1


def test_forms_and_json_are_sent_as_such(base):
    form = net.send("POST", f"{base}/", form={"a": "快递", "b": "1 2"})
    assert form.body == b"a=%E5%BF%AB%E9%80%92&b=1+2"
    assert form.headers["kind"] == "application/x-www-form-urlencoded"
    json = net.send("POST", f"{base}/", json={"a": "快"})
    assert (json.json(), json.headers["kind"]) == ({"a": "快"}, "application/json")


def test_threads_share_the_pool(base):
    results: list[int] = []

    def worker() -> None:
        results.extend(net.send("GET", f"{base}/x").status for _ in range(20))

    threads = [threading.Thread(target=worker) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [200] * 120
    assert len(Handler.connections) <= 6


def test_a_redirect_is_an_answer_and_never_followed(base):
    reply = net.send("GET", f"{base}/redirect")
    assert (reply.status, reply.headers["location"]) == (302, "http://169.254.169.254/latest")


def test_a_slow_answer_and_one_that_drips_are_given_up(base):
    with pytest.raises(net.OutgoingTimeout):
        net.send("GET", f"{base}/slow", timeouts=net.Timeouts(read=0.2))
    started = time.monotonic()
    with pytest.raises(net.OutgoingTimeout):
        net.send("GET", f"{base}/drip", timeouts=net.Timeouts(read=0.3, total=0.5))
    assert time.monotonic() - started < 1.5


def test_a_head_that_drips_is_given_up(base):
    started = time.monotonic()
    with pytest.raises(net.OutgoingTimeout):
        net.send("GET", f"{base}/long-head", timeouts=net.Timeouts(read=0.3, total=0.5))
    assert time.monotonic() - started < 2


def test_a_long_answer_is_cut_off(base):
    assert len(net.send("GET", f"{base}/large").body) == 100_000
    with pytest.raises(net.ReplyTooLarge):
        net.send("GET", f"{base}/large", max_bytes=99_999)


def test_a_broken_answer_is_a_failure(base):
    with pytest.raises(net.OutgoingFailed):
        net.send("GET", f"{base}/cut")


def test_nobody_listening(settings):
    settings.OUTGOING_ALLOWED_HOSTS = ["127.0.0.1:9"]
    with pytest.raises(net.OutgoingFailed):
        net.send("GET", "http://127.0.0.1:9/")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:5432/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://0.0.0.0/",
        "http://2130706433/",
    ],
)
def test_our_own_network_is_never_called(url, settings):
    settings.OUTGOING_ALLOWED_HOSTS = []
    with pytest.raises(net.OutgoingRefused):
        net.send("GET", url)


def test_the_exemption_is_for_one_port(base):
    port = int(base.rpartition(":")[2])
    with pytest.raises(net.OutgoingRefused):
        net.send("GET", f"http://127.0.0.1:{port + 1}/")


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "file:///etc/passwd", "http:///x", "//a.example", "http://u:p@a.example/", "http://x:99999/"],
)
def test_only_plain_web_addresses(url):
    with pytest.raises(net.OutgoingRefused):
        net.send("GET", url)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("192.168.1.1", False),
        ("172.16.0.1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:0a00:0001::", False),  # 6to4 of 10.0.0.1
        ("::", False),
        ("64:ff9b::a00:7", False),  # NAT64 of 10.0.0.7
        ("64:ff9b::808:808", True),
        ("::7f00:1", False),  # the old way to write IPv4 in IPv6
        ("fec0::1", False),
        ("240.0.0.1", False),
    ],
)
def test_public_addresses(address, public):
    assert net.is_public(ip_address(address)) is public


def test_a_name_with_one_private_address_is_refused(monkeypatch, settings):
    settings.OUTGOING_ALLOWED_HOSTS = []
    found = [(2, 1, 6, "", ("8.8.8.8", 80)), (2, 1, 6, "", ("10.0.0.7", 80))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: found)
    with pytest.raises(net.OutgoingRefused):
        net.allowed_addresses("rebinding.example", 80)
