"""What a loader would want of an ELF file (64 bit, little endian), read without tools."""

import struct
from pathlib import Path

PT_DYNAMIC, PT_INTERP, PT_NOTE = 2, 3, 4
DT_NEEDED = 1
NT_GNU_ABI_TAG = 1


class Elf:
    def __init__(self, path):
        self.data = Path(path).read_bytes()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path}: not a 64-bit little-endian ELF file")
        offset, = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        # type, offset, size in the file
        self.segments = [(head[0], head[2], head[5]) for head in
                         (struct.unpack_from("<IIQQQQQQ", self.data, offset + i * size) for i in range(count))]

    def _of(self, kind):
        return [self.data[start:start + size] for which, start, size in self.segments if which == kind]

    @property
    def interpreter(self):
        return b"".join(self._of(PT_INTERP)).rstrip(b"\0").decode()

    @property
    def needed(self):
        """How many shared libraries it asks for."""
        entries = [struct.unpack_from("<QQ", part, at) for part in self._of(PT_DYNAMIC) for at in range(0, len(part), 16)]
        return sum(tag == DT_NEEDED for tag, _ in entries)

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
