"""A mail server that only listens: what customers would have received."""

import email
import email.policy
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Mailbox:
    """`received` counts mails by (recipient, subject), those too that it took and hung up on (`hangs_up`)."""

    received: Counter[tuple[str, str]] = field(default_factory=Counter)
    hangs_up: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, recipients: list[str], content: bytes) -> None:
        message = email.message_from_bytes(content, policy=email.policy.default)
        with self.lock:
            self.received.update((recipient, str(message["Subject"])) for recipient in recipients)

    @contextmanager
    def serving(self, port: int) -> Iterator[None]:
        """Listen on loopback while the block runs."""
        server = MailServer(self, port)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()


class MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, mailbox: Mailbox, port: int) -> None:
        self.mailbox = mailbox
        super().__init__(("127.0.0.1", port), _Session)
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed in the middle of a session is part of the run."""


class _Session(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a sending client needs."""

    server: MailServer

    def handle(self) -> None:
        recipients: list[str] = []
        self._say("220 mailbox")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipients.append(line.decode().partition("<")[2].partition(">")[0])
            elif verb == b"DATA":
                self._say("354 go on")
                if (content := self._content()) is None:
                    return
                self.server.mailbox.take(recipients, content)
                recipients = []
                if self.server.mailbox.hangs_up:
                    return
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            self._say("250 OK")

    def _content(self) -> bytes | None:
        """The mail up to the line with a dot; None where the client went away before it."""
        lines: list[bytes] = []
        while line := self.rfile.readline():
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line.removeprefix(b"."))
        return None

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
