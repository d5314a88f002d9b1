#!/usr/bin/python3
"""An application that is told: a web server whose moods are files.

    receiver.py PORT MODES LOG

A request to /NAME is answered as the file MODES/NAME says when it comes: a
status, with Retry-After where more words follow; "hang", which never answers;
"cut", which hangs up; "drip", a byte of its head now and then; "stall STATUS", of
whose body but a part comes; "flood STATUS", whose body never ends; "heads", whose
head never does; "garbage", which is no HTTP; and 200 where there is no such file.
Each is a line of JSON in LOG once its answer is on the way, with the files that it
names and that are not there at that moment, whole.
"""
import base64
import hashlib
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, modes, log = int(sys.argv[1]), sys.argv[2], sys.argv[3]
lock = threading.Lock()


def absent(body):
    """The outputs of an event that are not in the archive as it says."""
    try:
        outputs = json.loads(body)["data"]["outputs"]
    except (ValueError, KeyError, TypeError):
        return []
    return [o["location"] for o in outputs or []
            if (o.get("location") or "").startswith("file://")
            and not whole(o["location"][7:], o)]


def whole(path, output):
    try:
        with open(path, "rb") as f:
            return hashlib.sha256(f.read()).hexdigest() == output["sha256"]
    except OSError:
        return False


def mood(name):
    try:
        with open(os.path.join(modes, name)) as f:
            return f.read().split()
    except FileNotFoundError:
        return ["200"]


def waits():
    time.sleep(60)
    return b""


def head(status, rest=""):
    return f"HTTP/1.1 {status} x\r\n{rest}\r\n".encode()


def drip():
    yield b"HTTP/1.1 200"
    for _ in range(60):
        time.sleep(1)
        yield b" "


def stall(status):
    yield head(status, "Content-Length: 1000\r\n") + b"some"
    yield waits()


def flood(status):
    yield head(status, "Content-Length: 100000000000\r\n")
    while True:
        yield b"x" * 65536


def heads():
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X-Again: " + b"x" * 1000 + b"\r\n"


# What is no answer as others are, in pieces.
ODD = {
    "hang": lambda: iter(waits, None), "cut": lambda: [], "drip": drip,
    "stall": stall, "flood": flood, "heads": heads,
    "garbage": lambda: [b"\x16\x03\x01 no HTTP at all\r\n\r\n"],
}


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, body, answer):
        line = json.dumps({
            "at": time.time(), "path": self.path.strip("/"), "answer": answer,
            "method": self.command,
            "id": self.headers.get("webhook-id"),
            "headers": {k.lower(): v for k, v in self.headers.items()},
            "body": base64.b64encode(body).decode(),
            "absent": absent(body),
        })
        with lock, open(log, "a") as f:
            f.write(line + "\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        words = mood(self.path.strip("/").split("/")[0])
        self.note(body, words[0])
        if words[0] in ODD:
            self.close_connection = True
            try:
                for piece in ODD[words[0]](*words[1:]):
                    self.wfile.write(piece)
                    self.wfile.flush()
            except OSError:
                pass
            return
        self.send_response(int(words[0]))
        if words[0].startswith("3"):
            self.send_header("Location", "/elsewhere")
        if len(words) > 1:
            self.send_header("Retry-After", " ".join(words[1:]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST


server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
server.daemon_threads = True
server.serve_forever()
