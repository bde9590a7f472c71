-- Holds again what running calls hold and Redis has forgotten, in the windows of their admission: a grant stays one,
-- so no limit is checked. What has ended meanwhile stays ended.
-- KEYS[1] '{tollgate}:'      ARGV, four a call: id, time of its admission, reservation, entry should it be lost (both JSON)
-- Returns for each 'remembered', 'renewed' (it was not forgotten), 'settled', or 'lost' (its lease ran out: it was charged).
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

local answers = {}
for i = 1, #ARGV, 4 do
  answers[#answers + 1] = remember(ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3])
end
return answers
