# certificates.py - authorities and the certificates that they sign, made with the command openssl.
#
# SPDX-License-Identifier: BSD-2-Clause

import collections
import os
import subprocess

# Paths; ca is the certificate of the authority that signed it.
Certificate = collections.namedtuple("Certificate", "cert key ca")


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Authority:
    """Keeps its files, and those of what it signs, in a folder."""

    def __init__(self, folder, name):
        self.folder = str(folder)
        self.name = name
        self.ca = self.path("ca.pem")
        openssl("req", "-x509", *self.new_key("ca"), "-days", "2", "-subj", f"/CN={name}",
                "-out", self.ca)

    def path(self, name):
        return os.path.join(self.folder, f"{self.name}-{name}")

    def new_key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.path(f"{name}.key"))

    def sign(self, name, *subjects, days=2):
        """A certificate for subjects like DNS:localhost or IP:127.0.0.1."""
        request, cert, key = (self.path(name + end) for end in (".csr", ".pem", ".key"))
        subjects = ("-addext", "subjectAltName=" + ",".join(subjects)) if subjects else ()
        openssl("req", "-new", *self.new_key(name), "-subj", f"/CN={name}", *subjects,
                "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.path("ca.key"),
                "-days", str(days), "-copy_extensions", "copy", "-out", cert)
        return Certificate(cert, key, self.ca)
