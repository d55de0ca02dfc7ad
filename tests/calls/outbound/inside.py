"""Addresses that lead inside, or try to, in the spellings known from reports of server-side request forgery.

``{port}`` is where a listener waits that nobody may reach. ``NAMES`` are what the test's own resolver knows.
"""

from __future__ import annotations

# Written as an address, in the ordinary way: loopback, private, link-local and the rest of what is not public.
LITERALS = """
    127.0.0.1 127.0.0.2 127.1.1.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200
    100.127.255.255 168.63.129.16 169.254.169.254 169.254.170.2 169.254.0.1 172.16.0.1 172.17.0.1 172.31.255.255 192.0.0.1
    192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.1.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1
    203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 [::1] [::] [0:0:0:0:0:0:0:1]
    [0000:0000:0000:0000:0000:0000:0000:0001] [::0001] [::127.0.0.1] [::7f00:1] [::10.0.0.1] [::ffff:127.0.0.1]
    [::ffff:7f00:1] [::FFFF:127.0.0.1] [0:0:0:0:0:ffff:127.0.0.1] [::ffff:0.0.0.0] [::ffff:10.0.0.1] [::ffff:169.254.169.254]
    [::ffff:a9fe:a9fe] [::ffff:192.168.1.1] [::ffff:100.64.0.1] [::ffff:0:127.0.0.1] [::ffff:0:7f00:1] [64:ff9b::127.0.0.1]
    [64:ff9b::7f00:1] [64:ff9b::169.254.169.254] [64:ff9b::10.0.0.1] [64:ff9b:1::127.0.0.1] [64:ff9b:1:a00:1::] [64:ff9b:1::1]
    [64:ff9b:0:0:1::7f00:1] [2002:7f00:1::] [2002:7f00:0001::1] [2002:a00:1::] [2002:a9fe:a9fe::] [2002:c0a8:101::1] [2001::1]
    [2001:0:7f00:1::] [2001:0:4136:e378:8000:63bf:80ff:fffe] [2001:0:0:0:0:0:f5ff:fffe] [2001:2::1] [2001:10::1] [2001:20::1]
    [2001:db8::1] [3fff::1] [3ffe::1] [5f00::1] [100::1] [fc00::1] [fd00::1] [fd00:ec2::254] [fdff:ffff::1] [fe80::1]
    [febf::1] [fec0::1] [feff::1] [ff01::1] [ff02::1] [ff05::1:3] [ff0e::1] [4000::1] [8000::1] [2a00::5efe:127.0.0.1]
    [2a00::200:5efe:10.0.0.1]
""".split()

# Spellings of the same that a resolver or a browser understands, and this door does not.
NOTATIONS = """
    0 1 127.1 127.0.1 10.1 2130706433 2130706434 3232235777 2852039166 4294967295 0x7f000001 0x7F000001 0X7F000001 0x7f.1
    0x7f.0.1 0x7f.0x0.0x0.0x1 0x7f.0.0.0x1 0xa9fea9fe 0xA9.0xFE.0xA9.0xFE 0xa.0x0.0x0.0x1 017700000001 0177.1 0177.0.1
    0177.0.0.1 0177.0.0.01 00177.0.0.1 0000000.0.0.0 127.0.0.01 127.000.000.001 127.0.00.1 0251.0376.0251.0376 025177524776
    12.0x1 127.0x1 0177.0x0.1 127.0.0.1. 127.0.0.1.. 127..0.0.1 .127.0.0.1 127.0.0.1.0 127.0.0.1.1.1 127.0.0.256 127.0.0.-1
    256.256.256.256 0x7f000001. 2130706433. 0x 0x.0x.0x.0x 127.0.0.0x 4294967297 18446744073709551617 １２７.0.0.1
    １２７．０．０．１ 127。0。0。1 127｡0｡0｡1 ①②⑦.⓪.⓪.① 𝟭𝟮𝟳.𝟬.𝟬.𝟭 ⓛⓞⓒⓐⓛⓗⓞⓢⓣ ｌｏｃａｌｈｏｓｔ locaⅼhost ℓocalhost lоcalhost
    localhoſt loc%61lhost %6c%6f%63%61%6c%68%6f%73%74 127%2e0%2e0%2e1 127.0.0.1%00.example.com 127.0.0.1%2523.example.com
    %31%32%37.0.0.1 localhost. localhost.. .localhost localhost.localdomain. inside.example. -localhost localhost-.example
    inside..example [::1%eth0] [::1%25eth0] [fe80::1%251] [::1%lo] [::1%25] [::1. [1] [:] [:::1] [::ffff:0x7f.1]
    [::ffff:127.1] [::ffff:0177.0.0.1] [127.0.0.1] [localhost] [::1]] [[::1]] [v1.127.0.0.1] ::1 ::ffff:127.0.0.1
    0:0:0:0:0:0:0:1
""".split()

# Whole addresses that are read one way here and another way there. All have something inside where some reader finds the host.
CONFUSIONS = [
    "http://8.8.8.8@127.0.0.1:{port}/",
    "http://example.com@127.0.0.1:{port}/",
    "http://user:password@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}@example.com/",
    "http://example.com:80@127.0.0.1:{port}/",
    "http://example.com:80:{port}/",
    "http://example.com%40127.0.0.1:{port}/",
    "http://foo@127.0.0.1:{port}@example.com/",
    "http://foo@127.0.0.1:{port} @example.com/",
    "http://@127.0.0.1:{port}/",
    "http://:@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@example.com/",
    "http://example.com\\@127.0.0.1:{port}/",
    "http://example.com\\.127.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}\\",
    "http:/\\127.0.0.1:{port}/",
    "http:\\/127.0.0.1:{port}/",
    "http:127.0.0.1:{port}/",
    "http:/127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "http:////127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "/127.0.0.1:{port}/",
    " http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/ ",
    "\thttp://127.0.0.1:{port}/",
    "\x00http://127.0.0.1:{port}/",
    "\ufeffhttp://127.0.0.1:{port}/",
    "ht\ntp://127.0.0.1:{port}/",
    "http://127.0.0.1\t:{port}/",
    "http://127.0.\n0.1:{port}/",
    "http://127.0.0.1:{port}\r\n/",
    "http://127.0.0.1\u3000.example.com:{port}/",
    "http://\u00ad127.0.0.1:{port}/",
    "http://127\u200b.0.0.1:{port}/",
    "http://127.0.0.1\uff0f.example.com:{port}/",
    "http://example.com\uff20127.0.0.1:{port}/",
    "http://example.com\uff1a80\uff20127.0.0.1:{port}/",
    "http://127.0.0.1\uff1a{port}/",
    "http\uff1a//127.0.0.1:{port}/",
    "http://127.0.0.1:{port};@example.com/",
    "http://127.0.0.1;example.com:{port}/",
    "http://127.0.0.1,example.com:{port}/",
    "http://{{127.0.0.1}}:{port}/",
    "http://(127.0.0.1):{port}/",
    "http://<127.0.0.1>:{port}/",
    "http://127.0.0.1&@example.com:{port}/",
    "http://127.0.0.1:+{port}/",
    "http://127.0.0.1:0x1f90/",
    "http://127.0.0.1: {port}/",
    "http://127.0.0.1:{port}:80/",
    "http://127.0.0.1:65616/",
    "http://127.0.0.1:\uff18\uff10/",
    "http://example.com:/127.0.0.1:{port}/",
    "http://*.example.com:{port}/",
    "http://$(hostname):{port}/",
    "http://`id`:{port}/",
    "url:http://127.0.0.1:{port}/",
    "jar:http://127.0.0.1:{port}!/",
    "view-source:http://127.0.0.1:{port}/",
    "https+http://127.0.0.1:{port}/",
    "ws://127.0.0.1:{port}/",
    "wss://127.0.0.1:{port}/",
    "ftp://127.0.0.1:{port}/",
    "sftp://127.0.0.1:{port}/",
    "tftp://127.0.0.1:{port}/x",
    "gopher://127.0.0.1:{port}/_GET%20/",
    "dict://127.0.0.1:{port}/stats",
    "ldap://127.0.0.1:{port}/",
    "redis://127.0.0.1:{port}/",
    "smb://127.0.0.1:{port}/share",
    "netdoc:///etc/passwd",
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "data:text/plain,hello",
    "javascript:fetch('http://127.0.0.1:{port}/')",
    "mailto:root@127.0.0.1",
    "unix:/var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "",
    ":",
    "http",
    "http:",
    "http:/",
    "http://",
    "http://?",
    "http://#",
    "http://:{port}/",
    "http://@/",
    "http://[/",
    "http://]/",
    "http://[]:{port}/",
    "http://./",
    "http://../",
]

# Names that anybody may register, and what the test's resolver says of them.
NAMES = {
    "localhost": ["127.0.0.1"],
    "localhost6": ["::1"],
    "localhost.localdomain": ["127.0.0.1"],
    "foo.localhost": ["127.0.0.1"],
    "inside.example": ["127.0.0.1"],
    "inside6.example": ["::1"],
    "zero.example": ["0.0.0.0"],
    "zero6.example": ["::"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "7f000001.nip.io": ["127.0.0.1"],
    "app-127-0-0-1.nip.io": ["127.0.0.1"],
    "10.0.0.1.sslip.io": ["10.0.0.1"],
    "localtest.me": ["127.0.0.1"],
    "spoofed.burpcollaborator.example": ["127.0.0.1"],
    "metadata": ["169.254.169.254"],
    "metadata.google.internal": ["169.254.169.254"],
    "instance-data": ["169.254.169.254"],
    "alibaba.example": ["100.100.100.200"],
    "azure.example": ["168.63.129.16"],
    "aws6.example": ["fd00:ec2::254"],
    "kubernetes.default.svc": ["10.96.0.1"],
    "postgres": ["172.18.0.2"],
    "redis": ["172.18.0.3"],
    "router.example": ["192.168.1.1"],
    "carrier.example": ["100.64.0.1"],
    "multicast.example": ["224.0.0.1"],
    "broadcast.example": ["255.255.255.255"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "compatible.example": ["::127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "nat64-own.example": ["64:ff9b:1::a00:1"],
    "6to4.example": ["2002:7f00:1::"],
    "teredo.example": ["2001:0:4136:e378:8000:63bf:80ff:fffe"],
    "isatap.example": ["2a00::5efe:127.0.0.1"],
    "site-local.example": ["fec0::1"],
    "link-local.example": ["fe80::1%eth0"],
    "mixed-first.example": ["127.0.0.1", "8.8.8.8"],
    "mixed-last.example": ["8.8.8.8", "1.1.1.1", "127.0.0.1"],
    "mixed-6.example": ["8.8.8.8", "::1"],
    "mixed-many.example": [*(f"8.8.8.{n}" for n in range(1, 60)), "10.0.0.1"],
    "xn--lcalhost-55a.example": ["127.0.0.1"],
}

# Addresses on the public internet, and names of such. They must pass.
PUBLIC_NAMES = {
    **{f"hooks-{n}.example": [f"93.184.215.{n}"] for n in range(1, 21)},
    "Upper.Example": ["1.1.1.1"],
    "a": ["8.8.4.4"],
    "my_service.example": ["9.9.9.9"],
    "xn--bcher-kva.example": ["208.67.222.222"],
    "127.0.0.1.example": ["8.8.8.8"],
    "localhost.example": ["8.8.8.8"],
    "10-0-0-1.example": ["8.8.8.8"],
    "0x7f.example": ["8.8.8.8"],
    "1e100.example": ["142.250.74.46"],
    f"{'l' * 63}.example": ["8.8.8.8"],
    "six.example": ["2606:4700:4700::1111"],
    "both.example": ["2606:4700:4700::1111", "1.1.1.1"],
    "dns64.example": ["64:ff9b::808:808"],
    "mapped-public.example": ["::ffff:8.8.8.8"],
    "edge-a.example": ["100.63.255.255"],
    "edge-b.example": ["100.128.0.0"],
    "edge-c.example": ["172.32.0.1"],
    "edge-d.example": ["192.169.0.1"],
    "edge-e.example": ["169.255.0.1"],
    "edge-f.example": ["223.255.255.254"],
}
PUBLIC_LITERALS = """
    1.1.1.1 8.8.8.8 11.0.0.1 126.255.255.255 128.0.0.1 172.15.0.1 198.20.0.1 [2606:4700::1] [2a00:1450::1] [::ffff:1.1.1.1]
""".split()


def urls(port: int) -> list[str]:
    """All that must be refused, with the listener's port."""
    hosts = [*LITERALS, *NOTATIONS, *NAMES]
    return [f"http://{host}:{port}/hook" for host in hosts] + [url.format(port=port) for url in CONFUSIONS]


def public_urls(port: int) -> list[str]:
    """All that must pass."""
    return [f"http://{host}:{port}/hook" for host in [*PUBLIC_NAMES, *PUBLIC_LITERALS]]
