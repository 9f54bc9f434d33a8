"""A TCP relay that can be slow and can speak TLS towards the client: real registries can do neither on demand."""

import socket
import socketserver
import threading
import time

CHUNK = 16 * 1024


class _Bucket:
    """Lets bytes through at `rate` a second, all connections together."""

    def __init__(self, rate):
        self.rate = rate
        self.free_at = 0.0
        self.lock = threading.Lock()

    def wait(self, size):
        if not self.rate:
            return
        with self.lock:
            now = time.monotonic()
            self.free_at = max(self.free_at, now) + size / self.rate
            pause = self.free_at - now
        time.sleep(pause)


def _pump(source, sink, bucket):
    try:
        while data := source.recv(CHUNK):
            bucket.wait(len(data))
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Relay:
    """Listens at `address` and passes everything on to `target`; `rate` in bytes a second limits what comes back, `tls` is a server context."""

    def __init__(self, address, target, rate=None, tls=None):
        bucket, free = _Bucket(rate), _Bucket(None)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                client = self.request
                try:
                    if tls:
                        client = tls.wrap_socket(client, server_side=True)
                    upstream = socket.create_connection(target, timeout=10)
                except OSError:
                    return
                upstream.settimeout(None)
                back = threading.Thread(target=_pump, args=(upstream, client, bucket), daemon=True)
                back.start()
                _pump(client, upstream, free)
                back.join()
                upstream.close()
                client.close()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(address, Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
