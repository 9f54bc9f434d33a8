"""Real proxies: tinyproxy for everybody, squid for one user with a password."""

import os
import re
import shutil
import socket

from parts import Process, run, wait_for
from sandbox import LAB


def listens(address):
    with socket.create_connection((address, 3128), timeout=1):
        return True


class Tinyproxy(Process):
    def __init__(self, address):
        home = f"{LAB}/tinyproxy"
        os.makedirs(home, exist_ok=True)
        with open(f"{home}/conf", "w", encoding="ascii") as file:
            file.write(f"Port 3128\nListen {address}\nTimeout 60\nLogLevel Connect\nMaxClients 50\nConnectPort 443\n")
        super().__init__("tinyproxy-daemon", ["tinyproxy", "-d", "-c", f"{home}/conf"])
        self.start()
        wait_for("tinyproxy", lambda: listens(address))

    def reached(self):
        """Hosts that were asked for, in order."""
        return re.findall(r"CONNECT ([^ :]+):\d+ HTTP", self.log())


class Squid(Process):
    """Asks for the name `user` and the password."""

    def __init__(self, address, password):
        home = f"{LAB}/squid"
        os.makedirs(home, exist_ok=True)
        crypted = run("openssl", "passwd", "-apr1", "-stdin", input=password + "\n").stdout.strip()
        with open(f"{home}/passwd", "w", encoding="ascii") as file:
            file.write(f"user:{crypted}\n")
        self.access = f"{home}/access.log"
        with open(f"{home}/conf", "w", encoding="ascii") as file:
            file.write(f"http_port {address}:3128\ncache deny all\ncache_effective_user proxy\npid_filename {home}/pid\n"
                       f"access_log stdio:{self.access}\ncache_log {home}/cache.log\nshutdown_lifetime 0 seconds\n"
                       f"auth_param basic program /usr/lib/squid/basic_ncsa_auth {home}/passwd\nauth_param basic children 2\n"
                       "acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\nhosts_file /etc/hosts\n")
        shutil.chown(home, "proxy")  # squid gives up root
        super().__init__("squid-daemon", ["squid", "-N", "-f", f"{home}/conf"])
        self.start()
        wait_for("squid", lambda: listens(address))

    @staticmethod
    def _read(path):
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def reached(self):
        """Hosts that were asked for by the user who knew the password, in order."""
        lines = [line.split() for line in self._read(self.access).splitlines()]
        return [fields[6].split(":")[0] for fields in lines if fields[3].endswith("/200") and fields[7] == "user"]
