-- Releases the holds of calls, charges their actual cost and usage once, and appends their entries to the ledger's stream.
-- KEYS[1] '{tollgate}:'
-- ARGV[1] JSON { scopes, calls }, the limits of the scopes (scope.lua), and the calls in their order: a list for each of
--         { id, time of its admission (false without a reply), tokens and nanos of the reservation, nanos, tokens (false if
--         unknown: the tokens of the reservation), true if refused (not served, costs nothing), then the index of each of
--         its scopes (from 1) }
--     one a call: entry (JSON)
-- Returns { results, overspent }: for each call {'settled' | 'corrected' | 'already', held, charged}; and for each call with
-- overspent budgets { its index (from 0), budgets (see recordChange()) }.
-- While the counters are incomplete, it returns an error and writes nothing.
--
-- The state of the call decides:
--   a hold        releases the hold, and charges the actual cost in the same windows
--   nothing       Redis lost the hold, or the admission comes later: charges the actual cost, and the tombstone refuses
--                 the later admission
--   'lost'        the lease has expired and the hold was charged: charges the difference once, as a second entry
--   'settled'     a repeat: charges nothing
-- A refused call gets no entry, only a tombstone that expires.
local ID, ADMITTED_AT, RESERVED_TOKENS, RESERVED_NANOS, NANOS, USED_TOKENS, IS_REFUSED = 1, 2, 3, 4, 5, 6, 7

local plan = cjson.decode(ARGV[1])
local allLimits, calls = plan[1], plan[2]
local keys, ids = { 'MGET', EPOCH }, {}
for i, call in ipairs(calls) do
  keys[i + 2], ids[i] = DONE .. call[ID], call[ID]
end
local ends = redis.call(unpack(keys))
if not ends[1] then
  return rebuilding()
end
local now = clock()
local holds, grown = redis.call('HMGET', HOLDS, unpack(ids)), redis.call('HMGET', GROWN, unpack(ids))

-- What this script has done, by call id: a call may come twice.
local tombstoneOf, released = {}, {}
local ended, tombstones, extended = {}, { 'MSET' }, {}

-- The hold of a call: time of its admission, tokens, nanos; nil without a hold.
local function release(i, id)
  if not holds[i] or released[id] then
    return
  end
  released[id] = true
  ended[#ended + 1] = id
  local at, tokens, nanos = amountsOf(holds[i])
  if grown[i] then
    extended[#extended + 1] = id
    nanos = nanosOf(grown[i])
  end
  return at, tokens, nanos
end

local function bury(id, tombstone, expires)
  tombstoneOf[id] = tombstone
  if expires then
    redis.call('SET', DONE .. id, tombstone, 'PXAT', int(expires))
  else
    tombstones[#tombstones + 1], tombstones[#tombstones + 2] = DONE .. id, tombstone
  end
end

local function scopesOf(call)
  local scopes = {}
  for i = IS_REFUSED + 1, #call do
    scopes[i - IS_REFUSED] = allLimits[call[i]]
  end
  return scopes
end

local function settle(i, call, entry)
  local id, admittedAt, nanos, used = call[ID], call[ADMITTED_AT], call[NANOS], call[USED_TOKENS]
  local heldAt, tokens, heldNanos = release(i, id)
  local change = { calls = heldAt and -1 or 0, held = heldAt and -heldNanos or 0, spent = 0, tokens = tokens or call[RESERVED_TOKENS] }
  local done = tombstoneOf[id] or ends[i + 1]
  local lostAt, lostNanos
  if done then
    lostAt, lostNanos = match(done, '^lost (%d+) (%d+)$')
  end

  if done and not lostAt then
    if heldAt then
      recordChange(scopesOf(call), heldAt, now, change)
    end
    return 'already', 0, 0
  end
  if lostAt then
    local charged = lostNanos + 0
    change.spent, change.used, change.reserved = nanos - charged, used, change.tokens
    local overspent = recordChange(scopesOf(call), lostAt + 0, now, change)
    bury(id, 'settled 1')
    append(id, 1, lostAt, nanos - charged, charged, entry)
    return 'corrected', charged, nanos, overspent
  end
  local at = heldAt or admittedAt or now
  local wasHeld = heldNanos or (admittedAt and call[RESERVED_NANOS]) or 0
  change.spent, change.used, change.reserved = nanos, used, heldAt and tokens or 0
  local overspent = recordChange(scopesOf(call), at, now, change)
  if call[IS_REFUSED] then
    bury(id, 'settled 0', now + SETTLED_KEPT)
  else
    bury(id, 'settled 0')
    append(id, 0, at, nanos, wasHeld, entry)
  end
  return 'settled', wasHeld, nanos, overspent
end

local results, overspent = {}, {}
for i, call in ipairs(calls) do
  local kind, held, charged, budgets = settle(i, call, ARGV[i + 1])
  results[i] = { kind, held, charged }
  if budgets then
    overspent[#overspent + 1] = { i - 1, budgets }
  end
end
if inOrder then
  writeScopes(now)
end
endHolds(ended, extended)
if tombstones[2] then
  redis.call(unpack(tombstones))
end
return { results, overspent }
