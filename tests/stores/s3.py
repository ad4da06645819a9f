"""Makes buckets and objects on a test server of S3's API that checks no signatures."""

import sys
import urllib.parse
import urllib.request

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIATESTTESTTEST/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=00"
)
VERSIONS = (
    b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Status>Enabled</Status></VersioningConfiguration>"
)


def put(url, body=b""):
    headers = {"Authorization": AUTHORIZATION, "x-amz-date": "20260101T000000Z", "Content-Type": "image/jpeg"}
    urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers, method="PUT")).read()


def main(what, endpoint, bucket, *rest):
    if what == "bucket":
        put(f"{endpoint}/{bucket}")
        if rest == ("versions",):
            put(f"{endpoint}/{bucket}?versioning", VERSIONS)
    else:
        key, path = rest
        with open(path, "rb") as photo:
            put(f"{endpoint}/{bucket}/{urllib.parse.quote(key)}", photo.read())


main(*sys.argv[1:])
