#!/usr/bin/env python3
"""Writes the vector files of this folder. Needs Python 3.11 and the package `cryptography` (43 or newer).

Every run writes the same bytes: keys come from a fixed seed, and signatures are deterministic. What the vectors say comes from
this program and from OpenSSL behind `cryptography`, never from the code under test.
"""
import base64
import hashlib
import hmac
import json
import os
import random

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SEED = random.Random("integration-host vectors 1")
FOLDER = os.path.dirname(os.path.abspath(__file__))


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def integer(value, size):
    return b64url(value.to_bytes(size, "big"))


def random_bytes(count):
    return SEED.randbytes(count)


def flipped(data, bit=0):
    data = bytearray(data)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def is_prime(n):
    if any(n % p == 0 for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)):
        return False
    d, r = n - 1, 0
    while d % 2 == 0:
        d, r = d // 2, r + 1
    for _ in range(24):
        x = pow(SEED.randrange(2, n - 1), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(r - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(bits):
    while True:
        candidate = SEED.getrandbits(bits) | 3 << bits - 2 | 1
        if is_prime(candidate) and candidate % 65537 != 1:
            return candidate


def rsa_key(bits):
    p, q = prime(bits // 2), prime(bits // 2)
    e = 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


class File:
    """A file of groups of numbered cases."""

    def __init__(self, path, about):
        self.path, self.about, self.groups, self.count = path, about, [], 0

    def group(self, **members):
        self.groups.append({**members, "tests": []})

    def case(self, comment, result, **members):
        self.count += 1
        hexed = {k: v.hex() if isinstance(v, bytes) else v for k, v in members.items()}
        self.groups[-1]["tests"].append({"tcId": self.count, "comment": comment, **hexed, "result": result})

    def write(self):
        text = json.dumps(
            {"about": self.about, "numberOfTests": self.count, "testGroups": self.groups}, indent=1, ensure_ascii=False)
        with open(os.path.join(FOLDER, self.path), "w") as out:
            out.write(text + "\n")


def aes_gcm():
    file = File("crypto/aes_gcm.json", "AES-GCM: 256-bit keys are supported, other sizes are not.")
    for key_size, iv_size, tag_size in [(256, 96, 128), (128, 96, 128), (192, 96, 128), (256, 64, 128), (256, 128, 128)]:
        file.group(keySize=key_size, ivSize=iv_size, tagSize=tag_size)
        for length in [0, 1, 15, 16, 17, 31, 32, 33, 64, 255, 1000] if key_size == 256 and iv_size == 96 else [0, 16, 33]:
            for aad_length in [0, 1, 20]:
                key, iv = random_bytes(key_size // 8), random_bytes(iv_size // 8)
                message, aad = random_bytes(length), random_bytes(aad_length)
                sealed = AESGCM(key).encrypt(iv, message, aad)
                ct, tag = sealed[:-16], sealed[-16:]
                good = dict(key=key, iv=iv, aad=aad, msg=message, ct=ct, tag=tag)
                file.case(f"{length} bytes, {aad_length} authenticated", "valid", **good)
                for bit in (0, 7, 63, 127):
                    file.case(f"bit {bit} of the tag", "invalid", **{**good, "tag": flipped(tag, bit)})
                if ct:
                    file.case("first bit of the ciphertext", "invalid", **{**good, "ct": flipped(ct)})
                if aad:
                    file.case("first bit of the authenticated data", "invalid", **{**good, "aad": flipped(aad)})
        file.case("tag of zeros", "invalid", **{**good, "tag": bytes(16)})
        file.case("tag of ones", "invalid", **{**good, "tag": b"\xff" * 16})
    file.group(keySize=256, ivSize=96, tagSize=96)
    file.case("tag cut to 96 bits", "valid", **{**good, "tag": tag[:12]})
    file.write()


def aes_cbc():
    file = File("crypto/aes_cbc_pkcs5.json", "AES-256-CBC with PKCS #7 padding.")
    file.group(keySize=256, ivSize=128)
    for length in [0, 1, 14, 15, 16, 17, 31, 32, 100]:
        key, iv, message = random_bytes(32), random_bytes(16), random_bytes(length)
        padder = padding.PKCS7(128).padder()
        padded = padder.update(message) + padder.finalize()
        encrypt = lambda data: (lambda e: e.update(data) + e.finalize())(Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor())
        good = dict(key=key, iv=iv, msg=message, ct=encrypt(padded))
        file.case(f"{length} bytes", "valid", **good)
    whole = random_bytes(15)
    for name, plain in [
        ("padding of 0", whole + b"\0"), ("padding of 17", whole + b"\x11"), ("padding of 255", whole + b"\xff"),
        ("padding of 2 after one byte", whole[:14] + b"\x03\x02"), ("padding longer than agreed", whole[:13] + b"\x01\x03\x03"),
        ("padding of 16 that is not uniform", b"\x10" * 14 + b"\x0f\x10"), ("all zeros", bytes(16)),
    ]:
        file.case(name, "invalid", **{**good, "msg": b"", "ct": encrypt(plain)})
    file.case("no ciphertext", "invalid", **{**good, "msg": b"", "ct": b""})
    file.case("half a block", "invalid", **{**good, "msg": b"", "ct": good["ct"][:-8]})
    file.write()


def hmacs():
    for name, digest, size in [("hmac_sha256", hashlib.sha256, 256), ("hmac_sha512", hashlib.sha512, 512)]:
        file = File(f"crypto/{name}.json", "HMAC: full codes are supported, truncated ones are not.")
        file.group(keySize=256, tagSize=size)
        for key_length in [1, 16, 32, 63, 64, 65, 128, 129, 200]:
            for length in [0, 1, 55, 56, 64, 127, 128, 1000]:
                key, message = random_bytes(key_length), random_bytes(length)
                tag = hmac.new(key, message, digest).digest()
                good = dict(key=key, msg=message, tag=tag)
                file.case(f"key of {key_length}, message of {length}", "valid", **good)
                bit = SEED.randrange(size)
                file.case(f"bit {bit} of the code", "invalid", **{**good, "tag": flipped(tag, bit)})
        file.case("code of zeros", "invalid", **{**good, "tag": bytes(size // 8)})
        file.case("code of another message", "invalid", **{**good, "msg": message + b"\0"})
        for bits in (128, size - 8):
            file.group(keySize=256, tagSize=bits)
            file.case(f"code cut to {bits} bits", "valid", **{**good, "tag": tag[: bits // 8]})
        file.write()


def hkdf():
    file = File("crypto/hkdf_sha256.json", "HKDF with SHA-256; the last cases ask for more than it gives.")
    file.group(keySize=256)
    for key_length in [1, 16, 32, 80]:
        for salt_length, info_length in [(0, 0), (0, 20), (16, 0), (32, 80)]:
            for size in [1, 20, 32, 33, 64, 255 * 32]:
                key, salt, info = random_bytes(key_length), random_bytes(salt_length), random_bytes(info_length)
                okm = HKDF(hashes.SHA256(), size, salt, info).derive(key)
                if size > 1000 and key_length != 32:
                    continue
                file.case(f"{size} bytes", "valid", ikm=key, salt=salt, info=info, size=size, okm=okm)
    for size in (255 * 32 + 1, 100_000):
        file.case(f"{size} bytes are too many", "invalid", ikm=key, salt=salt, info=info, size=size, okm=b"")
    file.write()


RSA = rsa_key(2048)
RSA_OTHER = rsa_key(2048)
RSA_SMALL = rsa_key(1024)
EC = ec.derive_private_key(SEED.getrandbits(255), ec.SECP256R1())
EC_OTHER = ec.derive_private_key(SEED.getrandbits(255), ec.SECP256R1())
SECRET = random_bytes(32)
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def raw_rsa(key, block):
    """The RSA operation over a block of the test's own making."""
    numbers = key.private_numbers()
    n = numbers.public_numbers.n
    return pow(int.from_bytes(block, "big"), numbers.d, n).to_bytes((n.bit_length() + 7) // 8, "big")


def rsa_signatures():
    file = File("crypto/rsa_signature_2048_sha256.json", "RSA PKCS #1 v1.5 with SHA-256; blocks of all other forms are forgeries.")
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    file.group(publicKeyPem=pem)
    sign = lambda message, hash=hashes.SHA256(), key=RSA: key.sign(message, rsa_padding.PKCS1v15(), hash)
    for length in [0, 1, 20, 64, 1000]:
        message = random_bytes(length)
        signature = sign(message)
        file.case(f"{length} bytes", "valid", msg=message, sig=signature)
        for bit in (0, 7, 1024, 2047):
            file.case(f"bit {bit} of the signature", "invalid", msg=message, sig=flipped(signature, bit))
        file.case("another message", "invalid", msg=message + b"x", sig=signature)
    message = b"pay 10 to Alice"
    digest = hashlib.sha256(message).digest()
    block = lambda tail, fill=None: (
        b"\0\1" + (fill if fill is not None else b"\xff" * (256 - 3 - len(tail))) + b"\0" + tail)
    n = RSA.private_numbers().public_numbers.n
    good = sign(message)
    assert raw_rsa(RSA, block(SHA256_INFO + digest)) == good
    for name, signature in [
        ("SHA-1", sign(message, hashes.SHA1())), ("SHA-384", sign(message, hashes.SHA384())),
        ("SHA-512", sign(message, hashes.SHA512())), ("another key", sign(message, key=RSA_OTHER)),
        ("block of twos", raw_rsa(RSA, b"\0" + b"\2" * 255)),
        ("no digest info", raw_rsa(RSA, block(digest))),
        ("digest info without NULL", raw_rsa(RSA, block(bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20" + digest))),
        ("bytes after the digest", raw_rsa(RSA, block(SHA256_INFO + digest + b"\0\0"))),
        ("short filling, then rubbish", raw_rsa(RSA, b"\0\1" + b"\xff" * 8 + b"\0" + SHA256_INFO + digest + bytes(256 - 62))),
        ("filling of zeros", raw_rsa(RSA, block(SHA256_INFO + digest, bytes(256 - 3 - 51)))),
        ("block type 2", raw_rsa(RSA, b"\0\2" + block(SHA256_INFO + digest)[2:])),
        ("no zero after the filling", raw_rsa(RSA, block(SHA256_INFO + digest).replace(b"\xff\0\x30", b"\xff\xff\x30"))),
        ("wrong hash identifier", raw_rsa(RSA, block(SHA256_INFO.replace(b"\x04\x02\x01", b"\x04\x02\x02") + digest))),
        ("indefinite length", raw_rsa(RSA, block(b"\x30\x80" + SHA256_INFO[2:] + digest + b"\0\0"))),
        ("long form of a length", raw_rsa(RSA, block(b"\x30\x81\x31" + SHA256_INFO[2:] + digest))),
        ("signature 0", bytes(256)), ("signature 1", bytes(255) + b"\1"), ("n - 1", (n - 1).to_bytes(256, "big")),
        ("n", n.to_bytes(256, "big")), ("s + n", (int.from_bytes(good, "big") + n).to_bytes(257, "big")),
        ("cut by a byte", good[:-1]), ("a zero before", b"\0" + good), ("a zero after", good + b"\0"), ("empty", b""),
    ]:
        file.case(name, "invalid", msg=message, sig=signature)
    file.write()


def rsa_jwk(key, **more):
    numbers = key.public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    return {"kty": "RSA", "n": integer(numbers.n, size), "e": "AQAB", **more}


def ec_jwk(key, **more):
    numbers = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": integer(numbers.x, 32), "y": integer(numbers.y, 32), **more}


def oct_jwk(secret, **more):
    return {"kty": "oct", "k": b64url(secret), **more}


def es256(key, message):
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def signature(algorithm, key, message):
    if algorithm == "HS256":
        return hmac.new(key, message, hashlib.sha256).digest()
    if algorithm == "HS384":
        return hmac.new(key, message, hashlib.sha384).digest()
    if algorithm == "HS512":
        return hmac.new(key, message, hashlib.sha512).digest()
    if algorithm == "RS256":
        return key.sign(message, rsa_padding.PKCS1v15(), hashes.SHA256())
    if algorithm == "RS384":
        return key.sign(message, rsa_padding.PKCS1v15(), hashes.SHA384())
    if algorithm == "RS512":
        return key.sign(message, rsa_padding.PKCS1v15(), hashes.SHA512())
    return es256(key, message)


PAYLOAD = b'{"sub":"user-1","exp":4102444800}'


def token(algorithm, key, header=None, payload=PAYLOAD, sign_as=None):
    head = header if header is not None else json.dumps({"alg": algorithm}, separators=(",", ":")).encode()
    message = b64url(head) + "." + b64url(payload)
    return message + "." + b64url(signature(sign_as or algorithm, key, message.encode()))


def jws():
    file = File("crypto/json_web_signature.json", "Compact signed tokens. HS256, RS256 and ES256 are supported, other algorithms are not.")
    keys = [("HS256", SECRET, oct_jwk(SECRET, alg="HS256")), ("RS256", RSA, rsa_jwk(RSA, alg="RS256", kid="k1")), ("ES256", EC, ec_jwk(EC, alg="ES256"))]
    others = {"HS256": random_bytes(32), "RS256": RSA_OTHER, "ES256": EC_OTHER}
    for algorithm, key, jwk in keys:
        file.group(public=jwk)
        add = lambda comment, result, text: file.case(comment, result, jws=text)
        good = token(algorithm, key)
        head, body, code = good.split(".")
        add("good", "valid", good)
        add("header with a key id and a type", "valid", token(algorithm, key, header=('{"typ":"JWT","alg":"%s","kid":"k1"}' % algorithm).encode()))
        add("header with white space", "valid", token(algorithm, key, header=('{ "alg" :\n"%s" }' % algorithm).encode()))
        add("empty payload", "valid", token(algorithm, key, payload=b""))
        add("payload that is not JSON", "valid", token(algorithm, key, payload=b"\xff\0"))
        add("another key", "invalid", token(algorithm, others[algorithm]))
        add("other payload", "invalid", ".".join([head, b64url(PAYLOAD + b" "), code]))
        add("other header", "invalid", ".".join([b64url(b'{"alg":"%s" }' % algorithm.encode()), body, code]))
        raw = signature(algorithm, key, (head + "." + body).encode())
        for bit in (0, len(raw) * 8 - 1):
            add(f"bit {bit} of the signature", "invalid", ".".join([head, body, b64url(flipped(raw, bit))]))
        add("signature cut by a byte", "invalid", ".".join([head, body, b64url(raw[:-1])]))
        add("a byte after the signature", "invalid", ".".join([head, body, b64url(raw + b"\0")]))
        add("no signature", "invalid", head + "." + body + ".")
        add("two parts", "invalid", head + "." + body)
        add("four parts", "invalid", good + ".")
        add("five parts", "invalid", good + ".a.b")
        add("padding", "invalid", good + "=")
        add("white space after", "invalid", good + " ")
        add("line end after", "invalid", good + "\n")
        add("white space in the payload", "invalid", head + "." + body[:4] + " " + body[4:] + "." + code)
        add("plain base64 alphabet", "invalid", ".".join([head, body, base64.b64encode(raw).decode().rstrip("=")]) if set(base64.b64encode(raw).decode()) & set("+/") else good + "+")
        add("empty", "invalid", "")
        add("dots", "invalid", "..")
        for name in ["none", "None", "NONE", "", "HS256 ", algorithm.lower(), "HS512", "RS384", "ES384", "PS256"]:
            forged = b64url(json.dumps({"alg": name}).encode()) + "." + body
            add(f"algorithm “{name}” with a good code", "invalid", forged + "." + b64url(signature(algorithm, key, forged.encode())))
            add(f"algorithm “{name}” without code", "invalid", forged + ".")
        add("no algorithm", "invalid", token(algorithm, key, header=b"{}"))
        add("algorithm that is no text", "invalid", token(algorithm, key, header=b'{"alg":1}'))
        add("algorithm twice", "invalid", token(algorithm, key, header=b'{"alg":"none","alg":"%s"}' % algorithm.encode()))
        add("header that is no object", "invalid", token(algorithm, key, header=b'["%s"]' % algorithm.encode()))
        add("header that is not JSON", "invalid", token(algorithm, key, header=b'{"alg":"%s"' % algorithm.encode()))
        add("extension that must be understood", "invalid", token(algorithm, key, header=b'{"alg":"%s","crit":["exp"],"exp":1}' % algorithm.encode()))
        if algorithm == "ES256":
            message = (head + "." + body).encode()
            der = EC.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
            order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
            r, s = raw[:32], raw[32:]
            for name, forged in [
                ("DER in place of two numbers", der), ("r and s of 0", bytes(64)), ("r of 0", bytes(32) + s), ("s of 0", r + bytes(32)),
                ("r and s of the order", order.to_bytes(32, "big") * 2), ("r and s swapped", s + r), ("r and s of 1", (bytes(31) + b"\1") * 2),
                ("wider numbers", b"\0" + r + b"\0" + s), ("s + order", r + ((int.from_bytes(s, "big") + order) % (1 << 256)).to_bytes(32, "big")),
            ]:
                add(name, "invalid", ".".join([head, body, b64url(forged)]))
    file.group(public=rsa_jwk(RSA, alg="RS256", kid="k1"))
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    file.case("HS256 with the public key as secret", "invalid", jws=token("HS256", pem))
    for algorithm, key, jwk in [
        ("HS384", SECRET, oct_jwk(SECRET, alg="HS384")), ("HS512", SECRET * 2, oct_jwk(SECRET * 2, alg="HS512")),
        ("RS384", RSA, rsa_jwk(RSA, alg="RS384", kid="k1")), ("RS512", RSA, rsa_jwk(RSA, alg="RS512", kid="k1")),
    ]:
        file.group(public=jwk)
        file.case(f"{algorithm} is not supported", "valid", jws=token(algorithm, key))
    file.write()


def jwk():
    file = File("crypto/json_web_key.json", "Sets with one key, and a token that its private half signed.")
    hs, rs, es = token("HS256", SECRET), token("RS256", RSA), token("ES256", EC)
    numbers = EC.public_key().public_numbers()
    n = RSA.public_key().public_numbers().n
    for comment, result, key, text in [
        ("octets", "valid", oct_jwk(SECRET, alg="HS256"), hs),
        ("RSA", "valid", rsa_jwk(RSA, alg="RS256"), rs),
        ("RSA without algorithm", "valid", rsa_jwk(RSA), rs),
        ("RSA for signatures", "valid", rsa_jwk(RSA, alg="RS256", use="sig", key_ops=["verify"], kid="a"), rs),
        ("P-256", "valid", ec_jwk(EC, alg="ES256"), es),
        ("P-256 without algorithm", "valid", ec_jwk(EC), es),
        ("octets too short for HS256", "invalid", oct_jwk(SECRET[:8], alg="HS256"), token("HS256", SECRET[:8])),
        ("RSA for encryption", "invalid", rsa_jwk(RSA, alg="RS256", use="enc"), rs),
        ("RSA for other operations", "invalid", rsa_jwk(RSA, alg="RS256", key_ops=["encrypt"]), rs),
        ("RSA of 1024 bits", "invalid", rsa_jwk(RSA_SMALL, alg="RS256"), token("RS256", RSA_SMALL)),
        ("RSA with the exponent 1", "invalid", {**rsa_jwk(RSA, alg="RS256"), "e": "AQ"}, rs),
        ("RSA with an even exponent", "invalid", {**rsa_jwk(RSA, alg="RS256"), "e": "Ag"}, rs),
        ("RSA with an even modulus", "invalid", {**rsa_jwk(RSA, alg="RS256"), "n": integer(n - 1, 256)}, rs),
        ("RSA without modulus", "invalid", {"kty": "RSA", "alg": "RS256", "e": "AQAB"}, rs),
        ("RSA with padding in a number", "invalid", {**rsa_jwk(RSA, alg="RS256"), "e": "AQAB="}, rs),
        ("RSA key for ES256", "invalid", rsa_jwk(RSA, alg="ES256"), rs),
        ("P-256 key for RS256", "invalid", ec_jwk(EC, alg="RS256"), es),
        ("P-256 named P-384", "invalid", {**ec_jwk(EC, alg="ES256"), "crv": "P-384"}, es),
        ("point off the curve", "invalid", {**ec_jwk(EC, alg="ES256"), "y": integer(numbers.y ^ 1, 32)}, es),
        ("coordinates of 0", "invalid", {**ec_jwk(EC, alg="ES256"), "x": integer(0, 32), "y": integer(0, 32)}, es),
        ("coordinate of 31 bytes", "invalid", {**ec_jwk(EC, alg="ES256"), "x": b64url(numbers.x.to_bytes(32, "big")[1:])}, es),
        ("another key", "invalid", rsa_jwk(RSA_OTHER, alg="RS256"), rs),
        ("no type", "invalid", {k: v for k, v in rsa_jwk(RSA, alg="RS256").items() if k != "kty"}, rs),
        ("octets without algorithm", "invalid", oct_jwk(SECRET), hs),
    ]:
        file.group(public={"keys": [key]})
        file.case(comment, result, jws=text)
    file.write()


def jwe_token(encryption, key, plaintext, header=None, iv=None):
    head = b64url(header or json.dumps({"alg": "dir", "enc": encryption}, separators=(",", ":")).encode())
    if encryption == "A256GCM":
        iv = iv or random_bytes(12)
        sealed = AESGCM(key).encrypt(iv, plaintext, head.encode())
        parts = iv, sealed[:-16], sealed[-16:]
    else:
        iv = iv or random_bytes(16)
        padder = padding.PKCS7(128).padder()
        encryptor = Cipher(algorithms.AES(key[32:]), modes.CBC(iv)).encryptor()
        ct = encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()
        aad = head.encode()
        mac = hmac.new(key[:32], aad + iv + ct + (len(aad) * 8).to_bytes(8, "big"), hashlib.sha512).digest()
        parts = iv, ct, mac[:32]
    return ".".join([head, "", *map(b64url, parts)])


def jwe():
    file = File("crypto/json_web_encryption.json", "Compact encrypted tokens. `dir` with A256GCM and A256CBC-HS512 is supported.")
    for encryption, size in [("A256GCM", 32), ("A256CBC-HS512", 64)]:
        key = random_bytes(size)
        file.group(private={"kty": "oct", "k": b64url(key), "alg": "dir", "enc": encryption})
        add = lambda comment, result, text, plain=b"": file.case(comment, result, jwe=text, pt=plain)
        for plain in [b"", b"x", PAYLOAD, random_bytes(1000)]:
            add(f"{len(plain)} bytes", "valid", jwe_token(encryption, key, plain), plain)
        add("header with a key id", "valid", jwe_token(encryption, key, PAYLOAD, b'{"alg":"dir","enc":"%s","kid":"k"}' % encryption.encode()), PAYLOAD)
        good = jwe_token(encryption, key, PAYLOAD)
        head, none, iv, ct, tag = good.split(".")
        raw = base64.urlsafe_b64decode(tag + "==")
        for bit in (0, len(raw) * 8 - 1):
            add(f"bit {bit} of the tag", "invalid", ".".join([head, none, iv, ct, b64url(flipped(raw, bit))]))
        add("tag cut by a byte", "invalid", ".".join([head, none, iv, ct, b64url(raw[:-1])]))
        add("tag cut to 4 bytes", "invalid", ".".join([head, none, iv, ct, b64url(raw[:4])]))
        add("no tag", "invalid", ".".join([head, none, iv, ct, ""]))
        add("no ciphertext", "invalid", ".".join([head, none, iv, "", tag]))
        add("no nonce", "invalid", ".".join([head, none, "", ct, tag]))
        add("an encrypted key", "invalid", ".".join([head, "AAAA", iv, ct, tag]))
        add("four parts", "invalid", ".".join([head, iv, ct, tag]))
        add("six parts", "invalid", good + ".")
        add("padding", "invalid", good + "=")
        add("white space", "invalid", good + " ")
        add("other ciphertext", "invalid", ".".join([head, none, iv, b64url(flipped(base64.urlsafe_b64decode(ct + "=="))), tag]))
        add("other nonce", "invalid", ".".join([head, none, b64url(flipped(base64.urlsafe_b64decode(iv + "=="))), ct, tag]))
        add("another key", "invalid", jwe_token(encryption, random_bytes(size), PAYLOAD))
        for header in [b'{"alg":"dir"}', b'{"enc":"%s"}', b'{"alg":"none","enc":"%s"}', b'{"alg":"A256KW","enc":"%s"}', b'{"alg":"dir","enc":"A128GCM"}',
                       b'{"alg":"dir","enc":"%s","zip":"DEF"}', b'{"alg":"dir","enc":"%s","crit":["exp"]}', b'["dir"]', b"{"]:
            header = header.replace(b"%s", encryption.encode())
            add(f"header {header.decode()}", "invalid", jwe_token(encryption, key, PAYLOAD, header))
    file.write()


def webhooks():
    """Signed deliveries in the forms that providers use; `expect` is valid, stale, forged or unsigned."""
    cases = []
    now = 1_700_000_000

    def add(scheme, secret, headers, body, expect, comment, at=now):
        cases.append({"scheme": scheme, "comment": comment, "secret": secret, "now": at, "headers": headers, "body": body, "expect": expect})

    def code(secret, text, digest=hashlib.sha256):
        return hmac.new(secret.encode(), text.encode(), digest)

    secret = "whsec_" + random_bytes(16).hex()
    for body in ['{"id":"evt_1","type":"account.updated"}', '{"text":"Zoë, 10 €"}', ""]:
        good = code(secret, f"{now}.{body}").hexdigest()
        add("stripe", secret, {"Stripe-Signature": f"t={now},v1={good}"}, body, "valid", "time and body")
        add("stripe", secret, {"Stripe-Signature": f"t={now},v1={'0' * 64},v1={good},v0=abc"}, body, "valid", "one of several")
        add("stripe", secret, {"stripe-signature": f"t={now},v1={good}"}, body, "valid", "header in lower case")
        add("stripe", secret, {"Stripe-Signature": f"t={now},v1={good}"}, body, "stale", "301 seconds later", now + 301)
        add("stripe", secret, {"Stripe-Signature": f"t={now + 1},v1={good}"}, body, "forged", "another time")
        add("stripe", secret, {"Stripe-Signature": f"t={now},v1={good}"}, body + " ", "forged", "another body")
        add("stripe", secret, {"Stripe-Signature": f"t={now},v0={good}"}, body, "forged", "another version")
        add("stripe", secret + "x", {"Stripe-Signature": f"t={now},v1={good}"}, body, "forged", "another secret")
        add("stripe", secret, {}, body, "unsigned", "no header")
        good = code(secret, f"v0:{now}:{body}").hexdigest()
        slack = {"X-Slack-Request-Timestamp": str(now), "X-Slack-Signature": f"v0={good}"}
        add("slack", secret, slack, body, "valid", "version, time and body")
        add("slack", secret, slack, body, "stale", "301 seconds later", now + 301)
        add("slack", secret, {**slack, "X-Slack-Request-Timestamp": str(now + 1)}, body, "forged", "another time")
        add("slack", secret, slack, body + "&x=1", "forged", "another body")
        add("slack", secret, {**slack, "X-Slack-Signature": good}, body, "forged", "no version")
        add("slack", secret, {"X-Slack-Signature": f"v0={good}"}, body, "unsigned", "no time")
        for scheme, header in [("quickbooks", "intuit-signature"), ("xero", "x-xero-signature")]:
            good = base64.b64encode(code(secret, body).digest()).decode()
            add(scheme, secret, {header: good}, body, "valid", "the body")
            add(scheme, secret, {header: good.rstrip("=")}, body, "forged", "no padding")
            add(scheme, secret, {header: code(secret, body).hexdigest()}, body, "forged", "hexadecimal")
            add(scheme, secret, {header: base64.b64encode(code(secret, body, hashlib.sha512).digest()).decode()}, body, "forged", "SHA-512")
            add(scheme, secret, {header: good}, body + "\n", "forged", "another body")
            add(scheme, secret, {header: ""}, body, "forged", "empty")
            add(scheme, secret, {}, body, "unsigned", "no header")
        private = ed25519.Ed25519PrivateKey.from_private_bytes(random_bytes(32))
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        good = private.sign(f"{now}{body}".encode()).hex()
        discord = {"X-Signature-Timestamp": str(now), "X-Signature-Ed25519": good}
        add("discord", public, discord, body, "valid", "time and body")
        add("discord", public, discord, body + " ", "forged", "another body")
        add("discord", public, {**discord, "X-Signature-Timestamp": str(now + 1)}, body, "forged", "another time")
        add("discord", public, {**discord, "X-Signature-Ed25519": flipped(bytes.fromhex(good)).hex()}, body, "forged", "a bit of the signature")
        add("discord", public, {**discord, "X-Signature-Ed25519": good[:-2]}, body, "forged", "cut by a byte")
        add("discord", public, {"X-Signature-Timestamp": str(now)}, body, "unsigned", "no signature")
    with open(os.path.join(FOLDER, "webhooks/signatures.json"), "w") as out:
        out.write(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")


def main():
    for folder in ("crypto", "webhooks"):
        os.makedirs(os.path.join(FOLDER, folder), exist_ok=True)
    for make in (aes_gcm, aes_cbc, hmacs, hkdf, rsa_signatures, jws, jwk, jwe, webhooks):
        make()


if __name__ == "__main__":
    main()
