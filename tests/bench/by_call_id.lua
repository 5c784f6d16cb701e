-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- What one would write to follow redirects without a plugin: a post-dissector that remembers each call's 3xx by its
-- Call-ID and marks the INVITE that goes on to one of its targets within 32 seconds. It reads five fields, forgets what
-- is old, and decides on the first visit of a frame only: as little as does the job, so that the comparison is fair.

local redirect = Proto("by_call_id", "Redirects by Call-ID")
local redirected_in = ProtoField.framenum("by_call_id.redirected_in", "Redirected in frame")
redirect.fields = {redirected_in}

local get_call_id = Field.new("sip.Call-ID")
local get_method = Field.new("sip.CSeq.method")
local get_status = Field.new("sip.Status-Code")
local get_request_uri = Field.new("sip.r-uri")
local get_contact = Field.new("sip.contact.uri")

local WINDOW = 32
local recent, older, turned = {}, {}, 0 -- Call-ID -> {frame, time, targets}; the older half is dropped every WINDOW
local links = {} -- frame of a follow-up -> frame of its 3xx

function redirect.init()
    recent, older, turned, links = {}, {}, 0, {}
end

local function first_visit(pinfo)
    local call_id = get_call_id()
    if not call_id then
        return
    end
    local now = pinfo.abs_ts
    if now - turned > WINDOW then
        recent, older, turned = {}, recent, now
    end
    local status = get_status()
    if status then
        local code = status.value
        if code >= 300 and code < 400 then
            local targets = {}
            for _, contact in ipairs({get_contact()}) do
                targets[contact.value] = true
            end
            recent[call_id.value] = {frame = pinfo.number, time = now, targets = targets}
        end
        return
    end
    local method, uri = get_method(), get_request_uri()
    if method and uri and method.value == "INVITE" then
        local last = recent[call_id.value] or older[call_id.value]
        if last and now - last.time <= WINDOW and last.targets[uri.value] then
            links[pinfo.number] = last.frame
        end
    end
end

function redirect.dissector(tvb, pinfo, tree)
    if not pinfo.visited then
        first_visit(pinfo)
    end
    local frame = links[pinfo.number]
    if frame then
        tree:add(redirect, tvb()):add(redirected_in, frame):set_generated()
    end
end

register_postdissector(redirect)
