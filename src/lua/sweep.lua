-- Charges the whole hold of each call with an expired lease: its replica is dead, so its usage is unknown. A later
-- settlement corrects the charge.
-- KEYS[1] '{tollgate}:'      ARGV[1] highest number of calls
-- Returns {id, nanos charged, its entry, budgets overspent or nothing: see recordChange()} for each. A budget names its scope
-- by { key, name }, because the replica does not have the reservation.
--
-- A lease counts as expired only after sweeps have run for the time of one lease, so that live replicas can renew first.
-- Replicas sweep every two seconds. The time starts again after a gap without sweeps (Redis or all replicas were away), on
-- another server (a restart or failover), and while the counters are incomplete.
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

local ids = redis.call('ZRANGEBYSCORE', LEASES, '-inf', int(now), 'LIMIT', 0, ARGV[1])
if not ids[1] then
  return {}
end
local holds, grown = redis.call('HMGET', HOLDS, unpack(ids)), redis.call('HMGET', GROWN, unpack(ids))
local lost = {}
for i, id in ipairs(ids) do
  if holds[i] then
    local at, tokens, nanos = amountsOf(holds[i])
    nanos = grown[i] and nanosOf(grown[i]) or nanos
    local limits, scopes, entry = readHold(holds[i])
    local isDone = redis.call('EXISTS', DONE .. id) == 1
    local change = { calls = -1, held = -nanos, spent = isDone and 0 or nanos, tokens = tokens }
    local overspent = recordChange(limits, at, now, change)
    if not isDone then
      redis.call('SET', DONE .. id, 'lost ' .. int(at) .. ' ' .. int(nanos))
      append(id, 0, at, nanos, nanos, entry)
      for _, budget in ipairs(overspent or {}) do
        local scope = scopes[budget[1] + 1]
        budget[1] = { scope.key, scope.name }
      end
      lost[#lost + 1] = { id, nanos, entry, overspent }
    end
  end
end
if inOrder then
  writeScopes(now)
end
endHolds(ids, ids)
return lost
