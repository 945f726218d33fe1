"""A mount of network type whose server never answers: `planted-mount.py TARGET READY`.

It greets the kernel, as FUSE asks for, and then takes each request and keeps it: whoever asked waits in the kernel, and
no signal ends him, as with a hard mount of NFS whose server is gone. The end of this process ends all of it.
"""
import ctypes, os, struct, sys

target, ready = sys.argv[1:]
fuse = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0".encode()
if libc.mount(b"ann@nas:/export", target.encode(), b"fuse.sshfs", 6, options) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))

INIT = 26
while True:
    request = os.read(fuse, 1 << 20)
    opcode, unique = struct.unpack_from("<IQ", request, 4)
    if opcode == INIT:
        # fuse_init_out of version 7.31: include/uapi/linux/fuse.h.
        body = struct.pack("<IIIIHHIIHHI28x", 7, 31, 65536, 0, 16, 12, 65536, 1, 32, 0, 0)
        os.write(fuse, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)
        open(ready, "w").close()
