"""What hostile registries answer. Each entry of CASES: the answer, the fault that bench must name, and words of its reason."""

import json

from wire import IMAGE_TYPE, INDEX_TYPE, Image, descriptor, digest_of, registry

MIB = 1 << 20
TAG = "1"
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b5m\x08\x7f\r"


class Case:
    def __init__(self, answer, fault, words, **more):
        self.answer, self.fault, self.words = answer, fault, words
        self.auth = more.get("auth", False)          # the mirror has credentials of ours
        self.by_tag = more.get("by_tag", False)      # the profile names no digest
        self.usable = more.get("usable", False)      # nothing wrong with it but where it points
        self.tls = more.get("tls", False)


def always(status, *headers, body=b"", **more):
    def make(image):
        return lambda send, request: send.reply(status, body, headers, **more)
    return make


def redirect(location, only=None):
    def make(image):
        good = registry(image)

        def answer(send, request):
            if only and request.kind != only:
                return good(send, request)
            return send.reply(307, b"", [("Location", location)])
        return answer
    return make


def challenge(text):
    """Wants what `text` says until it gets an Authorization."""
    def make(image):
        good = registry(image)

        def answer(send, request):
            if "authorization" in request.headers:
                return good(send, request)
            return send.reply(401, b"{}", [("WWW-Authenticate", text)])
        return answer
    return make


def realm(url):
    return challenge(f'Bearer realm="{url}",service="x",scope="repository:library/busybox:pull"')


def token_answer(reply):
    """A registry whose token server, on its own host and port, does as `reply(send)` says."""
    def make(image):
        good = registry(image)

        def answer(send, request):
            if request.path == "/token":
                return reply(send)
            if "authorization" in request.headers:
                return good(send, request)
            return send.reply(401, b"{}", [("WWW-Authenticate", f'Bearer realm="{send.server.url}/token",service="x"')])
        return answer
    return make


def with_manifest(body, kind=IMAGE_TYPE, headers=()):
    """These bytes under the tag: no digest is there to give them away."""
    def make(image):
        good = registry(image)

        def answer(send, request):
            if request.kind == "manifests" and request.reference == TAG:
                return send.reply(200, body, [("Content-Type", kind), *headers])
            return good(send, request)
        return answer
    return make


def manifest_case(document, fault, words, kind=IMAGE_TYPE):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Case(with_manifest(body, kind), fault, words, by_tag=True)


def image_document(**changes):
    image = Image(b"lies")
    return {**json.loads(image.manifest), **changes}


def flood_headers(piece, total=10 * MIB, first=b"HTTP/1.1 200 OK\r\n"):
    def make(image):
        def answer(send, request):
            send.raw(first)
            send.flood(piece, total)
            send.raw(b"\r\n\r\n")
            return False
        return answer
    return make


def flood_body(head, piece, total, only="manifests"):
    def make(image):
        good = registry(image)

        def answer(send, request):
            if request.kind != only:
                return good(send, request)
            send.raw(head)
            send.flood(piece, total)
            return False
        return answer
    return make


def drip(only, head=b""):
    def make(image):
        good = registry(image)

        def answer(send, request):
            if request.kind != only:
                return good(send, request)
            send.raw(head)
            send.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n" + b"x" * 600)
            return False
        return answer
    return make


def short_blob(delta):
    """Content-Length says one thing, the bytes another."""
    def make(image):
        good = registry(image)

        def answer(send, request):
            if request.kind != "blobs":
                return good(send, request)
            blob = image.blobs[request.reference]
            send.reply(200, blob, [("Content-Type", "application/octet-stream")], length=len(blob) + delta)
            return False
        return answer
    return make


def loop(image):
    return lambda send, request: send.reply(307, b"", [("Location", request.target)])


def growing_loop(image):
    return lambda send, request: send.reply(302, b"", [("Location", f"/v2/{'x' * 50}{request.target}")])


def index_in_index(image):
    """An index whose children are indexes for ever; every digest is right."""
    chain = Image(b"chain")
    body = chain.index
    for _ in range(1000):
        body = Image.index_of(descriptor(INDEX_TYPE, body))
        chain.manifests[digest_of(body)] = (INDEX_TYPE, body)
    chain.index, chain.digest = body, digest_of(body)
    return chain


CHAIN = index_in_index(None)
NESTED = b'{"schemaVersion":2,"mediaType":"' + IMAGE_TYPE.encode() + b'","config":' + b"[" * 1000 + b"]" * 1000 + b',"layers":[]}'
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: " + IMAGE_TYPE.encode() + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FORBIDDEN_REALM = "token realm not used|only this machine|refused to connect|not a URL|not http"
FORBIDDEN_REDIRECT = "only this machine|refused to connect|not a usable address|neither http"


def realm_case(url, words=FORBIDDEN_REALM, fault="unauthorized|connect|protocol", **more):
    return Case(realm(url), fault, words, **more)


def redirect_case(url, words=FORBIDDEN_REDIRECT, fault="redirect|connect", only=None, **more):
    return Case(redirect(url, only), fault, words, **more)


REALMS = {
    "realm-link-local": realm_case("http://169.254.169.254/latest/meta-data/iam"),
    "realm-other-metadata": realm_case("http://100.100.100.200/latest/meta-data"),
    "realm-ipv6-metadata": realm_case("http://[fd00:ec2::254]/latest"),
    "realm-loopback": realm_case("http://127.0.0.1/token"),
    "realm-loopback6": realm_case("http://[::1]/token"),
    "realm-mapped": realm_case("http://[::ffff:127.0.0.1]/token"),
    "realm-number": realm_case("http://2130706433/token"),
    "realm-hex": realm_case("http://0x7f000001/token"),
    "realm-octal": realm_case("http://0177.0.0.1/token"),
    "realm-short": realm_case("http://127.1/token"),
    "realm-localhost": realm_case("http://localhost./token"),
    "realm-unspecified": realm_case("http://0.0.0.0/token"),
    "realm-name-of-loopback": realm_case("http://rebound.example/token"),
    "realm-name-of-metadata": realm_case("http://meta.example/token"),
    "realm-credentials": realm_case("http://user:word@198.51.100.3/token", "credentials"),
    "realm-file": realm_case("file:///etc/shadow"),
    "realm-gopher": realm_case("gopher://169.254.169.254:80/_GET"),
    "realm-plain-of-https": realm_case("http://198.51.100.3/token", "plain http", tls=True),
    # Another public host may hand out tokens, anonymously: our credentials stay where they belong.
    "realm-elsewhere": realm_case("http://198.51.100.3/token", "", auth=True, usable=True),
    "realm-elsewhere-by-name": realm_case("http://other.example/token", "", auth=True, usable=True),
}

REDIRECTS = {
    "to-file": redirect_case("file:///etc/shadow"),
    "to-ftp": redirect_case("ftp://198.51.100.3/x"),
    "to-loopback": redirect_case("http://127.0.0.1/x"),
    "to-loopback-blob": redirect_case("http://127.0.0.1/x", only="blobs"),
    "to-metadata": redirect_case("http://169.254.169.254/latest", only="blobs"),
    "to-name-of-metadata": redirect_case("http://meta.example/latest", only="blobs"),
    "to-name-of-loopback": redirect_case("//rebound.example/x"),
    "to-credentials": redirect_case("http://user:word@198.51.100.3/x", "credentials"),
    "to-nothing": Case(always(307), "redirect", "no Location"),
    "to-plain-of-https": redirect_case("http://198.51.100.3/x", "plain http", tls=True),
    "in-a-loop": Case(loop, "redirect", "more than 5"),
    "in-a-growing-loop": Case(growing_loop, "redirect", "more than 5"),
    # A CDN is asked, without what belongs to the registry.
    "with-our-login": Case(lambda image: _login_then_redirect(image), "media_type|html|digest|protocol|not_found", "", auth=True),
}


def _login_then_redirect(image):
    def answer(send, request):
        if "authorization" not in request.headers:
            return send.reply(401, b"{}", [("WWW-Authenticate", 'Basic realm="x"')])
        return send.reply(307, b"", [("Location", "http://198.51.100.3/cdn")])
    return answer


def token_flood(send):
    send.raw(JSON_HEAD + b"Content-Length: %d\r\n\r\n" % (100 * MIB + 12) + b'{"token":"')
    send.flood(b"A" * 65536, 100 * MIB)
    return False


FLOODS = {
    "header-of-10-mib": Case(flood_headers(b"X-Pad: " + b"p" * 65536), "protocol", "header"),
    "many-headers": Case(flood_headers(b"X-Pad: pad\r\n"), "protocol", "header"),
    "endless-early-hints": Case(flood_headers(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", first=b""), "protocol|reset", "header|HTTP"),
    "token-of-100-mib": Case(token_answer(token_flood), "size|unauthorized", "end|long"),
    "token-of-20-kib": Case(token_answer(lambda send: send.reply(200, b'{"token":"' + b"A" * 20480 + b'"}')), "unauthorized", "token"),
    "token-with-line-ends": Case(token_answer(lambda send: send.reply(200, json.dumps({"token": "a\r\nHost: evil"}).encode())),
                                 "unauthorized", "token"),
    "token-redirects": Case(token_answer(lambda send: send.reply(302, b"", [("Location", "http://169.254.169.254/")])),
                            "unauthorized", "redirect"),
    "endless-manifest": Case(flood_body(CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n", 100 * MIB), "size", "end"),
    "tiny-chunks": Case(flood_body(CHUNKED, b"1\r\n \r\n" * 1000, 30 * MIB), "size|timeout|budget", "end|time"),
    "chunk-extensions": Case(flood_body(CHUNKED, b"1;" + b"e" * 10000 + b"\r\n \r\n", 20 * MIB), "size|timeout|protocol|reset|slow|stalled|digest|budget", ""),
    "many-empty-objects": manifest_case(b'{"schemaVersion":2,"x":[' + b"{}," * 340000 + b"{}]}", "protocol|media_type", "manifest"),
    "many-empty-lists": manifest_case(b'{"schemaVersion":2,"x":[' + b"[]," * 340000 + b"[]]}", "protocol|media_type", "manifest"),
    "many-keys": manifest_case(b'{' + b",".join(b'"%x":0' % n for n in range(90000)) + b"}", "protocol|media_type", "manifest"),
}

DOCUMENTS = {
    "nested-1000-deep": manifest_case(NESTED, "protocol", "depth"),
    "index-in-index": Case(lambda image: registry(CHAIN), "protocol|not_found", "index|platform", by_tag=True),
    "sha512-layer": manifest_case(image_document(layers=[{"digest": "sha512:" + "a" * 128, "size": 10}]), "protocol", "sha256"),
    "path-as-digest": manifest_case(image_document(config={"digest": "sha256:../../../../etc/shadow", "size": 10}), "protocol", "sha256"),
    "negative-size": manifest_case(image_document(config={"digest": "sha256:" + "a" * 64, "size": -1}), "protocol", "size"),
    "enormous-size": manifest_case(image_document(config={"digest": "sha256:" + "a" * 64, "size": 2**64 - 1}), "protocol", "size"),
    "size-beyond-numbers": manifest_case(b'{"schemaVersion":2,"config":{"digest":"sha256:' + b"a" * 64 + b'","size":1e400},"layers":[]}',
                                         "protocol", "size|object"),
    "longer-than-said": Case(short_blob(-100), "size", "size"),
    "shorter-than-said": Case(short_blob(100000), "size|reset", "size"),
    "negative-length": Case(always(200, ("Content-Type", IMAGE_TYPE), length=-5), "protocol|digest|size", ""),
    "digest-header-of-sha512": Case(always(200, ("Content-Type", IMAGE_TYPE), ("Docker-Content-Digest", "sha512:" + "0" * 128), body=b"{}"),
                                    "digest", "another manifest"),
    "gzip-manifest": Case(always(200, ("Content-Type", IMAGE_TYPE), ("Content-Encoding", "gzip"), body=b"\x1f\x8b\x08" * 100),
                          "protocol", "Content-Encoding"),
}

WORDS = {
    "escapes-in-status": Case(always(500, reason=ESCAPES.replace("\r", ""), body=json.dumps({"errors": [{"message": ESCAPES}]}).encode()),
                              "server_error", "500"),
    "escapes-in-type": Case(always(200, ("Content-Type", "x/" + ESCAPES.replace("\r", "")), body=b"{}"), "media_type", "media type"),
    "escapes-in-encoding": Case(always(200, ("Content-Encoding", ESCAPES.replace("\r", "")), body=b"{}"), "protocol", "Content-Encoding"),
    "escapes-in-location": redirect_case("http://198.51.100.3/" + ESCAPES.replace("\r", ""), "not a usable address"),
    "escapes-in-scheme": Case(challenge("B" + ESCAPES.replace("\r", "")), "unauthorized", "401|realm|scheme"),
    "escapes-in-realm": realm_case("http://198.51.100.3/" + ESCAPES.replace("\r", ""), "not a URL"),
    "escapes-in-platform": manifest_case(
        {"schemaVersion": 2, "manifests": [{"digest": "sha256:" + "a" * 64, "size": 2,
                                            "platform": {"os": ESCAPES, "architecture": ESCAPES}}] * 2}, "not_found", "", INDEX_TYPE),
    "escapes-in-inner-type": manifest_case(image_document(mediaType=ESCAPES), "media_type", "header says"),
}

DRIPS = {
    "drip-headers": Case(drip("manifests"), "timeout|slow|stalled|budget", ""),
    "drip-manifest": Case(drip("manifests", b"HTTP/1.1 200 OK\r\nContent-Type: " + IMAGE_TYPE.encode() + b"\r\nContent-Length: 9000\r\n\r\n"),
                          "timeout|slow|stalled|budget", ""),
    "drip-blob": Case(drip("blobs", b"HTTP/1.1 200 OK\r\nContent-Length: 2048\r\n\r\n"), "timeout|slow|stalled|budget", ""),
    "drip-token": Case(token_answer(lambda send: send.raw(JSON_HEAD + b"\r\n") or send.drip(b"{" * 100)), "timeout|slow|stalled|budget|unauthorized", ""),
}

CASES = {**REALMS, **REDIRECTS, **FLOODS, **DOCUMENTS, **WORDS, **DRIPS}
