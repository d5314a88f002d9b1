# A receiver of alerts: each request is a line of JSON in the file named first; the
# status of the answers is in the file named second, and the port goes to the third.
import http.server
import json
import sys

log, status, port = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        length = int(self.headers.get('Content-Length') or 0)
        body = self.rfile.read(length).decode()
        with open(log, 'a') as f:
            print(json.dumps({'method': self.command, 'path': self.path,
                              'headers': {k.lower(): v for k, v in self.headers.items()},
                              'body': body}), file=f)
        self.send_response(int(open(status).read()))
        self.send_header('Content-Length', '0')
        self.end_headers()

    do_GET = do_POST = answer

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
with open(port, 'w') as f:
    print(server.server_port, file=f)
server.serve_forever()
