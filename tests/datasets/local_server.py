"""A server on 127.0.0.1 that answers as the bucket of OpenNeuro does, and can break off."""

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 3


class Bucket:
    """What the server holds and what it was asked."""

    def __init__(self, files):
        self.files = files
        self.etags = {key: hashlib.md5(content).hexdigest() for key, content in files.items()}
        self.asked = []
        # key -> number of bytes after which the connection is closed, once
        self.break_after = {}
        self.ranges = True

    def listing(self, prefix, start):
        keys = [key for key in sorted(self.files) if key.startswith(prefix)]
        page = keys[start : start + PAGE]
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><ETag>&quot;{self.etags[key]}&quot;</ETag>"
            f"<Size>{len(self.files[key])}</Size></Contents>"
            for key in page
        )
        more = start + PAGE < len(keys)
        token = f"<NextContinuationToken>{start + PAGE}</NextContinuationToken>" if more else ""
        space = "http://s3.amazonaws.com/doc/2006-03-01/"
        return f'<ListBucketResult xmlns="{space}">{items}{token}</ListBucketResult>'.encode()


def _make_handler(bucket):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            address = urlsplit(self.path)
            key = unquote(address.path.removeprefix("/bucket").lstrip("/"))
            bucket.asked.append((key, self.headers.get("Range")))
            if not key:
                query = parse_qs(address.query)
                start = int(query.get("continuation-token", ["0"])[0])
                self._send(200, bucket.listing(query["prefix"][0], start))
            elif key in bucket.files:
                self._send_file(key)
            else:
                self.send_error(404)

        def _send_file(self, key):
            content, status = bucket.files[key], 200
            wanted = self.headers.get("Range")
            if wanted and bucket.ranges:
                content, status = content[int(wanted[len("bytes=") : -1]) :], 206
            stop = bucket.break_after.pop(key, None)
            self._send(status, content, stop)

        def _send(self, status, content, stop=None):
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:stop])
            if stop is not None:
                self.close_connection = True

        def log_message(self, *args):
            pass

    return Handler


@contextmanager
def serving(files):
    """Give a bucket and its address while it is served."""
    bucket = Bucket(files)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(bucket))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield bucket, f"http://127.0.0.1:{server.server_port}/bucket"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
