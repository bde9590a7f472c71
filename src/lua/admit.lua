-- Takes all amounts of a reservation from all limits, or nothing. A repeat with the same id takes nothing.
-- If the replica has a newer version of the configuration, the script stores it for the other replicas.
-- KEYS[1] '{tollgate}:'
-- ARGV[1] call id                  [2] reservation: JSON {scopes, requests, tokens, nanos}       [3] entry if the call is lost: JSON
--     [4] the replica's version of the configuration     [5] entries that may wait for Postgres
--     [6] key of a cached response, or ''. If the key exists, the call is a hit: it takes only a request and counts for the loop brake
-- Returns {'granted' | 'hit', at, states}                 for states see describe()
--         {'refused', at, states, scope (index from 0), limit, ms to wait | false}
--         {'refused', at, states, scope, limit, ms to wait | false, verdict, limit, spent, held (nanos), when it resets}
--         {'stale', version} | {'rebuilding'} | {'settled'} | {'ledger_full'}: nothing was taken
local id, reservationText, entry, version, maxPending, cacheKey =
  ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]

-- Estimates, because the time until a running call ends is unknown.
local WAIT_FOR_A_CALL = 1000
local WAIT_FOR_MONEY = 2000

local now = clock()
local found = redis.call('MGET', VERSION, EPOCH, DONE .. id)
local newest = tonumber(found[1] or 0)
if version < newest then
  return { 'stale', newest }
end
if not found[2] then
  return { 'rebuilding' }
end
if version > newest then
  redis.call('SET', VERSION, int(version))
end
if found[3] then
  return { 'settled' }
end
local earlier = redis.call('HGET', HOLDS, id)
if earlier then
  local hold = readHold(earlier)
  return { 'granted', hold.at, describe(readScopes(hold.reservation, windowsAt(hold.at), now)) }
end
if redis.call('XLEN', LEDGER) >= maxPending then
  return { 'ledger_full' }
end
local reservation = cjson.decode(reservationText)
local isHit = cacheKey ~= '' and redis.call('EXISTS', cacheKey) == 1
local units = unitsOf(reservation)
if isHit then
  units.calls, units.tokens, units.nanos = 0, 0, 0
end

local all = readScopes(reservation, windowsAt(now), now)

-- The reply has the most final of several refusals, and the longest of several waits, because all limits must fit.
local WAIT, SPENT, NEVER = 1, 2, 3
local refusal
local function refuse(finality, weight, ...)
  if not refusal or finality > refusal.finality or (finality == refusal.finality and weight > refusal.weight) then
    refusal = { finality = finality, weight = weight, reply = { ... } }
  end
end

-- If running calls have reserved the missing tokens, a call that ends may return them before the bucket refills.
local function waitForBucket(counters, kind, bucket)
  local units = wanted(units, kind, bucket.capacity)
  local wait = waitFor(bucket, units)
  if kind == 'tokens' and wait > WAIT_FOR_A_CALL and waitFor(bucket, units - counters.reserved) == 0 then
    return WAIT_FOR_A_CALL
  end
  return wait
end

local function checkBuckets(scope, counters)
  for _, kind in ipairs(BUCKETS) do
    local bucket = counters[kind]
    local wait = bucket and units[kind] > 0 and waitForBucket(counters, kind, bucket) or 0
    if wait > 0 then
      refuse(WAIT, wait, scope, kind, wait)
    end
  end
end

local function checkConcurrency(scope, counters)
  local concurrency = counters.limits.concurrency
  if concurrency and units.calls > 0 and counters.running + units.calls > concurrency then
    refuse(WAIT, WAIT_FOR_A_CALL, scope, 'concurrency', WAIT_FOR_A_CALL)
  end
end

-- A budget does not refuse a call without a cost.
local function checkBudgets(scope, counters)
  for _, period in ipairs(PERIODS) do
    local money = counters[period]
    if money and money.limit >= 0 and units.nanos > 0 and money.spent + money.held + units.nanos > money.limit then
      local limit, spent, held, resets = money.limit, money.spent, money.held, money.window.ends
      if units.nanos > limit then
        refuse(NEVER, -limit, scope, period, false, 'can_never_fit', limit, spent, held, resets)
      elseif spent + units.nanos <= limit then
        refuse(WAIT, WAIT_FOR_MONEY, scope, period, WAIT_FOR_MONEY, 'in_flight', limit, spent, held, resets)
      else
        refuse(SPENT, resets, scope, period, false, 'spent', limit, spent, held, resets)
      end
    end
  end
end

for i, counters in ipairs(all) do
  checkBuckets(i - 1, counters)
  checkConcurrency(i - 1, counters)
  checkBudgets(i - 1, counters)
end
if refusal then
  return { 'refused', now, describe(all), unpack(refusal.reply) }
end

for _, counters in ipairs(all) do
  take(counters, units)
  writeScope(counters, now)
end
if isHit then
  return { 'hit', now, describe(all) }
end
keepHold(id, now, reservationText, entry, now)
return { 'granted', now, describe(all) }
