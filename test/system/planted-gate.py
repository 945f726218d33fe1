"""A gate as fapolicyd's: `planted-gate.py MOUNTPOINT READY` is asked before anybody opens a file there.

It marks that one mount, and answers nobody: so nothing but a tmpfs of the test's own may be given to it.
"""
import ctypes, os, sys, time

place, ready = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_NAME, FAN_CLASS_CONTENT, FAN_MARK_ADD_MOUNT, FAN_OPEN_PERM, AT_FDCWD = 15, 4, 0x11, 0x10000, -100
libc.prctl(PR_SET_NAME, b"planted-gate")
gate = libc.fanotify_init(FAN_CLASS_CONTENT, os.O_RDONLY)
mark = libc.fanotify_mark(gate, FAN_MARK_ADD_MOUNT, ctypes.c_uint64(FAN_OPEN_PERM), AT_FDCWD, place.encode())
if gate < 0 or mark != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
open(ready, "w").close()
time.sleep(600)
