"""Runs many commands of AWS's command line in one process, each in a fork of it, since most
of the time of a command is the start of Python and the reading of files that never change.
A line of JSON in is a command, a line out what came of it."""

import contextlib
import gc
import io
import json
import os
import sys
import tempfile

import awscli.clidriver
import awscli.handlers  # noqa: F401, so that it is loaded once
import botocore.session

# All commands read the description of the services through one loader, which keeps it.
loader = botocore.session.create_loader(os.environ["AWS_DATA_PATH"])
botocore.session.create_loader = lambda *_: loader
# It starts a thread, which a fork would wait for.
awscli.clidriver.disable_crt_logging = lambda: None


def warm():
    """Loads what commands need, by running some that reach no endpoint."""
    os.environ.update(AWS_MAX_ATTEMPTS="1", AWS_EC2_METADATA_DISABLED="true", AWS_REGION="us-east-1",
                      AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", HOME="/nonexistent")
    for command in ("cognito-identity list-identity-pools --cli-input-json {} --output table --query a",
                    "sts get-caller-identity", "iam list-users --output yaml"):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            sys.argv = ["aws"] + command.split() + ["--endpoint-url", "http://127.0.0.1:1"]
            awscli.clidriver.main()
    gc.collect()
    gc.freeze()


def run(command):
    files = [tempfile.TemporaryFile() for _ in range(3)]
    files[0].write(command["stdin"].encode())
    files[0].seek(0)
    pid = os.fork()
    if pid == 0:
        code = 255
        try:
            for fd, f in enumerate(files):
                os.dup2(f.fileno(), fd)
            data = os.environ["AWS_DATA_PATH"]  # set by awscli when it is loaded
            os.environ.clear()
            os.environ["AWS_DATA_PATH"] = data
            os.environ.update(command["env"])
            os.chdir(command["dir"])
            sys.argv = ["aws"] + command["args"]
            sys.stdin = open(0, encoding="utf-8")
            sys.stdout = open(1, "w", encoding="utf-8")
            sys.stderr = open(2, "w", encoding="utf-8")
            import time

            time.tzset()
            code = awscli.clidriver.main()
            sys.stdout.flush()
            sys.stderr.flush()
        except SystemExit as e:
            code = e.code
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    out = {"code": os.waitstatus_to_exitcode(status)}
    for name, f in zip(("stdout", "stderr"), files[1:]):
        f.seek(0)
        out[name] = f.read().decode(errors="surrogateescape")
    return out


warm()
for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
