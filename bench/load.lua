-- Closed-loop load for wrk: POSTs of one provider's real body, each with a
-- task id that was never used before.
--
--	wrk ... -s load.lua URL -- PROVIDER BODY [SIGNED]
--
-- APIMart's ids follow from LOAD_STARTED (milliseconds) and LOAD_SALT of the
-- environment, ten letters, where they are set: ids.js prints them beforehand.
--
-- BODY is the provider's template in bodies/.  SIGNED, needed for WaveSpeed
-- alone, is a file of callbacks signed beforehand by sign.js; each is sent once.
-- At the end one line is printed:
--
--	RESULT answered bad p50_us p99_us p99.9_us max_us duration_us

local DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
local LINK_LIFE = 86400

local function hex(n)
	return string.rep("%04x", n / 4):format(math.random(0, 65535),
	    math.random(0, 65535), math.random(0, 65535), math.random(0, 65535),
	    math.random(0, 65535), math.random(0, 65535), math.random(0, 65535),
	    math.random(0, 65535))
end

local function base32(value, digits)
	local out = ""

	for _ = 1, digits do
		local d = value % 32

		out = DIGITS:sub(d + 1, d + 1) .. out
		value = (value - d) / 32
	end
	return out
end

-- As APIMart makes them: ULIDs, in order of time.
local started, count = tonumber(os.getenv("LOAD_STARTED")) or
    os.time() * 1000, 0
local salt
local function ulid()
	count = count + 1
	return "task_" .. base32(started + math.floor(count / 20), 10) ..
	    salt .. base32(count, 6)
end

local function uuid()
	return hex(8) .. "-" .. hex(4) .. "-" .. hex(4) .. "-" .. hex(4) ..
	    "-" .. hex(12)
end

local ids = { apimart = ulid, novita = uuid,
    apixo = function() return hex(32) end }

local function read_all(path)
	local f = assert(io.open(path, "rb"))
	local text = f:read("*a")

	f:close()
	return text
end

local function fill_times(text)
	local now = os.time()

	return (text:gsub("@STARTED@", now - 60):gsub("@FINISHED@", now)
	    :gsub("@EXPIRES@", now + LINK_LIFE))
end

-- The text around @ID@, in pieces, so that a request is one concatenation.
local function split(text)
	local parts, from = {}, 1

	while true do
		local a, b = text:find("@ID@", from, true)

		parts[#parts + 1] = text:sub(from, (a or 0) - 1)
		if not a then
			return parts
		end
		from = b + 1
	end
end

local function head(length, more)
	return "POST " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.host ..
	    "\r\nContent-Type: application/json\r\n" .. (more or "") ..
	    "Content-Length: " .. length .. "\r\n\r\n"
end

local next_request

local function init_template(provider, template)
	local parts = split(fill_times(read_all(template)))
	local id = ids[provider]
	local front = head(#table.concat(parts, id()))

	next_request = function()
		return front .. table.concat(parts, id())
	end
end

local function init_signed(path)
	local lines = io.lines(path)

	next_request = function()
		local line = lines() or error("too few signed callbacks")
		local id, at, sig, body =
		    line:match("^(%S+) (%S+) (%S+) (.*)$")

		return head(#body, "webhook-id: " .. id ..
		    "\r\nwebhook-timestamp: " .. at ..
		    "\r\nwebhook-signature: " .. sig .. "\r\n") .. body
	end
end

function init(args)
	local f = assert(io.open("/dev/urandom", "rb"))
	local a, b, c, d = f:read(4):byte(1, 4)

	f:close()
	math.randomseed(((a * 256 + b) * 256 + c) * 256 + d)
	salt = os.getenv("LOAD_SALT") or
	    base32(math.random(0, 2 ^ 25 - 1), 5) ..
	    base32(math.random(0, 2 ^ 25 - 1), 5)
	if args[3] then
		init_signed(args[3])
	else
		init_template(args[1], args[2])
	end
end

function request()
	return next_request()
end

function done(summary, latency)
	local e = summary.errors

	io.write(("RESULT %d %d %d %d %d %d %d\n"):format(summary.requests,
	    e.status + e.connect + e.read + e.write + e.timeout,
	    latency:percentile(50), latency:percentile(99),
	    latency:percentile(99.9), latency.max, summary.duration))
end
