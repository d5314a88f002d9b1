#!/usr/bin/env python3
"""Sends callbacks at a rate and writes down what came of each.

    sender.py DIR APIMART_HOOK WAVESPEED_HOOK PER_SECOND SEED

DIR/sent has a task id before its callback goes out, DIR/acked after the whole of an
answer that acknowledges it, DIR/forged those whose signature is false.  Ends when the
file DIR/stop is there, or when its parent does.  A tenth is sent twice, and what gets
no answer is sent again once, as a provider would.
"""
import http.client, json, os, random, sys, threading, time, urllib.parse

folder, hook, forged_hook, rate, seed = sys.argv[1:]
rate, parent = float(rate), os.getppid()
dice, lock = random.Random(int(seed)), threading.Lock()
logs = {name: os.open(os.path.join(folder, name),
    os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) for name in
    ("sent", "acked", "forged", "answers")}
number = 0


def note(name, word):
    os.write(logs[name], (word + "\n").encode())


def post(url, body, headers):
    to = urllib.parse.urlsplit(url)
    try:
        c = http.client.HTTPConnection(to.hostname, to.port, timeout=30)
        c.request("POST", to.path, body, {"Content-Type": "application/json", **headers})
        answer = c.getresponse()
        answer.read()
        c.close()
        return answer.status
    except (OSError, http.client.HTTPException):
        return 0


def send_one(task):
    body = json.dumps({"id": task, "status": "failed",
        "error": {"message": "no", "code": "c"}})
    note("sent", task)
    for _ in range(2):
        status = post(hook, body, {})
        note("answers", str(status))
        if 200 <= status < 300:
            note("acked", task)
            return
        time.sleep(0.5)


def forge_one(task):
    body = json.dumps({"id": task, "status": "failed", "error": "no", "outputs": []})
    note("forged", task)
    status = post(forged_hook, body, {"webhook-id": task,
        "webhook-timestamp": str(int(time.time())),
        "webhook-signature": "v3," + "0" * 64})
    note("answers", f"forged {status}")


def work():
    global number
    while not os.path.exists(os.path.join(folder, "stop")) and os.getppid() == parent:
        with lock:
            number += 1
            n, twice, forged = number, dice.random() < 0.1, dice.random() < 0.05
        begin = time.monotonic()
        if forged:
            forge_one(f"forged-{seed}-{n}")
        else:
            send_one(f"storm-{seed}-{n}")
            if twice:
                send_one(f"storm-{seed}-{n}")
        time.sleep(max(0.0, WORKERS / rate - (time.monotonic() - begin)))


WORKERS = 8
threads = [threading.Thread(target=work) for _ in range(WORKERS)]
for t in threads:
    t.start()
for t in threads:
    t.join()
