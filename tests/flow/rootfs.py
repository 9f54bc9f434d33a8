"""The files of a Debian 12 node that people live in: engines installed, configured by hand, logged in."""

DAEMON_JSON = '''{
    "log-driver": "json-file",
    "log-opts": { "max-size": "10m", "max-file": "3" },
    "registry-mirrors": ["https://mirror.corp.example"],
    "storage-driver": "overlay2",
    "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 64000, "Soft": 64000}}
}
'''

CONTAINERD_TOML = '''# Kept by hand. Do not run "containerd config default" over it.
version = 2

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    sandbox_image = "registry.k8s.io/pause:3.9"   # pinned by ops
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"
    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = ""
  [plugins."io.containerd.internal.v1.opt"]
    path = "/var/lib/containerd"
'''

CONFIG_JSON = '{\n\t"auths": {\n\t\t"registry.corp.example": {\n\t\t\t"auth": "YWxpY2U6c2VjcmV0"\n\t\t}\n\t},\n\t"detachKeys": "ctrl-q"\n}\n'

DOCKER_UNIT = '''[Unit]
Description=Docker Application Container Engine
After=network-online.target containerd.service
Requires=docker.socket

[Service]
Type=notify
ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS
EnvironmentFile=-/etc/default/docker
ExecReload=/bin/kill -s HUP $MAINPID
Restart=always
KillMode=process

[Install]
WantedBy=multi-user.target
'''

CONTAINERD_UNIT = '''[Unit]
Description=containerd container runtime
After=network.target local-fs.target

[Service]
ExecStart=/usr/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always

[Install]
WantedBy=multi-user.target
'''

DPKG_STATUS = '''Package: containerd
Status: install ok installed
Architecture: amd64
Version: 1.6.20~ds1-1+deb12u1
Conffiles:
 /etc/containerd/config.toml 9c4a6ef6c8d2c39d3d7ba4c2f2d3c1ce
Description: open and reliable container runtime

Package: docker.io
Status: install ok installed
Architecture: amd64
Version: 20.10.24+dfsg1-1+deb12u1+b2
Description: Linux container runtime
'''

LIVED_IN = {
    "etc/passwd": ("root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000:Alice:/home/alice:/bin/bash\n", 0o644),
    "etc/group": ("root:x:0:\ndocker:x:999:\nalice:x:1000:\n", 0o644),
    "etc/machine-id": ("0123456789abcdef0123456789abcdef\n", 0o444),
    "etc/os-release": ('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n', 0o644),
    "etc/docker/daemon.json": (DAEMON_JSON, 0o644),
    "etc/containerd/config.toml": (CONTAINERD_TOML, 0o644),
    "etc/default/docker": ('# DOCKER_OPTS="--dns 8.8.8.8"\n', 0o644),
    "root/.docker/config.json": (CONFIG_JSON, 0o600),
    "usr/lib/systemd/system/docker.service": (DOCKER_UNIT, 0o644),
    "usr/lib/systemd/system/containerd.service": (CONTAINERD_UNIT, 0o644),
    "usr/sbin/dockerd": ("#!/bin/sh\nexit 70\n", 0o755),
    "usr/bin/containerd": ("#!/bin/sh\nexit 70\n", 0o755),
    "var/lib/dpkg/status": (DPKG_STATUS, 0o644),
}
