"""Client certificates of every sort, made from tables: what vCenter has been seen to send, and what nobody should.

Where the library refuses to make one (a negative serial number, a NUL in a name, version 1), a good one is made, its bytes are changed,
and it is signed again.
"""

import base64
import datetime
import subprocess
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


@dataclass(frozen=True)
class Made:
    """A certificate's DER, its private key, and what is sent behind it."""

    der: bytes
    key: object
    chain: tuple = ()

    @property
    def certificate(self):
        return x509.load_der_x509_certificate(self.der)

    def write(self, folder, name):
        """PEM files: the certificate alone, the certificate with its chain, the key."""
        alone, chain, key = (folder / f"{name}.{end}" for end in ("crt", "chain", "key"))
        alone.write_text(pem(self.der))
        chain.write_text("".join(map(pem, (self.der, *self.chain))))
        form = serialization.PrivateFormat.PKCS8
        key.write_bytes(self.key.private_bytes(PEM, form, serialization.NoEncryption()))
        return alone, chain, key


def pem(der):
    lines = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n"


def p256():
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key(bits):
    return rsa.generate_private_key(65537, bits)


def dn(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])


def certificate(name="client", key=None, issuer=None, days=(-1, 30), serial=None, extensions=(), hash=None, subject=None):
    """A certificate: self-signed, or signed by `issuer` (a Made) and with its chain behind it."""
    key = key or p256()
    signer = issuer.key if issuer else key
    built = (
        x509.CertificateBuilder()
        .subject_name(dn(name) if subject is None else subject)
        .issuer_name(issuer.certificate.subject if issuer else dn(name) if subject is None else subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(NOW + days[0] * DAY)
        .not_valid_after(NOW + days[1] * DAY)
    )
    for extension, critical in extensions:
        built = built.add_extension(extension, critical)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hash or hashes.SHA256()
    der = built.sign(signer, algorithm).public_bytes(DER)
    return Made(der, key, (issuer.der, *issuer.chain) if issuer else ())


def authority(name="authority", issuer=None, length=None):
    marked = [(x509.BasicConstraints(True, length), True), (usage("key_cert_sign"), True)]
    return certificate(name, issuer=issuer, days=(-2, 3650), extensions=marked)


def usage(*on):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    names += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name in on for name in names})


def san(*names):
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False


def eku(*usages):
    return x509.ExtendedKeyUsage(usages), False


def chain_of(length):
    """A certificate below so many authorities."""
    issuer = None
    for number in range(length):
        issuer = authority(f"authority {number}", issuer)
    return certificate("at the end", issuer=issuer)


# Bytes below the library.


def tlv(tag, value):
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + value


def split(der):
    """The first item of some DER: its tag, its value, what is behind it."""
    size, at = der[1], 2
    if size & 0x80:
        at += size & 0x7F
        size = int.from_bytes(der[2:at], "big")
    return der[0], der[at : at + size], der[at + size :]


def edited(made, edit):
    """The same certificate with the content of its TBSCertificate changed, self-signed again with ECDSA and SHA-256."""
    _, whole, _ = split(made.der)
    _, inner, rest = split(whole)
    tbs = tlv(0x30, edit(inner))
    _, algorithm, _ = split(rest)
    signature = made.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return Made(tlv(0x30, tbs + tlv(0x30, algorithm) + tlv(3, b"\0" + signature)), made.key)


def replaced(made, old, new):
    assert len(old) == len(new) and old in made.der
    return edited(made, lambda tbs: tbs.replace(old, new))


def with_serial(value):
    """With these bytes for a serial number, whether or not they are one."""
    marker = int.from_bytes(b"\x55" * 12, "big")
    return edited(certificate(serial=marker), lambda tbs: tbs.replace(b"\2\x0c" + b"\x55" * 12, tlv(2, value), 1))


def version_1():
    return edited(certificate(), lambda tbs: tbs.removeprefix(bytes.fromhex("a003020102")))


def signature_spoilt(made):
    """One bit of the certificate's own signature changed: another DER, the same key and name."""
    return Made(made.der[:-1] + bytes([made.der[-1] ^ 1]), made.key)


def by_openssl(*options):
    """What the library does not make: signatures with MD5 or SHA-1."""
    make = ["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=old", "-keyout", "-", "-out", "-"]
    done = subprocess.run([*make, *options], check=True, capture_output=True, timeout=60).stdout
    key = serialization.load_pem_private_key(done[: done.index(b"-----BEGIN CERT")], None)
    return Made(x509.load_pem_x509_certificate(done[done.index(b"-----BEGIN CERT") :]).public_bytes(DER), key)


def pss():
    key = rsa_key(2048)
    built = x509.CertificateBuilder().subject_name(dn("pss")).issuer_name(dn("pss")).public_key(key.public_key())
    built = built.serial_number(7).not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    pad = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return Made(built.sign(key, hashes.SHA256(), rsa_padding=pad).public_bytes(DER), key)


def unknown(critical, size=4):
    return x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x04" + bytes([2]) + b"\0" * (size - 2)), critical


CA = (x509.BasicConstraints(True, None), True)
PERMITTED = x509.NameConstraints([x509.DNSName("example.com")], None)
EXCLUDED = x509.NameConstraints(None, [x509.DNSName("client")])

# Whether the server serves each of these once it is on a list. The certificate is the client, so that only a key that no handshake can
# be verified with is refused, and that when it is to be put on the list (vcenter.md, "Connections and TLS"; security.md, T2).
SERVED, NEVER = True, False
SORTS = {
    "P-256": (SERVED, certificate),
    "P-384": (SERVED, lambda: certificate(key=ec.generate_private_key(ec.SECP384R1()))),
    "P-521": (SERVED, lambda: certificate(key=ec.generate_private_key(ec.SECP521R1()))),
    "Ed25519": (SERVED, lambda: certificate(key=ed25519.Ed25519PrivateKey.generate())),
    "RSA 2048": (SERVED, lambda: certificate(key=rsa_key(2048))),
    "RSA 3072": (SERVED, lambda: certificate(key=rsa_key(3072))),
    "RSA 4096": (SERVED, lambda: certificate(key=rsa_key(4096))),
    "RSA 1024": (NEVER, lambda: certificate(key=rsa_key(1024))),
    "P-224": (NEVER, lambda: certificate(key=ec.generate_private_key(ec.SECP224R1()))),
    "secp256k1": (NEVER, lambda: certificate(key=ec.generate_private_key(ec.SECP256K1()))),
    "signed with RSASSA-PSS": (SERVED, pss),
    "signed with SHA-1": (SERVED, lambda: by_openssl("-newkey", "rsa:2048", "-sha1")),
    "signed with MD5": (SERVED, lambda: by_openssl("-newkey", "rsa:2048", "-md5")),
    "signed with SHA-512": (SERVED, lambda: certificate(hash=hashes.SHA512())),
    "expired": (SERVED, lambda: certificate(days=(-30, -1))),
    "expired for 20 years": (SERVED, lambda: certificate(days=(-8000, -7300))),
    "from tomorrow": (SERVED, lambda: certificate(days=(1, 30))),
    "from 2049 to 2120": (SERVED, lambda: certificate(days=(8500, 34000))),
    "ends before it begins": (SERVED, lambda: replaced_dates()),
    "EKU of a server": (SERVED, lambda: certificate(extensions=[eku(ExtendedKeyUsageOID.SERVER_AUTH)])),
    "EKU of a code signer": (SERVED, lambda: certificate(extensions=[eku(ExtendedKeyUsageOID.CODE_SIGNING)])),
    "EKU of a client": (SERVED, lambda: certificate(extensions=[eku(ExtendedKeyUsageOID.CLIENT_AUTH)])),
    "marked as a CA": (SERVED, lambda: certificate(extensions=[CA])),
    "key usage of a CA alone": (SERVED, lambda: certificate(extensions=[CA, (usage("key_cert_sign"), True)])),
    "key usage without signing": (SERVED, lambda: certificate(extensions=[(usage("key_encipherment"), True)])),
    "name constraints that permit others": (SERVED, lambda: certificate(extensions=[CA, (PERMITTED, True)])),
    "name constraints that exclude itself": (SERVED, lambda: certificate(extensions=[CA, (EXCLUDED, True), san("client")])),
    "unknown extension": (SERVED, lambda: certificate(extensions=[unknown(False)])),
    "unknown critical extension": (SERVED, lambda: certificate(extensions=[unknown(True)])),
    "wildcard in the name": (SERVED, lambda: certificate("*.example.com")),
    "wildcard in the SAN": (SERVED, lambda: certificate(extensions=[san("*", "*.example.com")])),
    "1,000 names in the SAN": (SERVED, lambda: certificate(extensions=[san(*(f"host-{n}.example" for n in range(1000)))])),
    "negative serial number": (SERVED, lambda: with_serial(b"\xff" + b"\x55" * 11)),
    "serial number 0": (SERVED, lambda: with_serial(b"\0")),
    "serial number of 20 bytes": (SERVED, lambda: with_serial(b"\x7f" * 20)),
    "serial number of 40 bytes": (SERVED, lambda: with_serial(b"\x7f" * 40)),
    "NUL in the SAN": (SERVED, lambda: replaced(certificate(extensions=[san("goodXevil.example")]), b"goodXevil", b"good\0evil")),
    "NUL in the name": (SERVED, lambda: replaced(certificate("goodXevil"), b"goodXevil", b"good\0evil")),
    "name in Latin-1": (SERVED, lambda: replaced(certificate("goodXevil"), b"\x0c\x09goodXevil", b"\x14\x09good\xffevil")),
    "version 1": (SERVED, version_1),
    "no name": (SERVED, lambda: certificate("")),
    "name of 64 characters": (SERVED, lambda: certificate("n" * 64)),
    "name as vCenter makes it": (SERVED, lambda: certificate("kmipClient20260801120000", key=rsa_key(2048))),
    "below a foreign CA": (SERVED, lambda: certificate(issuer=authority())),
    "below a chain of 5": (SERVED, lambda: chain_of(5)),
    "below a chain of 20": (SERVED, lambda: chain_of(20)),
    "own signature spoilt": (SERVED, lambda: signature_spoilt(certificate())),
}


def replaced_dates():
    """Not after a day before not before: UTCTime is thirteen characters."""
    made = certificate(days=(5, 30))
    early = (NOW + 5 * DAY).strftime("%y%m%d%H%M%SZ").encode()
    late = (NOW + 30 * DAY).strftime("%y%m%d%H%M%SZ").encode()
    return edited(made, lambda tbs: tbs.replace(early, b"#" * 13).replace(late, early).replace(b"#" * 13, late))


# What an authority on a list vouches for. The entry says `CN=vcenter*,O=Example`; the chain is RFC 5280's to judge (security.md, T2, T12).

GOOD_NAME = {"CN": "vcenter-1", "O": "Example"}
OIDS = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME}
CLIENT = eku(ExtendedKeyUsageOID.CLIENT_AUTH)


def named(**attributes):
    return x509.Name([x509.NameAttribute(OIDS[kind], value) for kind, value in attributes.items()])


def vouched(issuer, subject=None, **fields):
    """A client below an authority, with a subject that the entry allows unless it says otherwise."""
    return certificate(issuer=issuer, subject=named(**(subject or GOOD_NAME)), **({"extensions": [CLIENT]} | fields))


def below(root, length, **fields):
    """A client with so many authorities between it and the one that is listed, all of which it sends."""
    issuer = root
    for number in range(length):
        issuer = authority(f"between {number}", issuer)
    return vouched(issuer, **fields)


def alone(made):
    """The certificate without what is behind it."""
    return Made(made.der, made.key)


def forged_issuer(root):
    """Another key that says it is the authority."""
    return vouched(certificate(subject=root.certificate.subject, extensions=[CA]))


def of_no_authority(root):
    return vouched(certificate("no authority", issuer=root, extensions=[(x509.BasicConstraints(False, None), True)]))


def constrained(root, name):
    """Below an authority that may name hosts of example.com alone."""
    limits = [CA, (usage("key_cert_sign"), True), (PERMITTED, True)]
    return vouched(certificate("constrained", issuer=root, extensions=limits), extensions=[CLIENT, san(name)])


VOUCHED = {
    "a client of the authority": (True, vouched),
    "without the authority behind it": (True, lambda root: alone(vouched(root))),
    "with RSA": (True, lambda root: vouched(root, key=rsa_key(2048))),
    "without extended key usages": (True, lambda root: vouched(root, extensions=[])),
    "any name that the pattern fits": (True, lambda root: vouched(root, {"CN": "vcenter-999.example", "O": "Example"})),
    "more in its name than the pattern asks for": (True, lambda root: vouched(root, GOOD_NAME | {"OU": "More"})),
    "one authority between": (True, lambda root: below(root, 1)),
    "a host that the authority between may name": (True, lambda root: constrained(root, "a.example.com")),
    "four authorities between": (True, lambda root: below(root, 4)),
    "twenty authorities between": (False, lambda root: below(root, 20)),
    "one authority between that it does not send": (False, lambda root: alone(below(root, 1))),
    "expired": (False, lambda root: vouched(root, days=(-30, -1))),
    "from tomorrow": (False, lambda root: vouched(root, days=(1, 30))),
    "a server": (False, lambda root: vouched(root, extensions=[eku(ExtendedKeyUsageOID.SERVER_AUTH)])),
    "a code signer": (False, lambda root: vouched(root, extensions=[eku(ExtendedKeyUsageOID.CODE_SIGNING)])),
    "another name": (False, lambda root: vouched(root, {"CN": "esx-1", "O": "Example"})),
    "another organisation": (False, lambda root: vouched(root, {"CN": "vcenter-1", "O": "Example2"})),
    "no organisation": (False, lambda root: vouched(root, {"CN": "vcenter-1"})),
    "the pattern's letters in another case, after others": (False, lambda root: vouched(root, {"CN": "x-vcenter", "O": "Example"})),
    "a name with a NUL": (
        False,
        lambda root: edited_below(root, vouched(root, {"CN": "vcenter-1", "O": "ExampleXevil"}), b"ExampleXevil", b"Example\0evil"),
    ),
    "self-signed with the right name": (False, lambda root: certificate(subject=named(**GOOD_NAME), extensions=[CLIENT])),
    "signed by another key of the authority's name": (False, forged_issuer),
    "signed by a client of the authority": (False, lambda root: vouched(vouched(root))),
    "signed by one that is no authority": (False, of_no_authority),
    "a host that the authority between may not name": (False, lambda root: constrained(root, "a.example.org")),
    "an unknown critical extension": (False, lambda root: vouched(root, extensions=[CLIENT, unknown(True)])),
    "its signature spoilt": (False, lambda root: signature_spoilt(vouched(root))),
    "an authority that signs too far below": (False, lambda root: vouched(authority("two", authority("one", root, length=0)))),
    "version 1": (False, lambda root: edited_below(root, vouched(root, extensions=[]), bytes.fromhex("a003020102"), b"")),
    "the authority itself": (False, lambda root: root),
}


def edited_below(root, made, old, new):
    """Changed, and signed again by the authority."""
    assert old in made.der
    again = edited(Made(made.der, root.key), lambda tbs: tbs.replace(old, new))
    return Made(again.der, made.key, made.chain)
