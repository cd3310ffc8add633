"""A mail server on loopback that answers as it is told."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Mailbox:
    """`answers` maps a command to its reply ("RCPT": "550 no such user"); `on_data` runs before DATA is answered."""

    port: int = 0
    mails: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    on_data: Callable[[], None] | None = None
    hang_up_after_data: bool = False


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    mailbox: Mailbox


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            command = line.split(" ", 1)[0].split(":")[0].upper()
            if command == "QUIT":
                self.say("221 bye")
                return
            if command == "DATA" and "DATA" not in self.server.mailbox.answers:
                if not self.take_mail(self.server.mailbox):
                    return
                continue
            self.say(self.server.mailbox.answers.get(command, "250 ok"))

    def take_mail(self, mailbox: Mailbox) -> bool:
        self.say("354 go on")
        lines: list[str] = []
        while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
            lines.append(line)
        mailbox.mails.append("\n".join(lines))
        if mailbox.on_data:
            mailbox.on_data()
        if mailbox.hang_up_after_data:
            return False
        self.say("250 taken")
        return True


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.mailbox = mailbox
    mailbox.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield mailbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
