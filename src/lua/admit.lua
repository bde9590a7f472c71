-- Takes all that one call reserves of every limit at once, or nothing. Called again with the same id it takes nothing more.
-- A newer version of the configuration, which its replica has from Postgres, is made known to the others on the way.
-- KEYS[1] '{tollgate}:'
-- ARGV[1] call id                  [2] reservation: JSON {scopes, requests, tokens, nanos}       [3] entry if the call is lost: JSON
--     [4] the replica's version of the configuration     [5] entries that may wait for Postgres
--     [6] key of a cached response, or '': where it exists, the call is a hit, which takes a request, brakes a loop, and that is all
-- Returns {'granted' | 'hit', at, states}                 for states see describe()
--         {'refused', at, states, scope (index from 0), limit, ms to wait | false}
--         {'refused', at, states, scope, limit, ms to wait | false, verdict, limit, spent, held (nanos), when it resets}
--         {'stale', version} | {'rebuilding'} | {'settled'} | {'ledger_full'}: nothing was taken
local id, reservationText, entry, version, maxPending, answer =
  ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]

-- How long running calls that are in the way will take is not known.
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
local isHit = answer ~= '' and redis.call('EXISTS', answer) == 1
local units = unitsOf(reservation)
if isHit then
  units.calls, units.tokens, units.nanos = 0, 0, 0
end

-- Read all.
local all = readScopes(reservation, windowsAt(now), now)

-- Check all. Of several refusals the most final is told, and of several waits the longest, so that the advice is true.
local WAIT, SPENT, NEVER = 1, 2, 3
local refusal
local function refuse(finality, weight, ...)
  if not refusal or finality > refusal.finality or (finality == refusal.finality and weight > refusal.weight) then
    refusal = { finality = finality, weight = weight, told = { ... } }
  end
end

-- If the reservations of running calls cover the missing tokens, a call that ends may free them before the refill does.
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

-- What costs nothing is not stopped by a budget.
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
  return { 'refused', now, describe(all), unpack(refusal.told) }
end

-- Write all.
for _, counters in ipairs(all) do
  take(counters, units)
  writeScope(counters, now)
end
if isHit then
  return { 'hit', now, describe(all) }
end
keepHold(id, now, reservationText, entry, now)
return { 'granted', now, describe(all) }
