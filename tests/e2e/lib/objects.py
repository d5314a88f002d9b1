#!/usr/bin/env python3
"""A store that only gives: objects.py FOLDER answers GET /bucket/KEY with the file
KEY of FOLDER; keys that begin with a number, "503-a.jpg", with that status.  Its
port is in FOLDER/port, and what it was asked, a line each, in FOLDER/log."""
import http.server
import os
import re
import sys

FOLDER = sys.argv[1]


class Store(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        key = self.path.split("?")[0].rsplit("/", 1)[-1]
        with open(f"{FOLDER}/log", "a") as log:
            log.write(f"{key} {self.path}\n")
        wanted = re.match(r"(\d{3})-", key)
        path = f"{FOLDER}/{key}"
        status = int(wanted[1]) if wanted else 200 if os.path.isfile(path) else 404
        body = open(path, "rb").read() if status == 200 else b"<Error/>"
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store)
with open(f"{FOLDER}/port.new", "w") as port:
    port.write(str(server.server_address[1]))
os.rename(f"{FOLDER}/port.new", f"{FOLDER}/port")
server.serve_forever()
