"""Starts moto and awssim as processes, each an AWS account of its own."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
ACCOUNT = "111122223333"
REGION = "eu-west-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def process(args, env, url, log):
    """Runs a server until the block ends; it is ready when the URL answers."""
    with open(log, "wb") as out:
        p = subprocess.Popen(args, env={**os.environ, **env}, stdout=out, stderr=out)
    try:
        _await(p, url, log)
        yield url
    finally:
        p.terminate()
        try:
            p.wait(10)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()


def _await(p, url, log):
    deadline = time.monotonic() + 60
    while p.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return  # it responds
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer:\n{Path(log).read_text()[-2000:]}")


def moto(directory, tasks=2, account=ACCOUNT):
    """moto with as many running tasks in each service as the suite asks for:
    it starts none by itself."""
    port = free_port()
    env = {**CREDENTIALS, "MOTO_ACCOUNT_ID": account, "MOTO_ECS_SERVICE_RUNNING": str(tasks), "PYTHONUNBUFFERED": "1"}
    args = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    return process(args, env, f"http://127.0.0.1:{port}", Path(directory) / "moto.log")


def awssim(directory, *flags, account=ACCOUNT, region=REGION, speed=500, port=None):
    """The simulator, fast, with the images that moto is given by its API."""
    port = port or free_port()
    args = [
        str(ROOT / "bin" / "awssim"), f"--listen=127.0.0.1:{port}", f"--speed={speed}", "--data-plane=false",
        f"--account={account}", f"--region={region}",
        "--image=checkout:1.0", "--image=checkout:2.0", "--function=check=succeed", "--state-machine=smoke", *flags,
    ]
    return process(args, CREDENTIALS, f"http://127.0.0.1:{port}", Path(directory) / "awssim.log")
