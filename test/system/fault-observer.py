"""Writes to a file on each file system that is named, again and again, and knows when each write began and ended.

A line on standard input is answered by a line of JSON, and forgets what it told: for each file system the writes that
have returned, and the beginning of the one that has not; milliseconds of CLOCK_MONOTONIC.
"""
import json, os, sys, threading, time

now = lambda: time.monotonic() * 1000

class Writer:
    def __init__(self, folder):
        self.fd = os.open(os.path.join(folder, 'observed'), os.O_WRONLY | os.O_CREAT)
        self.writes, self.began = [], None
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            self.began = began = now()
            os.pwrite(self.fd, b'x' * 512, 0)
            self.writes.append((began, now()))
            self.began = None
            time.sleep(0.004)

writers = [Writer(folder) for folder in sys.argv[1:]]
for line in sys.stdin:
    answer = []
    for writer in writers:
        began = writer.began
        done, writer.writes = writer.writes, []
        pending = began if began == writer.began else None
        answer.append({'writes': [time for pair in done for time in pair], 'pending': pending})
    print(json.dumps(answer), flush=True)
