-- Charges the calls whose lease ran out, each with all it held: their replica is dead, and nobody knows how much was
-- used. A settlement that comes after all corrects it.
-- KEYS[1] '{tollgate}:'      ARGV[1] how many at most
-- Returns {id, nanos charged, its entry, budgets overspent or nothing: see book()} for each.
--
-- Only who has watched for a whole lease may say that a lease ran out. Replicas sweep every second: where nobody did for
-- a while (Redis was away, or all of them were), where another server took over (a restart, a failover) or the counters
-- are being rebuilt, the watch begins anew, and whoever is alive has a lease's time to renew.
local GAP = 10000
local now = clock()

if redis.call('EXISTS', EPOCH) == 0 then
  redis.call('DEL', WATCH)
  return {}
end
local server = redis.call('INFO', 'server'):match('run_id:(%w+)')
local watch = redis.call('HMGET', WATCH, 'server', 'since', 'last')
local since = tonumber(watch[2] or now)
if watch[1] ~= server or now - watch[3] > GAP or now < since then
  since = now
end
redis.call('HSET', WATCH, 'server', server, 'since', int(since), 'last', int(now))
if now - since < LEASE then
  return {}
end

local lost = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '-inf', int(now), 'LIMIT', 0, ARGV[1])) do
  local hold = endHold(id)
  local isDone = redis.call('EXISTS', DONE .. id) == 1
  if hold then
    local nanos = hold.reservation.nanos
    local overspent = book(hold.reservation, hold.at, now, { calls = -1, held = -nanos, spent = isDone and 0 or nanos })
    if not isDone then
      redis.call('SET', DONE .. id, 'lost ' .. int(hold.at) .. ' ' .. int(nanos))
      append(id, 0, hold.at, nanos, nanos, hold.entry)
      lost[#lost + 1] = { id, nanos, hold.entry, overspent }
    end
  end
end
return lost
