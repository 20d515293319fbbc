"""A web server that says who it is and counts visits in the store; it ends once it has answered what it accepted."""

import argparse
import os
import signal
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server_version = "quickstart-web"
    name = ""
    store_file = Path()

    def do_GET(self):
        if self.path == "/-/health":
            return self.answer(200, "fine")
        store = self.store_file.read_text().strip()
        try:
            visit = urllib.request.Request(f"{store}/visits", method="POST")
            with urllib.request.urlopen(visit, timeout=5) as answer:
                count = answer.read().decode().strip()
        except OSError as error:
            return self.answer(503, f"{self.name} cannot reach the store at {store}: {error}")
        return self.answer(200, f"Hello from {self.name} (process {os.getpid()}), visit {count}")

    def answer(self, status, text):
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Print nothing for each request."""


class Server(ThreadingHTTPServer):
    """Closing it waits for the requests that were accepted."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--store-file", type=Path, required=True, help="holds the store's URL; read at each request")
    options = parser.parse_args()
    Handler.name, Handler.store_file = options.name, options.store_file
    with Server((options.address, options.port), Handler) as server:
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever(poll_interval=0.05)


main()
