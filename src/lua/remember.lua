-- Restores holds that Redis has lost, in the windows of their admission. It checks no limit, because the calls are
-- already admitted. A call that has ended gets no hold.
-- KEYS[1] '{tollgate}:'
-- ARGV[1] JSON { scopes, calls }, the limits of the scopes (scope.lua), and the calls in their order: a list for each of
--         { id, time of its admission, requests, tokens, nanos, then the index of each of its scopes (from 1) }
--     one a call: reservation and entry for its hold (hold.lua)
-- Returns for each 'remembered', 'renewed' (the hold exists), 'settled', or 'lost' (the lease has expired and the hold was charged).
local ID, ADMITTED_AT, REQUESTS_OF, TOKENS_OF, NANOS_OF = 1, 2, 3, 4, 5

local now = clock()
local plan = cjson.decode(ARGV[1])
local allLimits, calls = plan[1], plan[2]

local function remember(call, reservationAndEntry)
  local id, at = call[ID], call[ADMITTED_AT]
  local done = redis.call('GET', DONE .. id)
  if done then
    return match(done, '^%a+')
  end
  if redis.call('HEXISTS', HOLDS, id) == 1 then
    redis.call('ZADD', LEASES, int(now + LEASE), id)
    return 'renewed'
  end
  openWindows(at, now)
  local units = unitsOf(call[REQUESTS_OF], call[TOKENS_OF])
  for i = NANOS_OF + 1, #call do
    take(allLimits[call[i]], 1, units, call[NANOS_OF], now)
  end
  redis.call('HSET', HOLDS, id, holdText(at, reservationAndEntry))
  redis.call('ZADD', LEASES, int(now + LEASE), id)
  return 'remembered'
end

local replies = {}
for i, call in ipairs(calls) do
  replies[i] = remember(call, ARGV[i + 1])
end
if inOrder then
  writeScopes(now)
end
return replies
