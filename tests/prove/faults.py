#!/usr/bin/env python3
"""Lets each call of a program fail that it makes, one at a time (faults.c).

    faults.py receive DATABASE_CONF SPOOL_CONF    the handlers, as plain CGI
    faults.py sweep CONF                          genhook-sweep, with work of each sort

The plan has each call that a run without faults makes, of each kind, failing once and
from then on; it is tried in an order drawn by SEED until SECONDS are over, but each
kind at its first call in any case; no more than FAULTS_MOST of it.  A valid callback is answered 200, 5xx or not at
all; no program ends by a signal or stays, but where a library does for want of memory:
json-c, libconfuse and OpenSSL crash over some allocations, and nothing was answered then.  What was acknowledged is in WORK/acked, and
what was sent in WORK/requested.  Prints a line for what went wrong, and at the end
"TRIED of PLANNED, HITS met, WRONG wrong"; fails where something did.
"""
import hashlib, hmac, json, os, random, re, shutil, subprocess, sys, time
import urllib.request

E = os.environ
WORK, BIN, SEED = E["WORK"], E["BIN"], int(E["SEED"])
SECONDS = float(E.get("SECONDS", "1000000"))
MOST = int(E.get("FAULTS_MOST") or "1000000000")
dice = random.Random(SEED)
number = 0


def acked(task, fault):
    with open(os.path.join(WORK, "acked"), "a") as f:
        f.write(task + "\n")
    with open(os.path.join(WORK, "acked_under"), "a") as f:
        f.write(f"{task} {fault}\n")


class Trial:
    """One way to run a program, and what its answers have to be."""

    def __init__(self, name):
        self.name, self.hits, self.tried, self.wrong = name, 0, 0, 0
        self.libraries = 0

    def tally(self, fault, more):
        """Run it; the counts of its calls, its result, and whether it was hit."""
        path = os.path.join(WORK, "tally")
        if os.path.exists(path):
            os.remove(path)
        environment = dict(E, LD_PRELOAD=E["FAULTS_SO"], FAULT_TALLY=path, FAULT=fault)
        result = self.run(environment, more)
        counts = {}
        if os.path.exists(path):
            counts = {w[0]: int(w[1]) for w in map(str.split, open(path))}
        return counts, result

    def plan(self):
        counts, _ = self.tally("none:0:once", None)
        counts.pop("hit", None)
        first, rest = [], []
        for kind, n in counts.items():
            for at in range(1, n + 1):
                for how in ("once", "ever"):
                    (first if at == 1 else rest).append(f"{kind}:{at}:{how}")
        dice.shuffle(first)
        dice.shuffle(rest)
        return first + rest, len(first)

    def go(self, seconds):
        plan, first = self.plan()
        end = time.monotonic() + seconds
        for n, fault in enumerate(plan):
            if n >= MOST or (n >= first and time.monotonic() > end):
                break
            counts, wrong = self.tally(fault, fault)
            self.tried += 1
            self.hits += counts.get("hit", 0)
            if wrong and fault.startswith("alloc:") and re.search("^ended by signal.*crashed in [^ ]*/lib", wrong):
                self.libraries += 1
            elif wrong:
                self.wrong += 1
                print(f"{self.name}: {fault}: {wrong}", flush=True)
        print(f"{self.name}: SEED={SEED}: {self.tried} of {len(plan)} tried, "
            f"{self.hits} met, {self.wrong} wrong, {self.libraries} ended by a library",
            flush=True)
        return self.wrong == 0 and self.hits > 0


def ended(process, timeout):
    """(exit status, output, complaint) of a program."""
    try:
        out, err = process[1].communicate(process[0], timeout=timeout)
    except subprocess.TimeoutExpired:
        process[1].kill()
        out, err = process[1].communicate()
        return None, out, err, f"did not end within {timeout} s"
    status = process[1].returncode
    words = f"ended by signal {-status}: {err[-400:]!r}" if status < 0 else None
    return status, out, err, words


class Callback(Trial):
    """A signed callback to a handler as plain CGI."""

    def __init__(self, name, conf, spools):
        super().__init__(name)
        self.conf, self.spools = conf, spools

    def run(self, environment, fault):
        global number
        number += 1
        task = f"fault-{SEED}-{number}"
        body = json.dumps({"id": task, "status": "failed", "error": "no",
            "outputs": []}).encode()
        stamp = str(int(time.time()))
        key = E["GENHOOK_SECRET_WAVESPEED"].removeprefix("whsec_").encode()
        signature = hmac.new(key, f"{task}.{stamp}.".encode() + body,
            hashlib.sha256).hexdigest()
        spool = os.path.join(WORK, "spools", str(number))
        environment.update(GENHOOK_CONF=self.conf, FAULT_SPOOL=spool,
            REQUEST_METHOD="POST", PATH_INFO="/" + E["GENHOOK_TOKEN_WAVESPEED"],
            CONTENT_LENGTH=str(len(body)), CONTENT_TYPE="application/json",
            REMOTE_ADDR="127.0.0.1", GATEWAY_INTERFACE="CGI/1.1",
            HTTP_WEBHOOK_ID=task, HTTP_WEBHOOK_TIMESTAMP=stamp,
            HTTP_WEBHOOK_SIGNATURE="v3," + signature)
        child = subprocess.Popen([os.path.join(BIN, "genhook-wavespeed")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment)
        status, out, err, words = ended((body, child), 30)
        if words:
            return words
        answer = int(out.split(b"Status: ", 1)[1][:3]) if b"Status: " in out else 0
        if fault is None and answer != 200:
            sys.exit(f"{self.name}: without a fault: {answer} {out!r} {err!r}")
        if answer == 200:
            acked(task, fault)
            files = [os.path.join(spool, n) for n in os.listdir(spool)
                if n.endswith(".delivery")] if os.path.isdir(spool) else []
            if self.spools and not any(task.encode() in open(f, "rb").read()
                    for f in files):
                return "200, and no file of it in the spool"
            return None
        if answer != 0 and answer < 500:
            return f"a valid callback was answered {answer}: {out!r} {err[-300:]!r}"
        return None


class Sweep(Trial):
    def __init__(self, name, conf):
        super().__init__(name)
        self.conf = conf

    def psql(self, text):
        subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text], check=True,
            stdout=subprocess.DEVNULL)

    def order(self, loses):
        ask = urllib.request.Request(f"{E['SIMULATOR']}/apimart/v1/images/generations",
            json.dumps({"model": "flux", "webhook": E["HOOK_APIMART"]}).encode(), {
            "Content-Type": "application/json", "X-Simulate": "lose" if loses else "none",
            "Authorization": f"Bearer {E['KEY_APIMART']}"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(ask,
                timeout=30) as answer:
            data = json.load(answer)["data"]
        data = data[0] if isinstance(data, list) else data
        return data.get("task_id") or data["id"]

    def work(self):
        """Something for each step: a spool file, a poll, a request, a download."""
        global number
        number += 1
        task = self.order(True)
        self.order(False)
        words = f"fault-{SEED}-{number}"
        with open(os.path.join(WORK, "requested"), "a") as f:
            f.write(words + "\n")
        self.psql(f"select genhook.register_task('apimart', '{task}', 'flux');"
            "insert into genhook.requests (provider, model, request) values ('novita', "
            f"'txt2img', '{{\"prompt\":\"{words}\"}}');"
            "update genhook.tasks set next_poll_at = now() where status = 'pending';"
            "update genhook.outputs set next_attempt_at = now(), leased_until = null, "
            "lease_owner = null where status = 'pending';"
            "update genhook.forwards set next_attempt_at = now(), leased_until = null, "
            "lease_owner = null where status = 'pending';"
            "update genhook.accounts set not_before = '-infinity', troubles = 0, "
            "trouble = null, trouble_since = null, probed_at = null;"
            "update genhook.requests set next_attempt_at = now() where status = 'queued'")
        waiting = sorted(os.listdir(os.path.join(WORK, "waiting")))
        if waiting:
            shutil.move(os.path.join(WORK, "waiting", waiting[0]),
                os.path.join(E["GENHOOK_SPOOL"], waiting[0]))

    def run(self, environment, fault):
        self.work()
        child = subprocess.Popen([os.path.join(BIN, "genhook-sweep"), "--config",
            self.conf], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment)
        status, out, err, words = ended((b"", child), 40)
        if words is None and status not in (0, 1, 2):
            words = f"ended with {status}: {err[-300:]!r}"
        return words


if sys.argv[1] == "receive":
    trials = [Callback("receive", sys.argv[2], False), Callback("spool", sys.argv[3], True)]
else:
    trials = [Sweep("sweep", sys.argv[2])]
good = [t.go(SECONDS / len(trials)) for t in trials]
sys.exit(not all(good))
