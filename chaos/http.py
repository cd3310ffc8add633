"""A client of the product over HTTP: one request per connection, and forms filled in as a browser would."""

import http.client
import os
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode

SECONDS = 15.0
BOUNDARY = "chaos-5c1f0b7e"


class NoAnswer(Exception):
    """The connection was refused, broke or stayed silent: nobody knows whether the request was served."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str
    location: str
    cookies: dict[str, str]


def send(
    method: str, path: str, *, body: bytes = b"", headers: dict[str, str] | None = None, seconds: float = SECONDS
) -> Answer:
    """One request to the product's web server. Raises NoAnswer."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["PORT"]), timeout=seconds)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
    cookies = dict(line.split(";")[0].split("=", 1) for line in answer.headers.get_all("Set-Cookie") or [])
    return Answer(answer.status, text, answer.headers.get("Location", ""), cookies)


class Browser:
    """Keeps cookies, posts forms with what they hold."""

    def __init__(self, session: str) -> None:
        self.cookies = {"sessionid": session}

    def get(self, path: str) -> Answer:
        return self._send("GET", path, b"", {})

    def submit(self, path: str, fields: dict[str, str]) -> Answer:
        return self._send("POST", path, urlencode(fields).encode(), _FORM)

    def upload(self, path: str, fields: dict[str, str], *, name: str, content: bytes) -> Answer:
        """Submit a form with one file, in the field `file`."""
        parts = [
            f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in fields.items()
        ]
        parts.append(
            f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'.encode()
            + content
        )
        body = b"".join(b"--%s\r\n%s\r\n" % (BOUNDARY.encode(), part) for part in parts)
        body += f"--{BOUNDARY}--\r\n".encode()
        return self._send("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = send(method, path, body=body, headers=headers | {"Cookie": cookies})
        self.cookies |= answer.cookies
        return answer


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class _Fields(HTMLParser):
    """What a browser would send of the page's last POST form."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._inside = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and values.get("method", "").lower() == "post":
            self._inside, self.fields = True, {}
        elif self._inside and tag == "select":
            self._select = values.get("name", "")
        elif self._inside and tag == "option" and "selected" in values and self._select:
            self.fields[self._select] = values.get("value", "")
        elif self._inside and tag == "input" and values.get("type") not in {"checkbox", "file", "submit"}:
            self.fields[values.get("name", "")] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "form":
            self._inside = False


def form_fields(page: str) -> dict[str, str]:
    """The names and values of the last POST form of a page."""
    parser = _Fields()
    parser.feed(page)
    return parser.fields
