"""A CRI client as small as it can be: unary gRPC calls over HTTP/2 on a unix socket.

Sources: RFC 9113 (frames), RFC 7541 (header fields, sent as literals without Huffman coding), gRPC over HTTP/2 (5-byte message prefix),
cri-api runtime/v1 api.proto (field numbers). `ctr` cannot stand in for it: it does not read config_path.
"""

import socket
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4


class CriError(Exception):
    pass


def _varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    """A length-delimited protobuf field: a string, bytes, or a message that is already encoded."""
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def first_string(message):
    """The value of field 1 if it is length-delimited and stands first, as in PullImageResponse."""
    if not message or message[0] != (1 << 3 | 2):
        return ""
    length, shift, at = 0, 0, 1
    while True:
        length |= (message[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not message[at - 1] & 0x80:
            return message[at:at + length].decode()


def _literal(name, value):
    """A header field that is neither indexed nor compressed (RFC 7541 section 6.2.2); lengths below 127."""
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def _frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class _Connection:
    def __init__(self, path, timeout):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(SETTINGS, 0, 0))

    def close(self):
        self.socket.close()

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise CriError("the connection was closed")
            data += part
        return data

    def read_frame(self):
        head = self._exactly(9)
        length = int.from_bytes(head[:3], "big")
        return head[3], head[4], self._exactly(length)

    def request(self, method, message):
        headers = b"".join(_literal(*pair) for pair in (
            (":method", "POST"), (":scheme", "http"), (":path", method), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers")))
        body = b"\x00" + struct.pack(">I", len(message)) + message
        self.socket.sendall(_frame(HEADERS, END_HEADERS, 1, headers) + _frame(DATA, END_STREAM, 1, body))

    def answer(self):
        body = b""
        while True:
            kind, flags, payload = self.read_frame()
            if kind == SETTINGS and not flags & ACK:
                self.socket.sendall(_frame(SETTINGS, ACK, 0))
            elif kind == PING and not flags & ACK:
                self.socket.sendall(_frame(PING, ACK, 0, payload))
            elif kind in (RST_STREAM, GOAWAY):
                raise CriError("the server ended the call")
            elif kind == DATA:
                body += payload
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                return body


def call(path, method, message, timeout=60):
    """The answer's message. Raises CriError if there is none: a failed call has only trailers (the reason stands in containerd's log)."""
    connection = _Connection(path, timeout)
    try:
        connection.request(method, message)
        body = connection.answer()
    finally:
        connection.close()
    if len(body) < 5:
        raise CriError(f"{method} failed")
    return body[5:5 + int.from_bytes(body[1:5], "big")]


def version(path):
    return call(path, "/runtime.v1.RuntimeService/Version", b"", timeout=5)


def pull(path, image):
    """Pulls as kubelet does and returns the image's reference."""
    return first_string(call(path, "/runtime.v1.ImageService/PullImage", field(1, field(1, image))))


def remove(path, image):
    call(path, "/runtime.v1.ImageService/RemoveImage", field(1, field(1, image)))
