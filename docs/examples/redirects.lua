-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- One line for each redirect: frame, who redirected, verdict. Then a line for each server: how many redirects it sent,
-- and how many of them nobody followed.
--
--     tshark -q -2 -r CAPTURE -X lua_script:docs/examples/redirects.lua
--
-- Without -2 the lines do not know what came later. A frame may hold several SIP messages, so each field may have
-- several values; code and verdict have one for each message.

local codes = Field.new("sip_redirect.code")
local verdicts = Field.new("sip_redirect.verdict")
local not_followed = Field.new("sip_redirect.not_followed")

local redirects = Listener.new(nil, "sip_redirect.class == 3")
local servers = {}

function redirects.packet(pinfo)
    local server = tostring(pinfo.src)
    local count = servers[server] or { sent = 0, left = 0 }
    local said = { verdicts() }

    for i, code in ipairs({ codes() }) do
        if code.value >= 300 and code.value < 400 then
            print(pinfo.number, server, said[i].value)
            count.sent = count.sent + 1
        end
    end
    count.left = count.left + #{ not_followed() }
    servers[server] = count
end

function redirects.draw()
    local names = {}

    for server in pairs(servers) do
        names[#names + 1] = server
    end
    table.sort(names)
    for _, server in ipairs(names) do
        print(server, servers[server].sent .. " sent", servers[server].left .. " not followed")
    end
end
