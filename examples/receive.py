#!/usr/bin/python3
"""Be told of finished tasks: a web server for a forward of genhook.

    receive.py PORT

Needs python3-psycopg2.  GENHOOK_SECRET is the forward's secret, or several with
blanks between; PGHOST, PGUSER, ... say where your database is, with the table
"taken" of docs/applications.md.
"""
import base64
import hmac
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2

KEYS = [base64.b64decode(s.removeprefix("whsec_"))
        for s in os.environ["GENHOOK_SECRET"].split()]


def is_genuine(headers, body):
    """Is it from who has the secret, as it was sent, and of now?"""
    at = headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(time.time() - int(at)) > 300:
        return False
    signed = f"{headers.get('webhook-id')}.{at}.".encode() + body
    ours = ["v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
            for key in KEYS]
    return any(hmac.compare_digest(a.encode(), b.encode()) for a in ours
               for b in headers.get("webhook-signature", "").split())


def take(webhook_id, body):
    """Once for each id: what comes again changes nothing."""
    db = psycopg2.connect("")
    with db, db.cursor() as sql:
        sql.execute("insert into taken (webhook_id, event) values (%s, %s)"
                    " on conflict do nothing", (webhook_id, body.decode()))
        if sql.rowcount == 1:
            pass  # what you do with it, in the same transaction
    db.close()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if is_genuine(self.headers, body):
            take(self.headers["webhook-id"], body)
            self.send_response(204)
        else:
            self.send_response(401)
        self.end_headers()


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
