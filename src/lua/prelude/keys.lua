-- The keys. KEYS[1] is the prefix of all keys; its hash tag keeps them on one node of a cluster.
local PREFIX = KEYS[1]
local EPOCH = PREFIX .. 'epoch' -- exists: the counters are complete
local VERSION = PREFIX .. 'version' -- of the configuration; never lowered
local SCOPE = PREFIX .. 'scope:' -- hash, one a scope (scope.lua)
local HOLDS = PREFIX .. 'holds' -- hash, call id -> hold (hold.lua)
local GROWN = PREFIX .. 'grown' -- hash, call id -> '<time of admission> <nanos>': holds that were extended (renew.lua)
local LEASES = PREFIX .. 'leases' -- sorted set, call id -> when its lease ends
local DONE = PREFIX .. 'done:' -- tombstone of a call: 'settled <seq>', or 'lost <at> <nanos charged>'
local LEDGER = PREFIX .. 'ledger' -- stream: entries on their way to Postgres
local WATCH = PREFIX .. 'watch' -- hash: the server that the sweeps ran on, the time of the first and of the last (sweep.lua)
local REBUILD = PREFIX .. 'rebuild' -- lock: token of the replica that restores the counters

-- The error while the counters are incomplete, because a counter is too low then.
local function rebuilding()
  return redis.error_reply('REBUILDING Redis has lost its counters; they are being restored from the ledger')
end

local DAY = 86400000
-- A call keeps its lease if two renewals fail.
local LEASE = 30000

-- Lifetime of a tombstone after Postgres has its entry. A replica repeats a settlement only if it got no reply, as soon
-- as it reaches Redis again. An hour is longer than such a partition, and costs about 200 bytes a call. The replica of a
-- lost call may be away for longer, and there are few such calls.
local SETTLED_KEPT = 3600000
local LOST_KEPT = 7 * DAY

local format, match = string.format, string.match
local floor, ceil, min, max = math.floor, math.ceil, math.min, math.max

-- Formats every number, because Lua and cjson print 15 digits, and nano-dollars have more. `%d` is exact too, and takes
-- half the time of `%.0f`.
local function int(number)
  return format('%d', number)
end
