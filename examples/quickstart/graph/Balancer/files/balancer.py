"""A reverse proxy over HTTP that takes a changed list of back ends without dropping a request.

The back ends stand in a file, one ``host:port`` a line. On SIGHUP the file is read again:
new requests go to the new list at once, and when the last request to a back end that is
gone has been answered, the list is copied to ``FILE.loaded``: from then on nobody needs
the old back ends. A request is sent to one back end, and never repeated on another.
"""

import argparse
import http.client
import itertools
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NOT_FORWARDED = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "date", "server"}


class BackEnds:
    """The list in force, and how many requests each back end has in its hands."""

    def __init__(self, file):
        self.file = file
        self._changed = threading.Condition()
        self._list = []
        self._turn = itertools.count()
        self._busy = {}

    def acquire(self):
        """Return the next back end of the list in force, or None."""
        with self._changed:
            if not self._list:
                return None
            chosen = self._list[next(self._turn) % len(self._list)]
            self._busy[chosen] = self._busy.get(chosen, 0) + 1
            return chosen

    def release(self, back_end):
        """Tell that a request was answered."""
        with self._changed:
            self._busy[back_end] -= 1
            self._changed.notify_all()

    def load(self):
        """Take the list from the file, wait until the back ends that are gone are idle, and say so."""
        text = self.file.read_text()
        with self._changed:
            gone = set(self._list) - set(text.split())
            self._list = text.split()
            self._changed.wait_for(lambda: not any(self._busy.get(one) for one in gone), timeout=8)
        loaded = self.file.with_name(self.file.name + ".loaded")
        fresh = loaded.with_name(loaded.name + ".new")
        fresh.write_text(text)
        os.replace(fresh, loaded)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    back_ends = None

    def do_GET(self):
        if self.path == "/-/health":
            return self.answer(200, [], b"fine\n")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        back_end = self.back_ends.acquire()
        if back_end is None:
            return self.answer(503, [], b"no web server is there\n")
        try:
            self.answer(*self.forward(back_end, body))
        finally:
            self.back_ends.release(back_end)

    do_POST = do_PUT = do_DELETE = do_GET

    def forward(self, back_end, body):
        """Return status, headers and body of the back end's answer."""
        connection = http.client.HTTPConnection(back_end, timeout=30)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in NOT_FORWARDED}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in NOT_FORWARDED]
            return answer.status, kept, answer.read()
        except (OSError, http.client.HTTPException) as error:
            return 502, [], f"back end {back_end} failed: {error!r}\n".encode()
        finally:
            connection.close()

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Print nothing for each request."""


class Server(ThreadingHTTPServer):
    """Takes a crowd that arrives at once."""

    daemon_threads = True
    request_queue_size = 128


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--back-ends", type=Path, required=True)
    options = parser.parse_args()
    Handler.back_ends = BackEnds(options.back_ends)
    reload = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: reload.set())
    server = Server((options.address, options.port), Handler)

    def follow():
        while True:
            Handler.back_ends.load()
            reload.wait()
            reload.clear()

    threading.Thread(target=follow, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.05)


main()
