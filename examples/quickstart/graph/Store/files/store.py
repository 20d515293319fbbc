"""A small durable key-value store: GET, PUT and POST (add one) on /KEY."""

import argparse
import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Store:
    """Values in memory, each change appended to a journal first."""

    def __init__(self, journal):
        self._lock = threading.Lock()
        self.values = {}
        if journal.exists():
            for line in journal.read_text().splitlines():
                try:
                    key, value = json.loads(line)
                except ValueError:
                    continue  # the last line, cut off by a crash
                self.values[key] = value
        self._journal = journal.open("a")
        self._journal.write("\n")  # a cut-off line must not swallow the next one

    def put(self, key, change):
        """Store what ``change`` makes of the present value, and return it."""
        with self._lock:
            value = change(self.values.get(key))
            self._journal.write(json.dumps([key, value]) + "\n")
            self._journal.flush()
            os.fsync(self._journal.fileno())
            self.values[key] = value
            return value


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    store = None

    def do_GET(self):
        if self.path == "/-/health":
            return self.answer(200, "fine")
        value = self.store.values.get(self.path)
        return self.answer(404, "no such key") if value is None else self.answer(200, value)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.answer(200, self.store.put(self.path, lambda _: body))

    def do_POST(self):
        self.answer(200, self.store.put(self.path, lambda value: str(int(value or 0) + 1)))

    def answer(self, status, text):
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Print nothing for each request."""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    options = parser.parse_args()
    Handler.store = Store(options.journal)
    server = ThreadingHTTPServer((options.address, options.port), Handler)
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.05)


main()
