"""Runs many commands of AWS's command line in one process, since most of the time of a
command is the start of Python and the reading of files that never change. A line of JSON in
is a command, a line out what came of it."""

import io
import json
import os
import sys
import time

import awscli.clidriver
import awscli.customizations.assumerole
import awscli.customizations.sso
import awscli.handlers  # noqa: F401, so that it is loaded once
import botocore.credentials
import botocore.session
import botocore.tokens

# All commands read the description of the services through one loader, which keeps it.
loader = botocore.session.create_loader(os.environ["AWS_DATA_PATH"])
botocore.session.create_loader = lambda *_: loader
awscli.clidriver.disable_crt_logging = lambda: None


def move_in(home):
    """Has the caches in a home, which awscli looks up when it is loaded."""
    kept = os.path.join(home, ".aws", "cli", "cache")
    awscli.customizations.assumerole.CACHE_DIR = kept
    awscli.customizations.sso.AWS_CREDS_CACHE_DIR = kept
    tokens = os.path.join(home, ".aws", "sso", "cache")
    botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR = tokens
    botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR = tokens


def run(command):
    # AWS_DATA_PATH was set by awscli when it was loaded.
    env = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"], **command["env"]}
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    move_in(env["HOME"])
    os.chdir(command["dir"])
    sys.argv = ["aws"] + command["args"]
    kept = sys.stdin, sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdin = io.StringIO(command["stdin"])
    sys.stdout = io.TextIOWrapper(out, encoding="utf-8")
    sys.stderr = io.TextIOWrapper(err, encoding="utf-8")
    try:
        code = awscli.clidriver.main()
    except SystemExit as e:
        code = e.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        printed = [b.getvalue().decode(errors="surrogateescape") for b in (out, err)]
        sys.stdin, sys.stdout, sys.stderr = kept
    return {"code": code, "stdout": printed[0], "stderr": printed[1]}


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
