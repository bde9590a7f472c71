-- Restores holds that Redis has lost, in the windows of their admission. It checks no limit, because the calls are
-- already admitted. A call that has ended gets no hold.
-- KEYS[1] '{tollgate}:'      ARGV, four a call: id, time of its admission, reservation, entry if the call is lost (both JSON)
-- Returns for each 'remembered', 'renewed' (the hold exists), 'settled', or 'lost' (the lease has expired and the hold was charged).
local now = clock()

local function remember(id, at, reservationText, entry)
  local done = redis.call('GET', DONE .. id)
  if done then
    return done:match('^%a+')
  end
  if redis.call('HEXISTS', HOLDS, id) == 1 then
    redis.call('ZADD', LEASES, int(now + LEASE), id)
    return 'renewed'
  end
  local reservation = cjson.decode(reservationText)
  for _, counters in ipairs(readScopes(reservation, windowsAt(at), now)) do
    take(counters, unitsOf(reservation))
    writeScope(counters, now)
  end
  keepHold(id, at, reservationText, entry, now)
  return 'remembered'
end

local replies = {}
for i = 1, #ARGV, 4 do
  replies[#replies + 1] = remember(ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3])
end
return replies
