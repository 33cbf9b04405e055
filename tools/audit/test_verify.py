"""Vectors of RFC 8032 section 7.1 for the Ed25519 in verify.py. Run by the tests of crate `audit`."""
import unittest

from verify import L, ed25519_holds

# Public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


class Ed25519(unittest.TestCase):
    def test_vectors(self):
        for vector in VECTORS:
            public, message, signature = map(bytes.fromhex, vector)
            self.assertTrue(ed25519_holds(public, message, signature))

    def test_nothing_else_holds(self):
        public, message, signature = map(bytes.fromhex, VECTORS[2])
        for at in range(0, 64, 7):
            bad = bytearray(signature)
            bad[at] ^= 1
            self.assertFalse(ed25519_holds(public, message, bytes(bad)))
        self.assertFalse(ed25519_holds(public, message + b"x", signature))
        self.assertFalse(ed25519_holds(public, message, signature[:-1]))
        # The same signature with another number for s, which RFC 8032 refuses.
        s = int.from_bytes(signature[32:], "little") + L
        self.assertFalse(ed25519_holds(public, message, signature[:32] + s.to_bytes(32, "little")))


if __name__ == "__main__":
    unittest.main()
