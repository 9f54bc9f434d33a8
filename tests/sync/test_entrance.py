"""How hosts are reached and who may enter: logins, tokens, certificates, projects."""
import os
import shutil
import ssl
import subprocess

from case import MIB, Case


class Entrance(Case):
    def test_basic(self):
        source, destination = self.pair(auth="basic")
        self.list_host(destination, user="tester", password="secret")
        self.copy(source, destination)
        self.assert_copied(source, destination)

    def test_wrong_password_is_said_before_anything_moves(self):
        for how in ("basic", "bearer"):
            self.hosts = []
            source, destination = self.pair(auth=how)
            self.list_host(destination, user="tester", password="hunter2")
            self.copy(source, destination, expect=1)
            self.assertIn("REFUSED", self.output)
            self.assertIn("the list", self.output)
            self.assertNotIn("hunter2", self.output)
            self.assertEqual(source.count("GET", "/blobs/"), 0)

    def test_tokens_for_both_sides(self):
        source, destination = self.pair(auth="bearer")
        source.auth = "bearer"
        for one in (source, destination):
            self.list_host(one, user="tester", password="secret")
        self.copy(source, destination)
        self.assert_copied(source, destination)
        self.assertLessEqual(destination.count("GET", "^/token"), 3)

    def test_tokens_run_out_in_the_middle(self):
        """They live for 0.4 s although they say 300; the copy takes longer."""
        source, destination = self.pair([os.urandom(MIB) for _ in range(4)], auth="bearer")
        source.auth = "bearer"
        source.life = destination.life = 0.4
        for one in (source, destination):
            self.list_host(one, user="tester", password="secret")
        self.copy(source, destination, SYNC_RATE=str(2 * MIB), SYNC_CONCURRENCY="1")
        self.assert_copied(source, destination)
        self.assertGreater(destination.count("GET", "^/token"), 2)

    def test_private_ca_and_client_certificate(self):
        if not shutil.which("openssl"):
            self.skipTest("openssl is not installed (apt-get install openssl)")
        at = lambda name: os.path.join(self.folder, name)
        for name in ("server", "client"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                            "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", at(name + ".key"), "-out", at(name + ".pem")],
                           check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(at("server.pem"), at("server.key"))
        context.load_verify_locations(at("client.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
        source, destination = self.pair(auth="bearer", tls=context)
        self.list_host(destination, "https", "tester", "secret", at("server.pem"), at("client.pem"), at("client.key"))
        self.copy(source, destination)
        self.assert_copied(source, destination)
        self.assertNotRegex(self.output, "(?m)^WARNING")
        destination.location = lambda path: f"http://{destination.host}{path}"
        self.copy(source, destination, to="team/c")
        self.assert_copied(source, destination, "team/c")
        self.assertEqual(self.output.count("does not know its own address"), 1)
        self.hosts = []
        self.list_host(destination, "https", "tester", "secret", "-", at("client.pem"), at("client.key"))
        self.copy(source, destination, to="team/b", expect=1)
        self.assertIn("certificate", self.output)
        self.assertIn('"ca_file"', self.output)

    def test_insecure_hosts_are_reached_by_http(self):
        source, destination = self.pair()
        for i in range(2, 12):
            source.put_image("team/app", str(i), [b"%d" % i])
        for one in (source, destination):
            self.list_host(one, "insecure")
        self.copy(source, destination, tag="")
        self.assert_copied(source, destination)

    def test_harbor_without_project(self):
        source, destination = self.pair(auth="basic")
        destination.projects = {"other"}
        self.list_host(destination, user="tester", password="secret")
        self.copy(source, destination, expect=1)
        self.assertIn("project team does not exist", self.output)
        self.assertEqual(source.count("GET", "/blobs/"), 0)
        self.copy(source, destination, SYNC_CREATE_PROJECTS="1")
        self.assert_copied(source, destination)
