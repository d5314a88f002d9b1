"""An origin of downloads that answers as its script says, byte for byte: good
files, odd ones, and what no web server would send.  Plain and over TLS, with
HTTP/2 as far as a broken stream needs it.

usage: origin.py FIXTURES LOG ADDRESS PORT [CERTIFICATE]...

The certificate "" means without TLS; one that ends in ":h2" offers HTTP/2.  Each
request is a line of the log: address, path, and the headers that matter.
"""
import gzip
import os
import socket
import ssl
import struct
import sys
import threading
import zlib

FIXTURES, LOG = sys.argv[1:3]
lock = threading.Lock()
counts = {}


def fixture(name):
    with open(os.path.join(FIXTURES, name), "rb") as file:
        return file.read()


JPG = fixture("media/base.jpg")
MP4 = fixture("media/base.mp4")
CASES = {name: fixture("cases/downloads/" + name)
         for name in os.listdir(os.path.join(FIXTURES, "cases/downloads"))}
# A picture of a megabyte and more.
BIG = JPG[:-2] + bytes(i * 7919 % 251 for i in range(1200000)) + JPG[-2:]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
TEXT = b"text/plain"


def head(status=200, kind=b"image/jpeg", *lines, length=None):
    text = b"HTTP/1.1 %d X\r\nContent-Type: %s\r\nConnection: close\r\n" % (
        status, kind)
    for line in lines:
        text += line + b"\r\n"
    if length is not None:
        text += b"Content-Length: %d\r\n" % length
    return text + b"\r\n"


def answer(body, kind=b"image/jpeg", *lines, status=200):
    return head(status, kind, *lines, length=len(body)) + body


def chunked(body, kind=b"image/jpeg", *lines, status=200, end=True):
    text = head(status, kind, b"Transfer-Encoding: chunked", *lines)
    for at in range(0, len(body), 65536):
        part = body[at:at + 65536]
        text += b"%x\r\n" % len(part) + part + b"\r\n"
    return text + (b"0\r\n\r\n" if end else b"")


def encoded(coding, body, kind=b"image/jpeg", *lines):
    return answer(body, kind, b"Content-Encoding: " + coding, *lines)


def redirect(to, *lines, status=302):
    return answer(b"elsewhere\n", TEXT, b"Location: " + to, *lines,
                  status=status)


def number(path, before):
    """What stands between that and the extension."""
    return int(path[len(before):].split(".")[0])


def part(request, body, at, *lines, total=None):
    """The rest of body, from that byte on."""
    rest = body[at:]
    total = len(body) if total is None else total
    return answer(rest, b"image/jpeg", b"Content-Range: bytes %d-%d/%s" % (
        at, len(body) - 1, str(total).encode()), *lines, status=206)


def resumable(request, validator, body=BIG, cut=700000):
    """Cut in the first answer; the rest, where it is asked for."""
    if request["range"]:
        return part(request, body, int(request["range"][6:-1]), *validator)
    if request["count"] == 1:
        return head(200, b"image/jpeg", *validator,
                    length=len(body)) + body[:cut]
    return answer(body, b"image/jpeg", *validator)


DATE = b"Date: Sun, 29 Nov 2026 12:00:00 GMT"
OLD = (DATE, b"Last-Modified: Sun, 29 Nov 2026 11:00:00 GMT")
YOUNG = (DATE, b"Last-Modified: Sun, 29 Nov 2026 11:59:30 GMT")


def too_large_in_two(request):
    """Two halves that are together too large: neither says how long it is."""
    etag = b'ETag: "two"'
    if request["range"]:
        at = int(request["range"][6:-1])
        return chunked(BIG, b"image/jpeg", etag, b"Content-Range: bytes "
                       b"%d-%d/*" % (at, at + len(BIG) - 1), status=206)
    return chunked(BIG, b"image/jpeg", etag, end=False)


def elsewhere(request):
    """A 206 whose bytes are of another place than was asked for."""
    etag = b'ETag: "place"'
    if request["range"]:
        at = int(request["range"][6:-1]) + 1000
        return part(request, BIG, at, etag)
    if request["count"] == 1:
        return head(200, b"image/jpeg", etag, length=len(BIG)) + BIG[:700000]
    return answer(BIG, b"image/jpeg", etag)


def piece(request):
    """Never more than 500,000 bytes at once, asked or not."""
    etag = b'ETag: "pieces"'
    at = int(request["range"][6:-1]) if request["range"] else 0
    body = BIG[at:at + 500000]
    return answer(body, b"image/jpeg", etag, b"Content-Range: bytes %d-%d/%d" %
                  (at, at + len(body) - 1, len(BIG)), status=206)


def hop(request):
    left = number(request["path"], "/hop-")
    return answer(JPG) if left == 0 else redirect(b"/hop-%d.jpg" % (left - 1),
                                                  status=301 + left % 3 % 2)


def cookie(request):
    """The file is for those who bring the cookie that it was refused with."""
    if "passed=yes" in request["cookie"]:
        return answer(JPG)
    return redirect(request["path"].encode(),
                    b"Set-Cookie: passed=yes; Path=/")


def cookies_seen(request):
    """An answer for those who come without any."""
    return answer(JPG) if not request["cookie"] else answer(b"no", TEXT,
                                                           status=403)


def wav(riff, data, samples, more=b""):
    return (b"RIFF" + struct.pack("<I", riff) + b"WAVEfmt " + struct.pack(
        "<IHHIIHH", 16, 1, 1, 24000, 48000, 2, 16) + b"data" +
        struct.pack("<I", data) + samples + more)


SOUND = bytes(i * 31 % 256 for i in range(2000))
FTYP = b"\0\0\0\x14ftypisom\0\0\2\0isom"
GZ = gzip.compress(JPG)
UTF16 = '<?xml version="1.0"?><!-- \u00fc --><svg xmlns="x"/>'
GLTF = b'{"accessors":[],"asset":{"version":"2.0"}}'
MIME = b"application/octet-stream"

# What stands at a path: bytes, or a function of the request.
SCRIPT = {
    "/plain.jpg": answer(JPG),
    "/chunked.jpg": chunked(JPG),
    "/unframed.jpg": head() + JPG,
    # no HTTP
    "/blank-line-first.jpg": b"\r\n" + answer(JPG),
    "/no-status-line.jpg":
        b"upstream connect error or disconnect/reset before headers",
    "/garbage-first.jpg": b"\0\1garbage" + answer(JPG),
    "/odd-version.jpg": b"HTTP/7.3 200 OK\r\n\r\n" + JPG,
    "/odd-status.jpg": b"HTTP/1.1 two hundred\r\n\r\n" + JPG,
    "/no-answer.jpg": b"",
    "/half-a-head.jpg": b"HTTP/1.1 200 OK\r\nContent-Ty",
    # cut
    "/cut.jpg": head(length=len(JPG)) + JPG[:500],
    "/cut-chunk.jpg": chunked(JPG, end=False)[:-100],
    "/cut-unframed.jpg": head() + JPG[:-100],
    "/short-but-whole.mp4": answer(MP4[:len(MP4) // 2], b"video/mp4"),
    "/empty.jpg": answer(b""),
    "/no-content.jpg": answer(b"", status=204),
    # ranges that nobody asked for
    "/206-whole.jpg": lambda r: part(r, JPG, 0),
    "/206-rest.jpg": lambda r: part(r, JPG, 100),
    "/206-unsaid.jpg": answer(JPG, status=206),
    "/206-unknown.jpg": lambda r: part(r, JPG, 0, total="*"),
    "/206-pieces.jpg": piece,
    # resumed, or not
    "/etag.jpg": lambda r: resumable(r, (b'ETag: "strong"',)),
    "/weak.jpg": lambda r: resumable(r, (b'ETag: W/"weak"',)),
    "/weak-old.jpg": lambda r: resumable(r, (b'ETag: W/"weak"',) + OLD),
    "/old.jpg": lambda r: resumable(r, OLD),
    "/young.jpg": lambda r: resumable(r, YOUNG),
    "/elsewhere.jpg": elsewhere,
    "/two.jpg": too_large_in_two,
    # codings
    "/br.png": encoded(b"br", CASES["png-sent-with-content-encoding-br.bin"],
                       b"image/png"),
    "/gzip.jpg": encoded(b"gzip", GZ),
    "/x-gzip.jpg": encoded(b"X-GZip", GZ, b"image/jpeg", b'ETag: "gz"'),
    "/deflate.jpg": encoded(b"deflate", zlib.compress(JPG)),
    "/gzip-twice.jpg": encoded(b"gzip, gzip", gzip.compress(GZ)),
    "/gzip-chunked.jpg": chunked(GZ, b"image/jpeg", b"Content-Encoding: gzip"),
    "/gzip-cut.jpg": head(200, b"image/jpeg", b"Content-Encoding: gzip",
                          length=len(GZ)) + GZ[:-200],
    "/gzip-sum.jpg": encoded(b"gzip", GZ, b"image/jpeg", b"Content-MD5: "
                             b"AAAAAAAAAAAAAAAAAAAAAA=="),
    "/gzip-no.jpg": encoded(b"gzip", JPG),
    "/br-no.jpg": encoded(b"br", JPG),
    "/gzip-junk.bin": encoded(b"gzip", b"\1\2\3 no gzip at all", MIME),
    "/compress.bin": encoded(b"compress", b"\x1f\x9d\x90 of no use", MIME),
    "/aws-chunked.jpg": encoded(b"aws-chunked", JPG),
    "/utf-8.jpg": encoded(b"utf-8", JPG),
    "/identity.jpg": encoded(b"identity", JPG),
    "/bomb.png": encoded(b"gzip", fixture("media/zeros.gz"), b"image/png"),
    "/gzip-page.jpg": encoded(b"gzip", gzip.compress(b"<html>no</html>")),
    "/gzip.svg": encoded(b"gzip", gzip.compress(SVG), b"image/svg+xml"),
    # elsewhere
    "/loop.jpg": redirect(b"/loop.jpg"),
    "/cookie.jpg": cookie,
    "/cookie-2.jpg": cookie,
    "/no-cookie.jpg": cookies_seen,
    "/to-http.jpg": redirect(b"http://cdn.example/plain.jpg"),
    "/to-ftp.jpg": redirect(b"ftp://cdn.example/plain.jpg"),
    "/to-file.jpg": redirect(b"file:///etc/passwd"),
    "/to-private.jpg": redirect(b"https://inside.example/plain.jpg"),
    "/to-address.jpg": redirect(b"https://10.0.0.1/plain.jpg"),
    "/to-port.jpg": redirect(b"https://cdn.example:8443/plain.jpg"),
    "/to-idn.jpg": redirect("https://b\u00fccher.example/plain.jpg".encode()),
    "/to-blank.jpg": redirect(b"/a b.jpg"),
    "/a%20b.jpg": answer(JPG),
    "/to-nothing.jpg": redirect(b"https://"),
    "/to-nowhere.jpg": answer(b"gone\n", TEXT, status=302),
    "/big-page.jpg": answer(b"x" * 300000, TEXT, b"Location: /plain.jpg",
                            status=307),
    # what a file is
    "/44-more.wav": answer(CASES["wav-riff-is-44-more.wav"], b"audio/wav"),
    "/odd.wav": answer(CASES["wav-odd-without-pad.wav"], b"audio/wav"),
    "/placeholder.wav": answer(wav(0xffffffff, 0xffffffff, SOUND),
                               b"audio/wav"),
    "/zeros.wav": answer(wav(0, 0, SOUND), b"audio/wav"),
    "/pipe.wav": answer(wav(0x80000024, 0x80000000, SOUND), b"audio/wav"),
    "/cut.wav": answer(wav(36 + 9000, 9000, SOUND), b"audio/wav"),
    "/cut-unframed.wav": head(200, b"audio/wav") + wav(2000, 1964, SOUND[:1900]),
    "/behind.mp4": answer(MP4 + b"GARBAGE! behind", b"video/mp4"),
    "/zeros-behind.mp4": answer(MP4 + bytes(40), b"video/mp4"),
    "/cut-box.mp4": answer(MP4 + b"\0\0\1\0moofxxx", b"video/mp4"),
    "/cut-free.mp4": answer(MP4 + b"\0\0\1\0freexxx", b"video/mp4"),
    "/comment.svg": answer(CASES["svg-long-comment.svg"], b"image/svg+xml"),
    "/utf-16.svg": answer(UTF16.encode("utf-16"), b"image/svg+xml"),
    "/utf-16be.svg": answer(UTF16.encode("utf-16-be"), b"image/svg+xml"),
    "/comment-page.jpg": answer(b"<!-- " + b"x" * 5000 + b" --><html>no</html>"),
    "/quiet.alaw": answer(CASES["alaw-quiet-start.alaw"], b"audio/x-alaw-basic"),
    "/quiet": answer(CASES["alaw-quiet-start.alaw"], b"audio/x-alaw-basic"),
    "/quiet.ulaw": answer(b"\xff\x7f" * 400 + b"\x7e\xfe", MIME),
    "/words.alaw": answer(b"Not found, and nobody knows why\n", TEXT),
    "/page.alaw": answer(b"<html>Not found</html>", b"text/html"),
    "/mesh.obj": answer(b"# made by hand\nmtllib a.mtl\nv 0 0 0\n", TEXT),
    "/words.obj": answer(b"Not found\n", TEXT),
    "/page.obj": answer(b"<!DOCTYPE html><p>no</p>", b"text/html"),
    "/text.stl": answer(b"solid a\nfacet normal 0 0 1\n", TEXT),
    "/data.stl": answer(b"made by hand".ljust(80, b"\0") +
                        struct.pack("<I", 1) + bytes(50), MIME),
    "/scene.usdz": answer(b"PK\3\4\x0a" + bytes(60), b"application/zip"),
    "/scene.gltf": answer(GLTF, b"application/json"),
    "/error.gltf": answer(b'{"error":"no such file"}', b"application/json"),
    "/scene.glb": answer(b"glTF\2\0\0\0\x10\0\0\0xxxx", MIME),
    "/text.fbx": answer(b"; FBX 7.4.0 project file\nFBXHeaderExtension:  {\n",
                        TEXT),
    "/stream.ts": answer((b"G" + bytes(187)) * 4, MIME),
    "/film.flv": answer(b"FLV\1\5\0\0\0\x09" + bytes(60), MIME),
    "/light.exr": answer(b"v/1\1\2\0\0\0channels\0chlist\0" + bytes(60), MIME),
    "/lines.jsonl": answer(b'{"a":1}\n{"a":2}\n', TEXT),
    "/data.jpg": answer(b"\1\2 of no type that is known", MIME),
    "/html.jpg": answer(b"<!DOCTYPE html><title>no</title>", b"text/html"),
    "/json.jpg": answer(b'{"error":"no"}', b"application/json"),
    # a status API: what it says of a task, in a coding and too often
    "/v1/tasks/night-18000": answer(
        b'{"id":"night-18000","status":"completed","created":1,"completed":2,'
        b'"result":{"images":[{"url":["https://cdn.example/hop-2.jpg"]}]}}',
        b"application/json"),
    "/v1/tasks/coded": encoded(b"gzip", gzip.compress(
        b'{"id":"coded","status":"completed","created":1,"completed":2,'
        b'"result":{"images":[{"url":["https://cdn.example/plain.jpg"]}]}}'),
        b"application/json"),
    "/v1/tasks/hurried": answer(b'{"error":{"message":"slow down"}}',
                                b"application/json", b"Retry-After: 600",
                                status=429),
}


def http2_frame(kind, flags, stream, body=b""):
    return struct.pack(">I", len(body))[1:] + bytes([kind, flags]) + \
        struct.pack(">I", stream) + body


def http2(conn):
    """Reads the request's head, begins an answer, and breaks the stream."""
    taken = b""
    while True:
        data = conn.recv(65536)
        if not data:
            return
        taken += data
        at = 24
        while len(taken) >= at + 9:
            length = int.from_bytes(taken[at:at + 3], "big")
            kind, stream = taken[at + 3], int.from_bytes(
                taken[at + 5:at + 9], "big")
            at += 9 + length
            if kind == 1 and len(taken) >= at:
                note(conn, "h2", "/", {})
                conn.sendall(http2_frame(4, 0, 0) +
                             # :status 200 by the static table
                             http2_frame(1, 4, stream, b"\x88") +
                             http2_frame(0, 0, stream, JPG[:300]) +
                             http2_frame(3, 0, stream, struct.pack(">I", 2)))
                conn.recv(65536)
                return


def note(conn, version, path, headers):
    line = "%s:%d %s %s" % (conn.getsockname()[:2] + (version, path))
    for name in ("host", "range", "if-range", "accept-encoding", "cookie"):
        if name in headers:
            line += " %s=%s" % (name, headers[name])
    with lock, open(LOG, "a", encoding="ascii", errors="replace") as file:
        file.write(line + "\n")


def respond(path, headers):
    with lock:
        counts[path] = counts.get(path, 0) + 1
        request = {"path": path, "count": counts[path],
                   "range": headers.get("range", ""),
                   "cookie": headers.get("cookie", "")}
    if path.startswith("/status-"):
        return answer(b"no\n", TEXT, status=number(path, "/status-"))
    if path.startswith("/hop-"):
        return hop(request)
    said = SCRIPT.get(path)
    if said is None:
        return answer(b"not found\n", TEXT, status=404)
    return said(request) if callable(said) else said


def http1(conn):
    taken = b""
    while b"\r\n\r\n" not in taken:
        data = conn.recv(65536)
        if not data:
            return
        taken += data
    first, *lines = taken.decode("latin-1").split("\r\n")
    path = first.split(" ")[1]
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.lower()] = value.strip()
    note(conn, "1.1", path, headers)
    if path == "/slow.jpg":
        slow(conn)
    else:
        conn.sendall(respond(path, headers))


def slow(conn):
    """A promised million bytes, one at a time, until nobody waits."""
    conn.sendall(head(length=1000000))
    pause = threading.Event()
    while not pause.wait(0.2):
        conn.sendall(b"\x89")


def serve(conn, context):
    try:
        if context is not None:
            conn = context.wrap_socket(conn, server_side=True)
        if context is not None and conn.selected_alpn_protocol() == "h2":
            http2(conn)
        else:
            http1(conn)
        # An end of the stream, not of the connection alone.
        if context is not None:
            conn = conn.unwrap()
        conn.shutdown(socket.SHUT_WR)
        conn.settimeout(5)
        while conn.recv(65536):
            pass
    except (OSError, ValueError):
        pass
    finally:
        conn.close()


def listen(address, port, certificate):
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, _, version = certificate.partition(":")
        context.load_cert_chain(certificate)
        context.set_alpn_protocols(["h2", "http/1.1"] if version else
                                   ["http/1.1"])
    server = socket.create_server((address, int(port)), backlog=256)

    def accept():
        while True:
            conn, _ = server.accept()
            threading.Thread(target=serve, args=(conn, context),
                             daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()


def main():
    for at in range(3, len(sys.argv), 3):
        listen(*sys.argv[at:at + 3])
    with open(LOG, "a", encoding="ascii"):
        pass
    threading.Event().wait()


main()
