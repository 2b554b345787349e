# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with an application that starts: it ends, or does not answer."""

from __future__ import annotations

from collections.abc import Mapping

from .cause import Cause, answers, runs

_NEEDS_DATABASE = {
    "app": {
        "port": 8080,
        "command": "python3 -c 'import os; os.environ[\"DATABASE_URL\"]' && exec python3 -m board",
    }
}

RUN_CAUSES: Mapping[str, Cause] = {
    # A process that ends.
    "a crash": Cause(
        quick=True,
        reason="CrashLoop",
        message="ended with exit code 3 and was restarted",
        hint="read the log",
        exit_code=3,
        log="crashing on purpose: DEMO_FAIL is crash",
        config={"env": {"DEMO_FAIL": "crash"}},
    ),
    "a crash after long lines": Cause(
        reason="CrashLoop",
        message="ended with exit code 4",
        hint="read the log",
        exit_code=4,
        log="the last word",
        config=runs("for letter in 'abcdefghijklmnopqrst':\n    print(letter * 9000)\nprint('the last word')\nexit(4)"),
    ),
    "too little memory": Cause(
        quick=True,
        reason="OOMKilled",
        message="needed more memory than its limit of 64Mi",
        hint="raise resources.limits.memory in k8s-ee.yaml (now 64Mi)",
        exit_code=137,
        config=runs("kept = []\nwhile True:\n    kept.append(bytearray(2**22))"),
    ),
    "a variable that is missing": Cause(
        quick=True,
        reason="MissingVariable",
        message="its log says that variable SMTP_HOST is not set",
        hint="add SMTP_HOST to env in k8s-ee.yaml",
        exit_code=1,
        log="KeyError: 'SMTP_HOST'",
        config=runs("import os\nos.environ['SMTP_HOST']"),
    ),
    "a database that is missing": Cause(
        reason="MissingVariable",
        message="its log says that variable DATABASE_URL is not set",
        hint="set databases.postgresql: true in k8s-ee.yaml, which provides DATABASE_URL",
        exit_code=1,
        log="KeyError: 'DATABASE_URL'",
        config=_NEEDS_DATABASE,
        # What the hint asks for, and nothing else.
        mended={**_NEEDS_DATABASE, "databases": {"postgresql": True}},
    ),
    "a file system that is read-only": Cause(
        reason="ReadOnlyFileSystem",
        message="it cannot write to /app/uploads, which is read-only",
        hint="add /app/uploads to app.writableDirs in k8s-ee.yaml",
        exit_code=1,
        log="Read-only file system: '/app/uploads'",
        config=runs("import os\nos.makedirs('/app/uploads')"),
    ),
    "a file that it may not read": Cause(
        reason="PermissionDenied",
        message="permission denied on /root",
        hint="make /root readable for the user of app.uid",
        exit_code=1,
        log="Permission denied: '/root'",
        config=runs("import os\nos.listdir('/root')"),
    ),
    "a port below 1024": Cause(
        reason="PortNotAllowed",
        message="it may not listen on a port below 1024",
        hint="listen on the port in $PORT",
        exit_code=1,
        log="Permission denied",
        config={"app": {"port": 8080, "command": ["python3", "-m", "http.server", "80"]}},
    ),
    "a port used twice": Cause(
        reason="PortInUse",
        message="the port it listens on is already in use",
        hint="a start script may start the application twice",
        exit_code=1,
        log="Address already in use",
        config=runs("import socket\nfirst = socket.create_server(('', 8080))\nsocket.socket().bind(('', 8080))"),
    ),
    "a process that ends in peace": Cause(
        reason="ProcessEnded",
        message="ended by itself with exit code 0",
        hint="run the server in the foreground",
        exit_code=0,
        log="done",
        config=runs("print('done')"),
    ),
    "more files than /tmp may hold": Cause(
        reason="Evicted",
        message="was evicted: /tmp holds more than 256Mi",
        hint="write less to /tmp",
        config=runs(
            "import time\nbig = open('/tmp/big', 'wb')\nfor _ in range(300):\n    big.write(bytes(2**20))\n"
            "big.flush()\ntime.sleep(600)"
        ),
        timeout=150,
    ),
    # A process that does not answer.
    "a probe that never passes": Cause(
        reason="HealthCheckFailed",
        message="GET /health on port 8080 answered 500",
        hint="the application itself says that it is not healthy",
        log='"message": "listening", "port": 8080',
        config={"env": {"DEMO_FAIL": "health"}},
    ),
    "a health path that is not there": Cause(
        reason="HealthCheckFailed",
        message="GET /no-such-path on port 8080 answered 404",
        hint="set app.healthPath in k8s-ee.yaml",
        config={"app": {"port": 8080, "healthPath": "/no-such-path"}},
    ),
    "a wrong port": Cause(
        reason="WrongPort",
        message="nothing listens on port 8080; its log speaks of port 9000",
        hint="set app.port to 9000 in k8s-ee.yaml",
        log="port 9000",
        config={"app": {"port": 8080, "command": ["python3", "-um", "http.server", "9000"]}},
        mended={"app": {"port": 9000, "command": ["python3", "-um", "http.server", "9000"], "healthPath": "/"}},
    ),
    "an answer that does not come": Cause(
        reason="HealthCheckTimeout",
        message="GET /health on port 8080 was not answered in time",
        hint="answer app.healthPath fast",
        config=answers("pass", "import time; time.sleep(600)"),
    ),
    "an answer that is not HTTP": Cause(
        reason="HealthCheckNoHttp",
        message="GET /health on port 8080 got no HTTP answer",
        hint="serve plain HTTP, not TLS, on app.port",
        config=runs(
            "import socket\nserver = socket.create_server(('', 8080))\nwhile True:\n    client, _ = server.accept()\n"
            "    client.recv(999)\n    client.sendall(bytes.fromhex('15030100020250'))\n    client.close()"
        ),
    ),
}
