#!/usr/bin/env python3
"""Checks an audit log of Bedside without Bedside: standard library only.

    verify.py FOLDER KEY [--witness KEY]... [--earlier FILE]... [--max-age-hours 24]

FOLDER holds `checkpoint` and `tile/` (C2SP tlog-tiles); KEY is the log's public key. Ends with 0 when all
is well, 2 when something was changed, 3 when something is missing, 4 when a witness has not vouched for
the log lately. Written apart from the program, after the specifications: RFC 6962 (tree), RFC 8032
(Ed25519), C2SP signed-note, tlog-checkpoint, tlog-cosignature and tlog-tiles.
"""
import argparse
import base64
import binascii
import hashlib
import json
import pathlib
import sys
import time

OK, TAMPERED, INCOMPLETE, STALE = 0, 2, 3, 4


class Fault(Exception):
    """The log is not what was signed."""


class Missing(Exception):
    """A file that has to be there is not."""


# Ed25519, RFC 8032 section 5.1. Verification only, so nothing here has to take the same time always.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def add(a, b):
    """The sum of two points in extended coordinates (X, Y, Z, T), x = X/Z, y = Y/Z, xy = T/Z."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    w, x, y, z = f - e, h - g, h + g, f + e
    return w * x % P, y * z % P, x * y % P, w * z % P


def times(n, point):
    total = IDENTITY
    while n:
        if n & 1:
            total = add(total, point)
        point, n = add(point, point), n >> 1
    return total


def recover_x(y, sign):
    """The x of a point by section 5.1.3, None when there is none."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def decode(data):
    number = int.from_bytes(data, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def encode(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def ed25519_holds(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    key, s = decode(public), int.from_bytes(signature[32:], "little")
    if key is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    negative = (P - key[0], key[1], key[2], P - key[3])
    return encode(add(times(s, BASE), times(k, negative))) == signature[:32]


# Notes and keys.


def unbase64(text):
    """Base 64 in its one canonical form."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Fault("not base 64") from error
    if base64.b64encode(data).decode() != text:
        raise Fault("not base 64")
    return data


class Key:
    """A public key as `name+1234abcd+AQ…`; type 1 signs a log, type 4 is a witness's."""

    def __init__(self, text):
        self.name, number, data = text.strip().split("+", 2)
        data = base64.b64decode(data, validate=True)
        self.type, self.public = data[0], data[1:]
        digest = hashlib.sha256(self.name.encode() + b"\n" + data).digest()
        if len(self.public) != 32 or self.type not in (1, 4) or digest[:4].hex() != number:
            raise ValueError("not a key")
        self.number = digest[:4]

    def signed_at(self, note):
        """When the key signed the note; 0 for a log's key, None when it has not."""
        text, lines = note
        newest = None
        for name, data in lines:
            if name != self.name or data[:4] != self.number:
                continue
            at, message, signature = 0, text.encode(), data[4:]
            if self.type == 4:
                at, signature = int.from_bytes(data[4:12], "big"), data[12:]
                message = f"cosignature/v1\ntime {at}\n{text}".encode()
            if not ed25519_holds(self.public, message, signature):
                raise Fault("the signature does not fit the checkpoint")
            newest = max(at, newest or 0)
        return newest


def read_note(data):
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise Fault("the checkpoint is not a text") from error
    text, gap, rest = whole.rpartition("\n\n")
    if not gap or not rest.endswith("\n") or any(c < " " and c != "\n" for c in whole):
        raise Fault("the checkpoint is not a signed note")
    lines = []
    for line in rest[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or not parts[1] or "+" in parts[1]:
            raise Fault("the checkpoint is not a signed note")
        lines.append((parts[1], unbase64(parts[2])))
        if len(lines[-1][1]) < 5:
            raise Fault("the checkpoint is not a signed note")
    return text + "\n", lines


def read_checkpoint(data, key):
    """(size, root, note) of a checkpoint that `key` signed."""
    note = read_note(data)
    if key.signed_at(note) is None:
        raise Fault("the checkpoint is not signed with this key")
    lines = note[0].split("\n")[:-1]
    if len(lines) < 3 or "" in lines or lines[0] != key.name:
        raise Fault("the checkpoint is not one of this log")
    if not lines[1].isdecimal() or str(int(lines[1])) != lines[1]:
        raise Fault("the checkpoint has no size")
    root = unbase64(lines[2])
    if len(root) != 32:
        raise Fault("the checkpoint has no root")
    return int(lines[1]), root, note


# The tree.


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """The roots of complete subtrees, largest first, and the tiles so far."""

    def __init__(self):
        self.size, self.edge, self.levels = 0, [], []

    def push(self, leaf):
        here, size = leaf, self.size
        while size & 1:
            here, size = node(self.edge.pop(), here), size >> 1
        self.edge.append(here)
        self.size += 1
        level, completed = 0, leaf
        while completed is not None:
            if len(self.levels) == level:
                self.levels.append([])
            self.levels[level].append(completed)
            full = self.levels[level]
            if len(full) % 256:
                break
            completed, level = subtree(full[-256:]), level + 1

    def root(self):
        if not self.edge:
            return hashlib.sha256(b"").digest()
        root = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            root = node(left, root)
        return root


def subtree(hashes):
    while len(hashes) > 1:
        hashes = [node(a, b) for a, b in zip(hashes[::2], hashes[1::2])]
    return hashes[0]


# The files.


def places(kind, count):
    """(path, path when complete, first, width) of every tile or bundle of `count` hashes or entries."""
    for index in range((count + 255) // 256):
        width = min(256, count - index * 256)
        name, rest = f"{index % 1000:03}", index // 1000
        while rest:
            name, rest = f"x{rest % 1000:03}/{name}", rest // 1000
        full = f"tile/{kind}/{name}"
        yield full if width == 256 else f"{full}.p/{width}", full, index * 256, width


def fetch(folder, path, full):
    for name in (path, full):
        try:
            return (folder / name).read_bytes()
        except FileNotFoundError:
            continue
    raise Missing(path)


def read_bundle(data, path, width):
    entries, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        if len(data) < at + 2 + length:
            raise Fault(f"{path} ends too early")
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if not width <= len(entries) <= 256:
        raise Fault(f"{path} holds {len(entries)} entries")
    return entries[:width]


def follow(writers, place, data, leaf):
    """Checks that the entry goes on where its writer stopped."""
    try:
        entry = json.loads(data)
        canonical = json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode() == data
        found = entry["writer"], entry["seq"], entry["prev"], entry["at"]
        version = entry["v"]
    except (ValueError, KeyError, TypeError) as error:
        raise Fault(f"entry {place} is not an audit entry") from error
    typed = isinstance(found[0], str) and all(type(n) is int for n in (found[1], found[3], version))
    if not canonical or not typed or version != 1:
        raise Fault(f"entry {place} is not an audit entry")
    seq, prev, at = writers.get(found[0], (0, "0" * 64, -(2**63)))
    if found[1] != seq + 1 or found[2] != prev or found[3] < at:
        raise Fault(f"entry {place} does not follow from its writer's entry before")
    writers[found[0]] = found[1], leaf.hex(), found[3]


def verify(folder, key, witnesses=(), earlier=(), max_age_s=86_400, now_s=None):
    """(exit code, sentence)."""
    now_s = int(time.time()) if now_s is None else now_s
    try:
        size, root, note = read_checkpoint(fetch(folder, "checkpoint", "checkpoint"), key)
        notes, promised = [note], [read_checkpoint(data, key)[:2] for data in earlier]
        if (folder / "checkpoint.witnessed").exists():
            other_size, other_root, note = read_checkpoint(
                (folder / "checkpoint.witnessed").read_bytes(), key
            )
            notes.append(note)
            promised.append(min((size, root), (other_size, other_root)))
            size, root = max((size, root), (other_size, other_root))
        signed = [newest(witness.signed_at(note) for note in notes) for witness in witnesses]
        if any(old_size > size for old_size, _ in promised):
            raise Fault("the log is shorter than an earlier checkpoint")
        tree, writers, place = Tree(), {}, 0
        promised.append((size, root))
        for path, full, _, width in places("entries", size):
            for data in read_bundle(fetch(folder, path, full), path, width):
                check_promises(promised, tree)
                leaf = hashlib.sha256(b"\0" + data).digest()
                follow(writers, place, data, leaf)
                tree.push(leaf)
                place += 1
        check_promises(promised, tree)
        for level, hashes in enumerate(tree.levels):
            for path, full, first, width in places(level, len(hashes)):
                data, want = fetch(folder, path, full), b"".join(hashes[first : first + width])
                if not data.startswith(want) or len(data) % 32 or len(data) > 256 * 32:
                    raise Fault(f"{path}: its hashes are not those of the entries")
    except Fault as fault:
        return TAMPERED, f"CHANGED: {fault}."
    except Missing as path:
        return INCOMPLETE, f"INCOMPLETE: {path} is missing."
    if any(at is None or at + max_age_s < now_s for at in signed):
        return STALE, f"STALE: {size} entries are as signed, but not witnessed lately."
    return OK, f"OK: {size} entries of {len(writers)} writers are as they were signed."


def newest(times):
    return max((at for at in times if at is not None), default=None)


def check_promises(promised, tree):
    for size, root in promised:
        if size == tree.size and root != tree.root():
            raise Fault(f"the first {size} entries are not those that were signed")


def main():
    parser = argparse.ArgumentParser(description="Checks an audit log of Bedside without Bedside.")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("key", type=Key, help="public key of the log")
    parser.add_argument("--witness", type=Key, action="append", default=[])
    parser.add_argument("--earlier", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--max-age-hours", type=int, default=24)
    args = parser.parse_args()
    earlier = [path.read_bytes() for path in args.earlier]
    max_age_s = args.max_age_hours * 3_600
    code, says = verify(args.folder, args.key, args.witness, earlier, max_age_s)
    print(says)
    return code


if __name__ == "__main__":
    sys.exit(main())
