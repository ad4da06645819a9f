"""Makes containers and blobs on Azurite, signed with the key that every Azurite has."""

import base64
import email.utils
import hashlib
import hmac
import sys
import urllib.parse
import urllib.request

ACCOUNT = "devstoreaccount1"
# Published with Azurite for its one account; it opens nothing else.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def put(endpoint, path, query, headers, body=b""):
    headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2021-12-02", **headers}
    canonical = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-ms-"))
    resource = f"/{ACCOUNT}/{ACCOUNT}/{path}" + "".join(f"\n{name}:{value}" for name, value in query)
    length = str(len(body)) if body else ""
    text = f"PUT\n\n\n{length}\n\n{headers.get('Content-Type', '')}\n\n\n\n\n\n\n{canonical}{resource}"
    signature = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(signature).decode()}"
    url = f"{endpoint}/{ACCOUNT}/{path}" + ("?" + urllib.parse.urlencode(query) if query else "")
    urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers, method="PUT")).read()


def main(what, endpoint, container, *rest):
    if what == "container":
        headers = {"Content-Type": "application/octet-stream"}
        put(endpoint, container, [("restype", "container")], headers)
    else:
        key, path = rest
        headers = {"Content-Type": "image/jpeg", "x-ms-blob-type": "BlockBlob"}
        with open(path, "rb") as photo:
            put(endpoint, f"{container}/{urllib.parse.quote(key)}", [], headers, photo.read())


main(*sys.argv[1:])
