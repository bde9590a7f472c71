-- What lies where. KEYS[1] is the prefix of all keys; its hash tag keeps them on one node of a cluster.
local PREFIX = KEYS[1]
local EPOCH = PREFIX .. 'epoch' -- exists: the counters are complete
local VERSION = PREFIX .. 'version' -- of the configuration; only ever raised
local SCOPE = PREFIX .. 'scope:' -- hash, one a scope (scope.lua)
local HOLDS = PREFIX .. 'holds' -- hash, call id -> hold (hold.lua)
local GROWN = PREFIX .. 'grown' -- hash, call id -> '<time of admission> <nanos>': holds that were extended (renew.lua)
local LEASES = PREFIX .. 'leases' -- sorted set, call id -> when its lease ends
local DONE = PREFIX .. 'done:' -- tombstone of a call: 'settled <seq>', or 'lost <at> <nanos charged>'
local LEDGER = PREFIX .. 'ledger' -- stream: entries on their way to Postgres
local WATCH = PREFIX .. 'watch' -- hash: who keeps watch over leases, since when (sweep.lua)
local REBUILD = PREFIX .. 'rebuild' -- lock: token of the replica that restores the counters

-- The answer while the counters are incomplete: a number read now would be wrong.
local function rebuilding()
  return redis.error_reply('REBUILDING Redis has lost its counters; they are being restored from the ledger')
end

local DAY = 86400000
-- Two renewals may be lost before a lease runs out.
local LEASE = 30000

-- How long a tombstone is kept once Postgres has its entry. Only a replica that had no answer to a settlement repeats
-- it, as soon as it reaches Redis again: an hour outlasts any such partition that leaves the replica alive, and costs
-- some 200 bytes a call. A lost call's own replica may be away for longer, and such calls are few.
local SETTLED_KEPT = 3600000
local LOST_KEPT = 7 * DAY

-- Every number is written by this: Lua and cjson print 15 digits, and nano-dollars have more.
local function int(number)
  return string.format('%.0f', number)
end
