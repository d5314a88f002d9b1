"""Plays a person at a terminal.  person.py ANSWERS COMMAND...: ANSWERS is a file with
lines "WORDS<tab>ANSWER"; once the command has said WORDS, ANSWER is typed, with a
return.  An answer of ^C or ^D is that key alone.  Prints all that the terminal
showed; exits as the command did, and with 3 where it did not ask as expected."""
import os
import pty
import select
import sys
import time

LONGEST_S = 60


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        steps = [line.rstrip("\n").split("\t") for line in file if line != "\n"]
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[2], sys.argv[2:])
    shown, at, until = b"", 0, time.monotonic() + LONGEST_S
    while True:
        words = steps[0][0].encode() if steps else None
        found = shown.find(words, at) if words else -1
        if found != -1:
            at = found + len(words)
            answer = steps.pop(0)[1]
            # Once the question is whole, and the echo is off where it will be.
            time.sleep(0.2)
            key = {"^C": b"\x03", "^D": b"\x04"}.get(answer)
            os.write(fd, key if key else answer.encode() + b"\n")
            continue
        if time.monotonic() > until:
            os.kill(pid, 9)
            break
        if select.select([fd], [], [], 1)[0]:
            try:
                more = os.read(fd, 4096)
            except OSError:
                break
            if not more:
                break
            shown += more
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    sys.exit(3 if steps else status if status >= 0 else 128 - status)


main()
