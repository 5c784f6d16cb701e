# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture whose headers try to leave the drawing: to end a tag, a label or a diagram, and to run as a script."""

from dissection import report_story

CALL_ID = '</script><script>alert(1)</script>"]-->;#quot;%%{init:1}%%@x'
URI = 'sip:bob";</text><script>document.title=2</script>\'&amp;#;%%{init}-end@192.0.2.20'
TARGET = "sip:</svg><img/src=x/onerror=document.title=3>@192.0.2.30"
SERVER = "</title></style><script>document.title='ran'</script> \"]; end\n\tstyle a:b#c;"
PHRASE = "Moved ]]> --> `$$x$$` <b onclick='1'>\u202e\u0007"


def capture():
    """alice asks bob, who sends her to a target that refuses for good; each text of theirs is hostile."""
    story = report_story.Story()
    alice, bob, carol = report_story.ALICE, report_story.BOB, report_story.CAROL

    def head(start, method, cseq, to=""):
        return (f"{start}\nVia: SIP/2.0/UDP {alice}:5060;branch=z9hG4bK-h{cseq}\nFrom: <sip:alice@example.com>;tag=a\n"
                f"To: <sip:bob@example.com>{to}\nCall-ID: {CALL_ID}\nCSeq: {cseq} {method}\nMax-Forwards: 70\n")

    story.tell(0, alice, bob, head(f"INVITE {URI} SIP/2.0", "INVITE", 1) + f"User-Agent: {SERVER}\n")
    story.tell(1, bob, alice, head(f"SIP/2.0 302 {PHRASE}", "INVITE", 1, ";tag=b") +
               f"Server: {SERVER}\nContact: <{TARGET}>\n")
    story.tell(2, alice, bob, head(f"ACK {URI} SIP/2.0", "ACK", 1, ";tag=b"))
    story.tell(3, alice, carol, head(f"INVITE {TARGET} SIP/2.0", "INVITE", 2))
    story.tell(4, carol, alice, head(f"SIP/2.0 603 {PHRASE}", "INVITE", 2, ";tag=c") +
               f'Server: {SERVER}\nReason: SIP;cause=603;text="{SERVER.splitlines()[0].replace(chr(34), "")}"\n')
    story.tell(5, alice, carol, head(f"ACK {TARGET} SIP/2.0", "ACK", 2, ";tag=c"))
    return story.write("hostile-ladder")
