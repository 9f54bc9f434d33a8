"""What a loader would want of an ELF file (64 bit, little endian), read without tools."""

import struct
from pathlib import Path

ET_DYN = 3
PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_GNU_STACK, PT_GNU_RELRO = 2, 3, 4, 0x6474E551, 0x6474E552
PF_X, PF_W = 1, 2
DT_NEEDED, DT_FLAGS, DT_FLAGS_1 = 1, 30, 0x6FFFFFFB
DF_BIND_NOW, DF_1_NOW = 8, 1
NT_GNU_ABI_TAG = 1


class Elf:
    def __init__(self, path):
        self.data = Path(path).read_bytes()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path}: not a 64-bit little-endian ELF file")
        offset, = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        heads = [struct.unpack_from("<IIQQQQQQ", self.data, offset + i * size) for i in range(count)]
        # type, offset, size in the file
        self.segments = [(head[0], head[2], head[5]) for head in heads]
        self.flags = [head[:2] for head in heads]

    def _of(self, kind):
        return [self.data[start:start + size] for which, start, size in self.segments if which == kind]

    @property
    def interpreter(self):
        return b"".join(self._of(PT_INTERP)).rstrip(b"\0").decode()

    @property
    def dynamic(self):
        return [struct.unpack_from("<QQ", part, at) for part in self._of(PT_DYNAMIC) for at in range(0, len(part), 16)]

    @property
    def needed(self):
        """How many shared libraries it asks for."""
        return sum(tag == DT_NEEDED for tag, _ in self.dynamic)

    @property
    def missing_protection(self):
        """What a linker's hardening flags should have left in the file, and is not there."""
        kinds = dict(self.flags)
        now = any((tag == DT_FLAGS and value & DF_BIND_NOW) or (tag == DT_FLAGS_1 and value & DF_1_NOW) for tag, value in self.dynamic)
        checks = {
            "position-independent code": struct.unpack_from("<H", self.data, 16) == (ET_DYN,),
            "a stack that cannot be run": PT_GNU_STACK in kinds and not kinds[PT_GNU_STACK] & PF_X,
            "no segment that can be written and run": not any(flags & PF_X and flags & PF_W for _, flags in self.flags),
            "tables read-only after start": PT_GNU_RELRO in kinds,
            "all symbols bound at start": now or not self.needed,
        }
        return [name for name, there in checks.items() if not there]

    @property
    def oldest_kernel(self):
        """From glibc's note, e.g. (3, 2, 0)."""
        for part in self._of(PT_NOTE):
            at = 0
            while at < len(part):
                name_size, size, kind = struct.unpack_from("<III", part, at)
                name = part[at + 12:at + 12 + name_size]
                body = at + 12 + (name_size + 3) // 4 * 4
                if name == b"GNU\0" and kind == NT_GNU_ABI_TAG:
                    return struct.unpack_from("<IIII", part, body)[1:]
                at = body + (size + 3) // 4 * 4
        raise ValueError("no ABI note")
