"""A scenario for sipp that behaves as the phone network: the last three digits of the number dialled choose what happens.

======================  =====================================================================================
one of ``REFUSALS``     refuses at once with that SIP status (486 busy, 603 declined, 404, 480, 503 …)
``180``                 rings until the caller gives up
``100``                 100 Trying, then nothing until the caller gives up
``20N``                 rings, answers after N seconds, talks until the other side hangs up
``21N``                 rings, answers after 1 second, hangs up N seconds later
``22N``                 as 20N, and says nothing
``23N`` / ``24N``       rings N seconds, then 486 / 603
one of ``OF_VENDORS``   as 201: the numbers that the vendors' pages call in their examples
======================  =====================================================================================

Numbers that begin with 1 say 440 Hz once answered, all others 880 Hz. Each INVITE's From and To are logged.
"""

from __future__ import annotations

from pathlib import Path

SECONDS = (0, 1, 2, 3, 5)
REFUSALS = (403, 404, 408, 410, 480, 484, 486, 488, 500, 502, 503, 600, 603, 604)  # sipp wants each status spelt out
OF_VENDORS = ("353", "535", "879", "801")  # 5354353, 5353535, 3235742879 and 3215551801; 5302040 rings in vain
TAG = ";tag=[pid]c[call_number]"

_ANSWER = """  <send retrans="500">
    <![CDATA[

      SIP/2.0 200 OK
      [last_Via:]
      From:[$caller]
      To:[$callee];tag=[pid]c[call_number]
      [last_Call-ID:]
      CSeq: [$icseq] INVITE
      Contact: <sip:[local_ip]:[local_port];transport=[transport]>
      Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=carrier 1 1 IN IP[local_ip_type] [local_ip]
      s=-
      c=IN IP[media_ip_type] [media_ip]
      t=0 0
      m=audio [rtpstream_audio_port] RTP/AVP 8
      a=rtpmap:8 PCMA/8000
      a=sendrecv

    ]]>
  </send>
  <recv request="ACK" crlf="true"/>
"""

_HANG_UP = """  <send retrans="500">
    <![CDATA[

      BYE [$peer] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      Max-Forwards: 70
      From:[$callee];tag=[pid]c[call_number]
      To:[$caller]
      [last_Call-ID:]
      CSeq: 1 BYE
      Content-Length: 0

    ]]>
  </send>
  <recv response="200" crlf="true" next="end"/>
"""


def scenario(media: Path) -> str:
    """The scenario; ``media`` holds ``tone440.pcma`` and ``tone880.pcma``."""
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<scenario name="callhub carrier">',
            _invitation(),
            *(f'  <nop next="refuse{status}" test="r{status}"/>' for status in REFUSALS),
            _reply("100 Trying", tag=""),
            '  <nop next="waitcancel" test="mute"/>',
            _reply("180 Ringing"),
            _ringing(),
            _talking(media),
            _refusing(),
            "</scenario>\n",
        ]
    )


def _patterns() -> dict[str, str]:
    """Variable of sipp -> what the number must look like to set it."""
    found = {
        "ringforever": "[^@]*180@",
        "mute": "[^@]*100@",
        "low": "\\+?1",
        "silent": "[^@]*22[0-9]@",
        "hangsup": "[^@]*21[0-9]@",
    }
    for n in SECONDS:
        found |= {f"ans{n}": f"[^@]*2[02]{n}@", f"bsy{n}": f"[^@]*23{n}@", f"dec{n}": f"[^@]*24{n}@", f"off{n}": f"[^@]*21{n}@"}
    found["ans1"] = f"[^@]*(2[02]1|{'|'.join(OF_VENDORS)})@"
    return found | {f"r{status}": f"[^@]*{status}@" for status in REFUSALS}


def _invitation() -> str:
    in_header = '<ereg regexp="{}" search_in="hdr" header="{}:"{} assign_to="{}"/>'
    actions = [in_header.format(f"sip:{text}", "To", ' check_it="false"', name) for name, text in _patterns().items()]
    actions += [
        in_header.format("[0-9]+", "CSeq", "", "icseq"),
        in_header.format("&lt;([^&gt;]*)&gt;", "Contact", "", "junk,peer"),
        in_header.format(".*", "From", "", "caller"),
        in_header.format(".*", "To", "", "callee"),
        '<log message="INVITE to[$callee] from[$caller] at [timestamp]"/>',
    ]
    lines = "\n      ".join(actions)
    used = ",".join(["junk", *_patterns()])
    return f"""  <recv request="INVITE" crlf="true" rrs="true">
    <action>
      {lines}
    </action>
  </recv>
  <Reference variables="{used}"/>"""


def _reply(status: str, *, tag: str = TAG, then: str = "") -> str:
    return f"""  <send{f' next="{then}"' if then else ""}>
    <![CDATA[

      SIP/2.0 {status}
      [last_Via:]
      [last_From:]
      [last_To:]{tag}
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port];transport=[transport]>
      Content-Length: 0

    ]]>
  </send>"""


def _ringing() -> str:
    lines = ['  <nop next="waitcancel" test="ringforever"/>']
    lines += [f'  <nop next="{kind}{n}" test="{kind}{n}"/>' for n in SECONDS for kind in ("ans", "bsy", "dec")]
    lines += ['  <nop next="ans1" test="hangsup"/>', '  <nop next="waitcancel"/>']
    for n in SECONDS:
        for kind, target in (("ans", "answer"), ("bsy", "late486"), ("dec", "late603")):
            lines.append(f'  <label id="{kind}{n}"/>')
            # a CANCEL may come before the time is over: only a recv with a time-out sees it
            wait = f'<recv request="CANCEL" timeout="{n * 1000}" ontimeout="{target}" next="cancelled"/>'
            lines.append(f"  {wait}" if n else f'  <nop next="{target}"/>')
    return "\n".join(lines)


def _talking(media: Path) -> str:
    def play(hertz: int) -> str:
        return f'  <nop next="talk"><action><exec rtp_stream="{media}/tone{hertz}.pcma,-1,8,PCMA/8000"/></action></nop>'

    hush = '  <nop><action><exec rtp_stream="pause"/></action></nop>'
    lines = ['  <label id="answer"/>', _ANSWER, '  <nop next="talk" test="silent"/>', '  <nop next="tone440" test="low"/>']
    lines += [play(880), '  <label id="tone440"/>', play(440), '  <label id="talk"/>']
    lines += [f'  <nop next="off{n}" test="off{n}"/>' for n in SECONDS]
    lines += ['  <recv request="BYE" next="bye"/>']
    for n in SECONDS:
        lines.append(f'  <label id="off{n}"/>')
        lines.append(f'  <recv request="BYE" timeout="{max(1, n * 1000)}" ontimeout="hangup" next="bye"/>')
    lines += ['  <label id="hangup"/>', hush, _HANG_UP, '  <label id="bye"/>', hush, _reply("200 OK", tag="", then="end")]
    return "\n".join(lines)


def _refusing() -> str:
    lines = []
    for status in REFUSALS:
        lines += [
            f'  <label id="refuse{status}"/>',
            _reply(f"{status} Refused"),
            '  <recv request="ACK" crlf="true" next="end"/>',
        ]
    for status, words in (("486", "Busy Here"), ("603", "Decline")):
        late = _reply(f"{status} {words}").replace("[last_From:]", "From:[$caller]").replace("[last_To:]", "To:[$callee]")
        late = late.replace("[last_CSeq:]", "CSeq: [$icseq] INVITE")
        lines += [f'  <label id="late{status}"/>', late, '  <recv request="ACK" crlf="true" next="end"/>']
    gone = _reply("487 Request Terminated").replace("[last_CSeq:]", "CSeq: [$icseq] INVITE")
    lines += ['  <label id="waitcancel"/>', '  <recv request="CANCEL" crlf="true"/>', '  <label id="cancelled"/>']
    lines += [_reply("200 OK"), gone, '  <recv request="ACK" crlf="true"/>', '  <label id="end"/>', "  <nop/>"]
    return "\n".join(lines)
