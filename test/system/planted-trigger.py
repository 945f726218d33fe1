"""An automount trigger: `planted-trigger.py TARGET READY`. Whoever steps on it waits for a mount that never comes."""
import ctypes, os, sys, time

target, ready = sys.argv[1:]
# The kernel knows the automounter by its group, which must be one of this namespace.
os.setpgid(0, 0)
events, kernel = os.pipe()
libc = ctypes.CDLL(None, use_errno=True)
options = f"fd={kernel},pgrp={os.getpgrp()},minproto=5,maxproto=5,direct".encode()
if libc.mount(b"systemd-1", target.encode(), b"autofs", 0, options) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
open(ready, "w").close()
time.sleep(600)
