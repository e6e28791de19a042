"""Prints the test vector of src/sealed_box.rs, and checks the signature in tests/message.rs: both formats
computed a second time, with Python's hashlib and hmac and plain arithmetic after SEC 2 (secp256k1), RFC 5869
(HKDF), RFC 8439 (ChaCha20-Poly1305) and the ErgoScript white paper, appendix A (the proof of one key)."""

import hashlib
import hmac
import struct

P = 2**256 - 2**32 - 977
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if a[1] != b[1]:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(point, n):
    result = None
    while n:
        if n & 1:
            result = add(result, point)
        point = add(point, point)
        n >>= 1
    return result


def compress(point):
    return bytes([2 + point[1] % 2]) + point[0].to_bytes(32, "big")


def decompress(data):
    x = int.from_bytes(data[1:], "big")
    y = pow(x**3 + 7, (P + 1) // 4, P)
    return x, y if y % 2 == data[0] % 2 else P - y


def hkdf(ikm, salt, info, length):
    prk = hmac.new(salt, ikm, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()[:length]


def chacha_block(key, counter):
    start = list(struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + bytes(12)))
    s = start[:]

    def rotate(v, n):
        return (v << n | v >> 32 - n) & 0xFFFFFFFF

    def quarter(a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] = rotate(s[z] ^ s[x], n)

    for _ in range(10):
        for i in range(4):
            quarter(i, i + 4, i + 8, i + 12)
        for i in range(4):
            quarter(i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(s, start)))


def pad16(data):
    return data + bytes(-len(data) % 16)


def encrypt(key, associated, plain):
    stream = b"".join(chacha_block(key, 1 + i) for i in range(len(plain) // 64 + 1))
    ciphertext = bytes(a ^ b for a, b in zip(plain, stream))
    one_time = chacha_block(key, 0)
    r = int.from_bytes(one_time[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    mac = 0
    data = pad16(associated) + pad16(ciphertext) + struct.pack("<QQ", len(associated), len(ciphertext))
    for i in range(0, len(data), 16):
        mac = (mac + int.from_bytes(data[i : i + 16] + b"\x01", "little")) * r % (2**130 - 5)
    tag = (mac + int.from_bytes(one_time[16:32], "little")) % 2**128
    return ciphertext + tag.to_bytes(16, "little")


alice = bytes.fromhex("038d95cda15361301bae9629d7b3805a87c7e383ae21843790c771bf8db97be2ac")
bob = bytes.fromhex("0325a3fa66f5111960f68e83470f0884094018e8819ecf03afffc14395900e8915")
# What the test draws: a number that grows by the same step each time, in 8 bytes, little-endian.
drawn = b"".join(
    struct.pack("<Q", (0x0102030405060708 + step * 0x1111111111111111) % 2**64) for step in range(8)
)
secret, seed, filler = int.from_bytes(drawn[:32], "big"), drawn[32:48], drawn[48:]
R = compress(times(G, secret))
slots = b""
for reader in (alice, bob):
    shared = compress(times(decompress(reader), secret))
    mask = hkdf(shared, R + reader, b"lets-wallet sealed text v1: slot", 16)
    slots += bytes(a ^ b for a, b in zip(mask, seed))
header = bytes([1, 3]) + R + slots + filler
key = hkdf(seed, R, b"lets-wallet sealed text v1: key", 32)
text = b"three eggs"
padded = (len(text).to_bytes(2, "big") + text).ljust(32, b"\0")
print((header + encrypt(key, header + b"context", padded)).hex())


def blake2b256(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def is_signed(public, domain, message, signature):
    prefix = b"lets-wallet signed message v1\0"
    digest = blake2b256(prefix + struct.pack(">Q", len(domain)) + domain + message)
    challenge, response = signature[:24], int.from_bytes(signature[24:], "big")
    x, y = times(decompress(public), int.from_bytes(challenge, "big"))
    commitment = compress(add(times(G, response), (x, P - y)))
    # An ErgoTree of version 0 with one segregated constant, the key, and the reference to it.
    tree = bytes.fromhex("100108cd") + public + bytes.fromhex("7300")
    leaf = b"\x01" + struct.pack(">h", len(tree)) + tree + struct.pack(">h", 33) + commitment
    return blake2b256(leaf + digest)[:24] == challenge


signer = bytes.fromhex("0208b3e9162e6f27378b761734e705de90d616aa04a09ea1ee7ddb8e73bb68d3cd")
signature = bytes.fromhex(
    "3c2b3fb96981dc3f9047fe928ef2a0afa9f17c411da0773f"
    "3845d01ff14e89251e7380644fd3b81b0067b6e600018ae2acb199edc8aa56ce"
)
print(is_signed(signer, b"example offer", b"ten eggs every Friday", signature))
