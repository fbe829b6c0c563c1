#!/usr/bin/env python3
"""Static files over TLS by HTTP/1.1 and HTTP/2, beside Debian's nginx in one run; and what a held request costs.

web.py [--binary FILE] [--nginx FILE] [--seconds 4] [--rounds 5] [--held 10000] [--only compare|hold]

Both servers have the same files, the same certificate and one worker (I/O thread); they take turns, in short rounds. Printed are requests a second
as h2load counts them, processor time of the server for each request, and the medians of the rounds' ratios. Then idle connections and long polls are
held, by either version, in a fresh process of ours each: private memory for each of --held, after a tenth as many. Needs h2load (nghttp2-client); nginx is /usr/sbin/nginx, or unpacked:
apt-get download nginx && dpkg-deb -x nginx_*.deb DIR.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")
CLIENTS = 4  # processes that hold connections, each from an address of its own
USER, PASSWORD = "held@bench.example", "the password of whoever waits"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def children(pid):
    out = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            out += children(int(child))
    return out


def cpu(pid):
    total = 0
    for one in children(pid):
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def private_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(re.search(rf"{name}:\s+(\d+)", text).group(1)) for name in ("Private_Clean", "Private_Dirty"))


def wait_for(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing answers on port {port}")


class Server:
    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(180)


class Gatepost(Server):
    name = "gatepost"

    def __init__(self, options, folder):
        self.port, home = free_port(), tempfile.mkdtemp(dir=folder)
        config = pathlib.Path(home, "gatepost.toml")
        config.write_text(f"""[server]
hostname = "localhost"
data_dir = "{home}/data"
user = ""
default_listeners = false
io_threads = 1
[[tls.certificate]]
cert = "{folder}/cert.pem"
key = "{folder}/key.pem"
[http]
web_dir = "{folder}/www"
access_log = false
idle_timeout = "1 h"
[limits]
unlimited = ["127.0.0.0/8"]
connections = 100000
connections_per_account = 100000
[listener.web]
service = "https"
tls = "implicit"
port = {self.port}
address = "127.0.0.1"
reason = "measured"
""")
        os.makedirs(f"{home}/data", mode=0o700)
        for words, stdin in ((["domain", "add", USER.partition("@")[2]], ""), (["account", "add", USER, "--password-stdin"], PASSWORD + "\n")):
            done = subprocess.run([options.binary, "--config", str(config), *words], input=stdin, text=True, capture_output=True)
            if done.returncode:
                raise SystemExit(f"{words}: {done.stdout}{done.stderr}")
        self.process = subprocess.Popen([options.binary, "--config", str(config), "serve"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.port)


class Nginx(Server):
    name = "nginx"

    def __init__(self, options, folder):
        self.port, home = free_port(), tempfile.mkdtemp(dir=folder)
        os.chmod(home, 0o755)
        config = pathlib.Path(home, "nginx.conf")
        config.write_text(f"""worker_processes 1;
pid {home}/pid;
error_log {home}/error.log;
daemon off;
user root;
events {{ worker_connections 10000; }}
http {{
  access_log off;
  sendfile on;
  open_file_cache max=1000;
  keepalive_requests 100000000;
  types {{ text/html html; application/octet-stream bin; }}
  client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  server {{
    listen 127.0.0.1:{self.port} ssl http2;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    root {folder}/www;
  }}
}}
""")
        self.process = subprocess.Popen([options.nginx, "-p", home, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.port)


def load(server, path, version, seconds):
    flags = ["--h1"] if version == "h1" else ["-m", "10"]
    before = cpu(server.process.pid)
    out = subprocess.run(["h2load", *flags, "-c", "50", "-D", str(seconds), f"https://127.0.0.1:{server.port}{path}"], capture_output=True,
                         text=True, check=True).stdout
    spent = cpu(server.process.pid) - before
    done, errors = int(re.search(r"(\d+) succeeded", out).group(1)), int(re.search(r"(\d+) failed", out).group(1))
    assert done and not errors, out
    return done / seconds, 1e6 * spent / done


def compare(options, servers):
    for version in ("h1", "h2"):
        for path in ("/small.html", "/large.bin"):
            rates, costs, last = [], [], {}
            for _ in range(options.rounds):
                for server in servers:
                    last[server.name] = load(server, path, version, options.seconds)
                rates.append(last["gatepost"][0] / last["nginx"][0])
                costs.append(last["nginx"][1] / last["gatepost"][1])
            print(f"{version} {path:12} gatepost {last['gatepost'][0]:8.0f}/s {last['gatepost'][1]:6.1f} us   nginx {last['nginx'][0]:8.0f}/s "
                  f"{last['nginx'][1]:6.1f} us   rate x{statistics.median(rates):.2f}  processor time x{statistics.median(costs):.2f} less")


def number7(value, first=0):
    """An integer of HPACK with a prefix of seven bits (RFC 7541 5.1)."""
    if value < 127:
        return bytes([first | value])
    out, value = [first | 127], value - 127
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def h2_request(stream, path, cookie):
    block = b"\x82\x87\x04" + number7(len(path)) + path.encode() + b"\x01\x09localhost"
    if cookie:
        block += b"\x0f\x11" + number7(len(cookie)) + cookie.encode()
    return len(block).to_bytes(3, "big") + b"\x01\x05" + stream.to_bytes(4, "big") + block


H2_BEGIN = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
H2_ACKNOWLEDGED = bytes(3) + b"\x04\x01" + bytes(4)


def client(pipe, port, source, version, path, cookie, streams, sign):
    """Holds connections: as many more as it is told, each with so many requests that are answered as far as `sign`."""
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["http/1.1" if version == "h1" else "h2"])
    held = []
    while count := pipe.recv():
        for _ in range(count):
            plain = socket.socket()
            plain.bind((source, 0))
            plain.connect(("127.0.0.1", port))
            s = context.wrap_socket(plain, server_hostname="localhost")
            s.settimeout(60)
            if version == "h1":
                field = f"Cookie: {cookie}\r\n" if cookie else ""
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{field}\r\n".encode())
            else:
                s.sendall(H2_BEGIN + b"".join(h2_request(1 + 2 * i, path, cookie) for i in range(streams)) + H2_ACKNOWLEDGED)
            got = b""
            while got.count(sign) < streams:
                more = s.recv(65536)
                assert more, got
                got += more
            held.append(s)
        pipe.send(count)


def sign_in(port):
    """The cookie of a session of the web application."""
    web = http.client.HTTPSConnection("localhost", port, context=ssl._create_unverified_context(), timeout=60)
    web.request("POST", "/api/session", json.dumps({"user": USER, "password": PASSWORD}), {"Content-Type": "application/json"})
    answer = web.getresponse()
    assert answer.status == 200, answer.read()
    return answer.headers["Set-Cookie"].split(";")[0]


def hold(options, folder):
    """Connections that have answered one request and wait for the next, and long polls (JMAP's events) that wait for news."""
    events = "/jmap/events?types=Email&closeafter=no&ping=0"
    for what, version, path, streams, sign in (("idle connection", "h1", "/none", 1, b"404 Not Found\n"), ("idle connection", "h2", "/none", 1, b"404 Not Found\n"),
                                               ("held long poll", "h1", events, 1, b": ok\n\n"), ("held long poll", "h2", events, 1, b": ok\n\n"),
                                               ("held long poll of 100 on a connection", "h2", events, 100, b": ok\n\n")):
        server = Gatepost(options, folder)
        cookie = sign_in(server.port) if path == events else ""
        pipes, processes = [], []
        for i in range(CLIENTS):
            ours, theirs = multiprocessing.Pipe()
            processes.append(multiprocessing.Process(target=client, args=(theirs, server.port, f"127.0.0.{2 + i}", version, path, cookie, streams, sign), daemon=True))
            processes[-1].start()
            pipes.append(ours)

        def more(count):
            each = max(1, count // streams // CLIENTS)
            for pipe in pipes:
                pipe.send(each)
            for pipe in pipes:
                pipe.recv()
            return each * CLIENTS * streams

        first = more(options.held // 10)
        time.sleep(2)
        base = private_kib(server.process.pid)
        count = more(options.held)
        time.sleep(2)
        print(f"{version} {what}: {(private_kib(server.process.pid) - base) / count:.1f} KiB, from {first} to {first + count}", flush=True)
        for process in processes:
            process.kill()
            process.join()
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/src/gatepost")
    parser.add_argument("--nginx", default="/usr/sbin/nginx")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--held", type=int, default=10_000)
    parser.add_argument("--only", choices=("compare", "hold"))
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    folder = tempfile.mkdtemp(prefix="gatepost-bench-")
    os.chmod(folder, 0o755)
    try:
        os.mkdir(f"{folder}/www")
        pathlib.Path(folder, "www/small.html").write_text("<p>small</p>" * 80)
        pathlib.Path(folder, "www/large.bin").write_bytes(os.urandom(200_000))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem", "-days", "2"], check=True,
                       capture_output=True)
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        if most != resource.RLIM_INFINITY and most < 1.1 * options.held + 500:
            raise SystemExit(f"ulimit -Hn is {most}: too few for --held {options.held}")
        if options.only == "hold":
            pass
        elif os.path.exists(options.nginx):
            servers = [Gatepost(options, folder), Nginx(options, folder)]
            compare(options, servers)
            for server in servers:
                server.stop()
        else:
            print(f"{options.nginx} is not there: nothing to compare with")
        if options.only != "compare":
            hold(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
