/* sip-response.c
 * What each redirection and global failure means, in words for a person: one row a code.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "sip-response.h"

#include <glib.h>

#include <wsutil/wmem/wmem.h>

/*
 * The texts are read by someone with a ticket open: plain words, the fact first. A row's differs sentences name both
 * numbers, since they are read alone in the packet details; the two directions of a pair are read together in a
 * comparison, so each adds something to the other.
 */
static const sip_response_t rows[] = {
    {
        .code = 300,
        .phrase = "Multiple Choices",
        .gist = "several places for the same callee, choose one",
        .expert_summary = "the caller is to choose a target",
        .lifetime = SIP_RESPONSE_LIFETIME_ALTERNATIVE,
        .warns_of_contact = true,
        .meaning = "The address called leads to several places for the same callee. The user or the phone chooses "
                   "among those in Contact.",
        .seen_when = "A redirect or routing server knows several devices or routes for the callee and returns the "
                     "list instead of forking the call itself; q values show its order of preference.",
        .remedy = "Try the Contacts in order, highest q first, or let the user choose. If no follow-up comes, check "
                  "that the caller's phone, PBX or trunk follows 300.",
        .use_when = "Answer 300 when you know several places for the same callee and leave it to the caller to try "
                    "them.",
        .reference = "RFC 3261 section 21.3.1",
        .differs =
            {
                {301, "301 replaces the address called by a new one, for good; 300 keeps it and offers several places "
                      "behind it."},
                {302,
                 "302 may list several targets too, but tells the caller to go there; 300 leaves the choice to the "
                 "user or the phone."},
                {305, "305 keeps the destination and names a proxy on the way; 300 offers several destinations."},
                {380, "380 is a failed call with other services described in the body; 300 lists places to reach the "
                      "same callee in Contact."},
                {485, "485 lists different users, so a person must choose; 300 lists places of one callee, so a phone "
                      "may try them by itself."},
            },
    },
    {
        .code = 301,
        .phrase = "Moved Permanently",
        .gist = "moved for good to a new address",
        .expert_summary = "use the new address from now on",
        .lifetime = SIP_RESPONSE_LIFETIME_PERMANENT,
        .warns_of_contact = true,
        .meaning = "The user is no longer at the address called. Contact gives the new address, for this request and "
                   "for all later ones.",
        .seen_when = "A number or domain has changed and the old one points to the new; a gateway sends it for cause "
                     "22, number changed, when the PSTN tells the new number.",
        .remedy = "Retry at the Contact, then correct address books and dial plans. If no follow-up comes, see "
                  "docs/why-not-followed.md. If nobody moved anything, find out who sent the 301: a forged one takes "
                  "calls away.",
        .use_when = "Answer 301 when the user has left this address for good and you know the new one.",
        .reference = "RFC 3261 section 21.3.2",
        .differs =
            {
                {300,
                 "300 offers several places and the address called stays right; 301 says that it is no longer to be "
                 "used."},
                {302,
                 "302 is for this call or until its expiry, so change no address book; 301 is permanent, so change "
                 "them."},
                {305, "305 changes the way to the callee for one request; 301 changes the callee's address for all."},
                {380, "380 offers another kind of service after a failed call; 301 gives a new address for the same "
                      "user."},
                {410, "410 means gone and no new address is known; 301 means gone and the new address is in Contact."},
            },
    },
    {
        .code = 302,
        .phrase = "Moved Temporarily",
        .gist = "temporarily at another address",
        .expert_summary = "try the target for this call",
        .lifetime = SIP_RESPONSE_LIFETIME_TEMPORARY,
        .warns_of_contact = true,
        .meaning = "This request should go to the address in Contact instead. The move is temporary: for this request "
                   "only, or until the expiry that the response gives.",
        .seen_when =
            "The callee forwards calls (travelling, using another phone, busy, no answer); a routing, portability, "
            "load-sharing or STIR server answers with where to send the call; a registrar sends a REGISTER elsewhere.",
        .remedy = "Retry this call at the Contact; keep the old address for later calls. If no follow-up comes, check "
                  "that PBX or trunk follow 3xx (docs/why-not-followed.md) and may call that target. If it is "
                  "wrong, correct the forwarding.",
        .use_when = "Answer 302 when this call belongs elsewhere but later calls should come to the old address "
                    "first.",
        .reference = "RFC 3261 section 21.3.3",
        .differs =
            {
                {300,
                 "300 says: choose one of these; 302 says: go there for now, and start at the old address next time."},
                {301, "301 is permanent and the old address is out of use; 302 is temporary and the next call uses the "
                      "old address again."},
                {305, "305 keeps the callee and changes only the way there; 302 gives another address: another user, "
                      "or the same user at another server."},
                {380,
                 "380 has its alternatives in the body and the call has failed; 302 has its targets in Contact and "
                 "the call goes on there."},
                {600, "600 ends the search: busy everywhere, nobody else to try, call later; 302 lets the call go on "
                      "at its Contact, and later calls start at the old address."},
            },
    },
    {
        .code = 305,
        .phrase = "Use Proxy",
        .gist = "same destination, but through the proxy named",
        .expert_summary = "send this request through the proxy named",
        .lifetime = SIP_RESPONSE_LIFETIME_PROXY,
        .warns_of_contact = true,
        .meaning = "The callee takes this request only through the proxy named in Contact. The destination stays the "
                   "same; only the way there changes, for this one request.",
        .seen_when =
            "Rare, and ignored or treated like a 302 by much equipment. Only the called end may send it, to take calls "
            "only through its own proxy. A 305 from a stranger puts that stranger into the call: check who sent it.",
        .remedy = "Repeat this one request through the proxy in Contact with the destination unchanged. If every call "
                  "gets a 305, route calls for this callee through that proxy from the start.",
        .use_when = "Answer 305 when you are the called end and accept calls only through your own proxy.",
        .reference = "RFC 3261 section 21.3.4",
        .differs =
            {
                {300, "300 offers other places to call; 305 keeps the one place and says which proxy leads to it."},
                {301, "301 moves the callee for good, so remember its Contact; 305 is for one request, so forget it "
                      "afterwards."},
                {302, "302 puts its Contact into the new Request-URI; 305 should keep the Request-URI and use its "
                      "Contact as next hop (a Route, as in RFC 5359 2.13), but RFC 3261 does not say how, and some "
                      "clients get it wrong."},
                {380, "380 gives the call up and describes other services; 305 lets the same call go on through a "
                      "proxy."},
            },
    },
    {
        .code = 380,
        .phrase = "Alternative Service",
        .gist = "failed, but another service may help",
        .expert_summary = "the call failed, another service may help",
        .lifetime = SIP_RESPONSE_LIFETIME_ALTERNATIVE,
        .meaning = "The call failed, but another service may help the caller. The body of the response describes it, "
                   "in a format that RFC 3261 leaves open.",
        .seen_when = "Rare outside mobile networks. There (3GPP TS 24.229) it tells a phone that it dialled an "
                     "emergency number as an ordinary call and must make it an emergency call.",
        .remedy = "Read the body: it says what to do instead. In IMS the phone sets up an emergency call by itself, "
                  "often in the circuit-switched network, so no follow-up may be seen in SIP. Other clients show the "
                  "body to the user.",
        .use_when = "Answer 380 when this call cannot be had but another service can, and the client understands a "
                    "body that says so.",
        .reference = "RFC 3261 section 21.3.5",
        .differs =
            {
                {300, "300 lists places of the same callee in Contact, to be tried as they are; 380 describes other "
                      "services in its body."},
                {301, "301 says where the user is now; 380 says nothing of where the user is and offers something "
                      "else."},
                {302,
                 "302 needs a client that retries at the Contact, no more; 380 needs a client that understands its "
                 "body."},
                {305, "305 asks for the same call again through a proxy; 380 asks for a different service."},
            },
    },
    {
        /* cause 21: RFC 3398 7.2.4.1, where location user gives 603 */
        .code = 403,
        .phrase = "Forbidden",
        .gist = "understood, but not allowed by this server",
        .meaning = "The server understood the request and refuses to serve it. Other credentials do not help, and the "
                   "same request should not be repeated. It does not speak for the callee, nor for other servers.",
        .seen_when =
            "A rule forbids the call: number or country barred, caller ID or source address not accepted, no credit, "
            "not registered. A gateway sends it for cause 21, call rejected, where no user rejected it.",
        .remedy = "Read the reason phrase, Reason and Warning, and ask the owner of the server for its rule: caller ID "
                  "format, allowed numbers, source address, credit. To repeat the same request does not help.",
        .use_when =
            "Answer 403 when your own rules forbid the request. When the callee refuses it, answer 486 or 603 instead.",
        .reference = "RFC 3261 section 21.4.4",
        .differs =
            {
                {404, "404 means that there is no such user or number here; 403 means that a rule forbids the call, "
                      "whether there is one or not."},
                {603, "603 refuses for the callee, and nobody else will answer; 403 is the rule of one server, and "
                      "says nothing of the callee."},
            },
    },
    {
        .code = 404,
        .phrase = "Not Found",
        .gist = "not known at this domain",
        .retry_after = true,
        .meaning = "The server knows that the user does not exist in the domain of the Request-URI, or it does not "
                   "handle that domain. It does not speak for other servers.",
        .seen_when = "A wrong or unassigned number, a gap in the dial plan, or a request that was routed to a server "
                     "not responsible for the domain; a gateway sends it for cause 1, unallocated "
                     "number.",
        .remedy = "Check number, prefix and domain in the Request-URI, then the dial plan of the server that answered "
                  "and the routing to it. Other targets may still be tried.",
        .use_when = "Answer 404 when the user does not exist in your domain, or the domain is not yours.",
        .reference = "RFC 3261 section 21.4.5",
        .differs =
            {
                {403, "403 means that the server does not allow the request; 404 means that it would, but does not "
                      "know the user or number."},
                {410,
                 "410 says that the address is gone for good; 404 says only that it is not known here, not whether it "
                 "ever was."},
                {604,
                 "604 claims to know that the user exists nowhere, and ends the search; 404 speaks for one domain, "
                 "and the search goes on."},
            },
    },
    {
        /* cause 18: RFC 3398 7.2.4.1; a client that hears nothing: RFC 3261 8.1.3.1 */
        .code = 408,
        .phrase = "Request Timeout",
        .gist = "no answer in time",
        .meaning = "The server got no answer in time, or could not find the callee in time. Nobody refused. The same "
                   "request may be repeated later, and other targets may still be tried.",
        .seen_when =
            "A phone is switched off or cut off from the network, so that a proxy hears nothing from it; a gateway "
            "sends it for cause 18, no user responding. A client that hears nothing acts as if it had got 408.",
        .remedy = "Find the hop that stays silent: follow the INVITE to the address that sends nothing back. Check "
                  "registration, NAT, firewall and, over TCP or TLS, the connection there. Then call again.",
        .use_when = "Answer 408 when you could not reach or find the callee in time, and a later try may succeed.",
        .reference = "RFC 3261 section 21.4.9",
        .differs =
            {
                {480, "480 is an answer, from a side that knows that the callee is not available now; 408 is what is "
                      "made of silence."},
                {487, "487 means that somebody gave up waiting; 408 means that the time to wait ran out."},
                {503, "503 means that a server is overloaded or down, or that no connection to it was possible; 408 "
                      "means that the request went out and nothing came back in time."},
            },
    },
    {
        .code = 410,
        .phrase = "Gone",
        .gist = "gone for good, no new address known",
        .meaning = "The address called is no longer in use at this server, probably for good, and no new address is "
                   "known.",
        .seen_when = "A number was given up or an account closed; a gateway sends it for cause 22, number changed, "
                     "when the PSTN does not tell the new number.",
        .remedy = "Do not retry. Ask the callee for the new address by other means, and take the old one out of "
                  "address books and dial plans.",
        .use_when = "Answer 410 when the user has left for good and you know no new address.",
        .reference = "RFC 3261 section 21.4.10",
        .differs =
            {
                {301, "301 gives the new address, so the call can go on; 410 gives none, so it ends here."},
                {404, "404 leaves open whether the address will work later; 410 says that it will not."},
            },
    },
    {
        .code = 480,
        .phrase = "Temporarily Unavailable",
        .gist = "not available at this place now",
        .retry_after = true,
        .meaning = "The callee is known but not available here now: not logged in, not registered, or on "
                   "do-not-disturb. The callee may be available elsewhere.",
        .seen_when = "A phone has lost its registration or is on do-not-disturb; a gateway sends it for cause 19, no "
                     "answer, and cause 20, subscriber absent.",
        .remedy = "Check the callee's registration and do-not-disturb; the reason phrase may say more. Try the "
                  "callee's other targets, or call later: Retry-After may say when.",
        .use_when = "Answer 480 when you know the callee but the callee is not available here at the moment.",
        .reference = "RFC 3261 section 21.4.18",
        .differs =
            {
                {408, "408 means that nothing came back in time; 480 means that the callee's side answered, and that "
                      "the callee is known there but not available now."},
                {486, "486 means there but engaged, or unwilling to take another call; 480 means not logged in, not "
                      "registered or on do-not-disturb."},
                {503, "503 means that a server can serve nobody for now; 480 means that the server works, and that "
                      "this one callee is not available."},
                {603, "603 refuses the call and ends the search; 480 is absence at one place, and the user may answer "
                      "at another."},
            },
    },
    {
        .code = 485,
        .phrase = "Ambiguous",
        .gist = "the address fits several different users",
        .meaning = "The address called fits several different users, and the server cannot know which one is meant. "
                   "Contact may list their full addresses.",
        .seen_when = "Rare. Someone called a bare surname or another short form that fits several entries of a "
                     "directory.",
        .remedy = "Let a person choose among the addresses in Contact, or call the full address. Software must not "
                  "try them one after the other.",
        .use_when = "Answer 485 when the address fits several different users; leave out the list where it would tell "
                    "too much.",
        .reference = "RFC 3261 section 21.4.23",
        .differs =
            {
                {300,
                 "300 leads to the same callee whichever target is taken; 485 may lead to a stranger, so no client "
                 "may follow it unasked."},
            },
    },
    {
        .code = 486,
        .phrase = "Busy Here",
        .gist = "busy on this device",
        .retry_after = true,
        .meaning = "The callee cannot or will not take another call on this device. That is about this device only and "
                   "not definitive: another device or voicemail may still answer.",
        .seen_when = "The line is engaged and has no call waiting; some phones also send it when the user rejects the "
                     "call; a gateway sends it for cause 17, user busy.",
        .remedy = "Let the search go on to other devices or voicemail. If forwarding on busy should have taken the "
                  "call, check it at the callee's PBX. Else call later: Retry-After may say when.",
        .use_when = "Answer 486 when this device is busy and another device or voicemail might take the call.",
        .reference = "RFC 3261 section 21.4.24",
        .differs =
            {
                {480,
                 "480 means that the callee is not available at this place; 486 means that the device is there and "
                 "takes no further call."},
                {503, "503 means that a server or trunk has no room for any call (all circuits busy), so another route "
                      "may work; 486 means that this one device of the callee is busy."},
                {600,
                 "600 is busy on every device, and the search ends; 486 is busy on this one device, and the search "
                 "goes on."},
                {603, "603 is a no for all devices of the user; 486 is a no from this device only."},
            },
    },
    {
        .code = 487,
        .phrase = "Request Terminated",
        .gist = "given up before an answer",
        .meaning = "The request was given up before a final answer: a CANCEL or BYE ended it. 487 answers the INVITE, "
                   "never the CANCEL itself. Nobody refused anything.",
        .seen_when = "The caller hung up while it rang; a forking proxy cancelled this branch because another one "
                     "answered or got a 6xx; a PBX or proxy let it ring long enough.",
        .remedy =
            "Look for the CANCEL before it: who sent it, how long after the INVITE, and why (its Reason). After the "
            "same time in each call it is a ring timer, which can be changed. Nothing speaks against the callee's "
            "device.",
        .use_when = "Answer 487 when a CANCEL or BYE ends an INVITE that has no final answer yet.",
        .reference = "RFC 3261 section 21.4.25",
        .differs =
            {
                {408,
                 "408 means that the time to wait for an answer ran out; 487 means that a CANCEL or BYE came first."},
                {600, "600 is an answer from the called side, busy everywhere; 487 is none, and often only says that "
                      "another branch got the 600."},
                {603, "603 means that the called side refused; 487 means that the calling side, or a proxy, stopped "
                      "waiting."},
            },
    },
    {
        .code = 488,
        .phrase = "Not Acceptable Here",
        .gist = "this endpoint cannot take the session offered",
        .meaning = "This endpoint cannot support something in the session offered: media, bandwidth or addressing. The "
                   "same request may succeed at another endpoint.",
        .seen_when = "No codec in common, encrypted media offered to an endpoint without it or the reverse, IPv6 "
                     "offered to IPv4, or a re-INVITE for media that the endpoint lacks.",
        .remedy = "Compare the SDP offered with the callee's codecs, encryption and address family; read Warning and "
                  "the body. Correct the side that is wrong. Other targets may still be tried.",
        .use_when = "Answer 488 when this endpoint cannot support the session offered but another one might.",
        .reference = "RFC 3261 section 21.4.26",
        .differs =
            {
                {606,
                 "606 says that no endpoint of the user can take the session, and ends the search; 488 says it for "
                 "this endpoint only."},
            },
    },
    {
        /* causes: RFC 3398 7.2.4.1; a client that cannot connect: RFC 3261 8.1.3.1; another server: 21.5.4 */
        .code = 503,
        .phrase = "Service Unavailable",
        .gist = "this server can serve nobody for now",
        .retry_after = true,
        .meaning =
            "The server cannot process requests for now: overload or maintenance. It says nothing of the callee. The "
            "client should go to another server, and leave this one alone for as long as Retry-After says.",
        .seen_when = "Overload, maintenance, no free trunk, channel or licence; a gateway sends it for cause 34, no "
                     "circuit, and for 38, 41, 42 and 47. A client that cannot even connect acts as if it had got 503.",
        .remedy = "Try another server or route at once; this one after Retry-After. Look at load, trunks, channels and "
                  "licences of the server that answered, and whether it can be reached over TCP or TLS.",
        .use_when = "Answer 503 when your server can take no request for now, and clients should go to another one.",
        .reference = "RFC 3261 section 21.5.4",
        .differs =
            {
                {408, "408 means silence: a request went out and nothing came back in time; 503 means that a server "
                      "says that it cannot, or that there was no connection to it."},
                {480, "480 is about one callee, who is not available now; 503 is about the server, which can serve "
                      "nobody now."},
                {486, "486 is one busy device, and the callee's other devices may answer; 503 is a server without "
                      "room, and the callee may be free."},
            },
    },
    {
        .code = 600,
        .phrase = "Busy Everywhere",
        .gist = "busy on every device, nobody else will answer",
        .expert_summary = "busy on all devices, definitive",
        .definitive = true,
        .retry_after = true,
        .meaning = "The callee was reached, is busy and does not want the call now. Definitive, unlike 486, which "
                   "speaks for one device: the sender states that nothing else will answer, not even voicemail.",
        .seen_when = "Busy or rejected on all of the callee's devices, as a PBX or application server sees them; or a "
                     "proxy got 486 from every branch. A single phone can rarely know this (RFC 3261 13.3.1.3).",
        .remedy =
            "Wait and call again later; Retry-After may say when. There is no other target: only the callee can become "
            "free. If voicemail or forwarding on busy should have answered, check it at the server that sent the 600.",
        .use_when = "Answer 600 when the callee is busy and you know that no other device and no voicemail will "
                    "answer.",
        .reference = "RFC 3261 section 21.6.1",
        .differs =
            {
                {302, "302 names another address to try now; 600 names none and says that no other will answer, so "
                      "wait until the callee is free."},
                {486,
                 "486 is one busy device, so a proxy may go on to the next; 600 is definitive, so a proxy cancels the "
                 "others and stops."},
                {487, "487 is a branch that was given up, as a proxy does with the other branches once one is answered "
                      "or refused for good; 600 is such a refusal."},
                {603, "603 gives no reason, and the callee may not be busy at all; 600 says openly that the callee is "
                      "busy."},
            },
    },
    {
        .code = 603,
        .phrase = "Decline",
        .gist = "declined, reason not told",
        .expert_summary = "refused, by the callee or by a server on the way",
        .definitive = true,
        .retry_after = true,
        .meaning = "Refused. Definitive: the sender states that nothing else will answer. By RFC 3261 the callee "
                   "refused; in practice as often a server: a block list, do-not-disturb, a dial plan, a carrier. No "
                   "ringing points to a server.",
        .seen_when = "Someone pressed reject on a phone set to send 603 (not 486); do-not-disturb; a PBX that sends "
                     "603 by default; a carrier's policy or robocall filter. No 180 before it and a fast answer: a "
                     "machine, not a person.",
        .remedy =
            "Find who sent it (Server, Reason, Warning, reason phrase). A phone: let it send 486 if voicemail should "
            "answer. A PBX or carrier: ask for the rule. Do not hunt on; Retry-After may say when to call again.",
        .use_when = "Answer 603 when the user refuses this call, nothing else will answer, and the reason is not to be "
                    "told.",
        .reference = "RFC 3261 section 21.6.2",
        .differs =
            {
                {403, "403 is the rule of one server, and others may still be tried; 603 ends the search, though many "
                      "networks send it for a rule of theirs too."},
                {480, "480 means not available at one place, and another may answer; 603 means refused, and nothing "
                      "else will answer."},
                {486,
                 "486 speaks for one device, and the search goes on; 603 speaks for the user, and the search ends."},
                {487, "487 means that the calling side gave up before an answer; 603 is the answer: refused."},
                {600, "600 tells the reason, busy; 603 keeps the reason to itself."},
                {SIP_RESPONSE_NETWORK_BLOCKED, "603+ says openly that call analytics in the network blocked the call, "
                                               "and whom to ask; 603 leaves open who refused, the callee or a server."},
                {607,
                 "607 refuses this caller, today and later; 603 refuses this call, and a later one may be welcome."},
                {608, "608 says that a system in the network stopped the call, with its contact in Call-Info; 603 does "
                      "not say who refused."},
            },
    },
    {
        /* FCC 25-15 (90 FR 13416, FR Doc. 2025-04811): in force since 25 March 2026; 47 CFR 64.1200(k)(9) */
        .code = SIP_RESPONSE_NETWORK_BLOCKED,
        .phrase = "Network Blocked",
        .gist = "blocked by call analytics in the network",
        .definitive = true,
        .retry_after = true,
        .by_network = true,
        .meaning =
            "A provider's call analytics (spam, fraud) blocked the call; the callee normally never saw it. Told by the "
            "phrase Network Blocked together with v=analytics1 in the Reason header. Definitive: stop searching.",
        .seen_when =
            "In the USA, where it replaces 603, 607 and 608 for blocking by analytics since 25 March 2026 (FCC 25-15). "
            "From a telephone network the same comes as cause 21 with location user, which becomes 603 or 603+.",
        .remedy = "Do not retry on other routes. Send calling number, Call-ID, time and the id given here to the URL, "
                  "number or email in Reason; location tells whose network blocked. Check the caller's STIR "
                  "attestation and reputation.",
        .use_when = "Answer 603+ when your analytics, not the user, block a call: 603, the phrase Network Blocked, and "
                    "a Reason with your contact. Not for do-not-originate lists.",
        .reference = "ATIS-1000099, 47 CFR 64.1200(k)(9)",
        .differs =
            {
                {603, "603 lacks the phrase Network Blocked or v=analytics1 in Reason, and may be the callee's own "
                      "refusal; 603+ has both and is not the callee's."},
                {607, "607 comes from the called side, and stands for who is called; 603+ comes from a provider's "
                      "analytics, of which the callee may know nothing."},
                {608, "608 is the IETF's code for a block by the network, with a signed card in Call-Info; 603+ is the "
                      "one that FCC rules require in the USA, with its contact in Reason."},
            },
    },
    {
        .code = 604,
        .phrase = "Does Not Exist Anywhere",
        .gist = "the user exists nowhere",
        .expert_summary = "no server knows this user",
        .definitive = true,
        .by_network = true,
        .meaning = "The server knows with authority that the user in the Request-URI exists nowhere. Definitive: no "
                   "other server can help, only another address. Within a dialog it ends the dialog (RFC "
                   "5057).",
        .seen_when = "A number translation or routing server finds no such number anywhere. Some call blockers send it "
                     "so that the caller strikes the number off a list.",
        .remedy = "Do not try other targets. Check the number for prefix, country code and missing digits. If it is "
                  "right, ask the operator of the server that sent the 604 to correct its data.",
        .use_when = "Answer 604 when you have authority over every place where the user could be, and the user is in "
                    "none.",
        .reference = "RFC 3261 section 21.6.3",
        .differs =
            {
                {404, "404 means not known at this domain, and another server may know the user; 604 means not known "
                      "anywhere, so asking others is useless."},
            },
    },
    {
        .code = 606,
        .phrase = "Not Acceptable",
        .gist = "willing, but no endpoint can take the session offered",
        .expert_summary = "no device of the callee can take this session offer",
        .definitive = true,
        .meaning = "The user was reached and is willing, but cannot support something in the session offered: media, "
                   "bandwidth or addressing. No other endpoint will answer. Definitive for this offer.",
        .seen_when = "Rare. Codecs, bandwidth or address family (IPv4, IPv6) of the SDP fit none of the user's "
                     "endpoints, and the sender speaks for all of them.",
        .remedy = "Read Warning and the body for what does not fit, compare with the SDP offered, and call again with "
                  "an offer that fits. Do not try the old offer on other targets.",
        .use_when = "Answer 606 when none of the user's endpoints can support the session offered, and say why in "
                    "Warning.",
        .reference = "RFC 3261 section 21.6.4",
        .differs =
            {
                {488,
                 "488 rejects the session for one endpoint, and another may take it; 606 rejects it for all of the "
                 "user's endpoints."},
            },
    },
    {
        /* RFC 8197 1: "based on input from the called party or some UA-internal logic" */
        .code = 607,
        .phrase = "Unwanted",
        .gist = "the person called does not want this caller",
        .expert_summary = "the callee wants no calls from this caller",
        .definitive = true,
        .meaning = "The called side does not want this caller: a person marked the caller as unwanted, or a rule of "
                   "the phone did. Later attempts are likely to be rejected too. Definitive: stop searching.",
        .seen_when = "Someone pressed the spam or block button of a phone, or the phone decided by itself. For a call "
                     "that was already up, the same comes as cause 607 in the Reason of a BYE.",
        .remedy = "Stop calling this person from this identity; the provider may block or report it. If the call was "
                  "legitimate, ask the person by another channel to unmark the caller: 607 brings no contact.",
        .use_when = "Answer 607 when the called side says that this caller is unwanted, not just this call. Where "
                    "analytics in your network decide, answer 608, in the USA 603+.",
        .reference = "RFC 8197 section 4",
        .differs =
            {
                {603, "603 is about the moment and may say in Retry-After when to call again; 607 is about who is "
                      "calling."},
                {SIP_RESPONSE_NETWORK_BLOCKED, "603+ is the decision of a provider's analytics and names a contact to "
                                               "object; 607 is the wish of the called side and names none."},
                {608, "608 is the verdict of an algorithm or a policy on the way; 607 comes from the called side, "
                      "often from a person who pressed a button."},
            },
    },
    {
        /* the USA: as at the 603+ */
        .code = 608,
        .phrase = "Rejected",
        .gist = "blocked by a system in the network",
        .expert_summary = "the network blocked the call",
        .definitive = true,
        .by_network = true,
        .meaning = "A system in the network, such as a call analytics engine, rejected the call as unwanted; the "
                   "person called normally never saw it. Definitive: stop searching.",
        .seen_when =
            "A provider's robocall filter or SBC distrusts the caller; in the USA 603+ replaces it for analytics since "
            "25 March 2026 (FCC 25-15). An announcement should come first if the INVITE lacks sip.608 in Feature-Caps.",
        .remedy = "Do not try other routes. Ask for unblocking at the contact in the signed card that Call-Info points "
                  "to (purpose=jwscard). If there is none, ask the operator that sent the 608.",
        .use_when = "Answer 608 when your network, not the user, rejects the call as unwanted, and give a contact in "
                    "Call-Info. In the USA answer 603+ instead for blocking by analytics.",
        .reference = "RFC 8688 section 3",
        .differs =
            {
                {603, "603 says that the called side refused, though networks use it for blocking too (603+ says so "
                      "openly); 608 says that a system on the way stopped the call."},
                {SIP_RESPONSE_NETWORK_BLOCKED,
                 "603+ is a 603 with the phrase Network Blocked and its contact in Reason, as FCC rules require in the "
                 "USA; 608 has a code of its own and its contact in Call-Info."},
                {607, "607 comes from the called side and offers no way to object; 608 comes from a system on the way "
                      "and should give a contact for objections."},
            },
    },
    {
        .code = SIP_RESPONSE_CLASS_REDIRECTION,
        .phrase = "Unregistered Redirection",
        .gist = "not a registered code, handled as 300",
        .expert_summary = "An unregistered redirection code is handled as 300",
        .lifetime = SIP_RESPONSE_LIFETIME_ALTERNATIVE,
        .meaning = "This 3xx code is not registered for SIP, so it is handled as 300: the Contacts are places to try "
                   "for the same callee.",
        .seen_when = "A vendor's private code, a code borrowed from HTTP (303, 307, 308) by mistake, or one registered "
                     "after this table was written.",
        .remedy = "Try the Contacts as for a 300. Ask the owner of the server that sent it what the code was to say, "
                  "and have a registered 3xx sent instead.",
        .use_when = "Never answer an unregistered 3xx: clients understand 300, 301, 302, 305 and 380.",
        .reference = "RFC 3261 section 8.1.3.2",
        .differs =
            {
                {300,
                 "300 is registered and says what it means; an unregistered 3xx is only handled as 300, whatever its "
                 "sender meant."},
            },
    },
    {
        .code = SIP_RESPONSE_CLASS_GLOBAL_FAILURE,
        .phrase = "Unregistered Global Failure",
        .gist = "not a registered code, handled as 600",
        .expert_summary = "An unregistered global failure code is handled as 600",
        .definitive = true,
        .retry_after = true,
        .meaning = "This 6xx code is not registered for SIP, so it is handled as 600: nothing else will answer for "
                   "this callee. Definitive: stop searching.",
        .seen_when = "A vendor's private code, a mistyped code in a script or routing rule, or one registered after "
                     "this table was written.",
        .remedy = "Do not try other targets. Look at the reason phrase, Reason and Warning, and ask the owner of the "
                  "server that sent it what the code was to say.",
        .use_when = "Never answer an unregistered 6xx: clients understand 600, 603, 604, 606, 607 and 608.",
        .reference = "RFC 3261 section 8.1.3.2",
        .differs =
            {
                {600, "600 is registered and says busy everywhere; an unregistered 6xx is only handled as 600, and its "
                      "cause is not known."},
            },
    },
};

/* Keys at and above this stand for a code in a meaning of its own: what is left without it is the code. */
#define VARIANT 1000

static const sip_response_t *
find_row(uint16_t key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].code == key) {
            return &rows[i];
        }
    }
    return NULL;
}

const sip_response_t *
sip_response_lookup(uint16_t code)
{
    const sip_response_t *row;

    if (code < 100 || code > 699) {
        return NULL; /* no status codes; 3 and 6 are keys of class rows, and code / 100 must be a class */
    }
    row = find_row(code);
    return row != NULL ? row : find_row(code / 100);
}

const sip_response_t *
sip_response_by_key(uint16_t key)
{
    return key == SIP_RESPONSE_NETWORK_BLOCKED ? find_row(key) : sip_response_lookup(key);
}

const sip_response_t *
sip_response_of(uint16_t status, bool network_blocked)
{
    return sip_response_by_key(status == 603 && network_blocked ? SIP_RESPONSE_NETWORK_BLOCKED : status);
}

const sip_response_t *
sip_response_table(size_t *count)
{
    *count = G_N_ELEMENTS(rows);
    return rows;
}

unsigned
sip_response_number(const sip_response_t *row)
{
    return row->code % VARIANT;
}

const char *
sip_response_suffix(uint16_t key)
{
    return key >= VARIANT ? "+" : "";
}

unsigned
sip_response_class(const sip_response_t *row)
{
    return row->code < 10 ? row->code : sip_response_number(row) / 100;
}

bool
sip_response_has_expert(const sip_response_t *row)
{
    const unsigned code_class = sip_response_class(row);

    return code_class == SIP_RESPONSE_CLASS_REDIRECTION || code_class == SIP_RESPONSE_CLASS_GLOBAL_FAILURE;
}

char *
sip_response_title(wmem_allocator_t *scope, const sip_response_t *row)
{
    return wmem_strdup_printf(scope, "%u%s %s", sip_response_number(row), sip_response_suffix(row->code), row->phrase);
}

const char *
sip_response_difference(const sip_response_t *row, uint16_t other)
{
    const sip_response_neighbour_t *neighbour = row->differs;

    while (neighbour->code != 0 && neighbour->code != other) {
        neighbour++;
    }
    return neighbour->text;
}

char *
sip_response_expert_summary(wmem_allocator_t *scope, const sip_response_t *row)
{
    const char *summary = row->expert_summary ? row->expert_summary : row->gist;

    if (row->code < 10) {
        return wmem_strdup(scope, summary);
    }
    return wmem_strdup_printf(scope, "%u%s %s: %s", sip_response_number(row), sip_response_suffix(row->code),
                              row->phrase, summary);
}

char *
sip_response_filter(wmem_allocator_t *scope, const sip_response_t *row)
{
    return wmem_strdup_printf(scope, "%u%s", sip_response_number(row),
                              row->code < 10         ? "xx"
                              : row->code >= VARIANT ? "plus"
                                                     : "");
}
