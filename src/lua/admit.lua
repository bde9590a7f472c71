-- Takes all amounts of a reservation from all limits, or nothing. A repeat with the same id takes nothing.
-- If the replica has a newer version of the configuration, the script stores it for the other replicas.
-- KEYS[1] '{tollgate}:'
-- ARGV[1] JSON { scopes, calls }, the limits of the scopes (scope.lua), and the calls in their order: a list for each of
--         { id, the replica's version of the configuration, entries that may wait for Postgres, requests, tokens, nanos,
--         key of a cached response or false, then the index of each of its scopes (from 1) }. If the cached response
--         exists, the call is a hit: it takes only a request and counts for the loop brake
--     one a call: reservation and entry for its hold (hold.lua)
-- Returns for each call a list. `usage`: see describe()
--   {'granted', at, usage of the first scope...} | {'hit', at, cached response, usage of the first scope...}
--   {'refused', at, scope (index from 0), limit, ms to wait | false,
--       verdict | false, limit, spent, held (nanos), when it resets, usage of each scope...}
--   {'stale', version} | {'rebuilding'} | {'settled'} | {'ledger_full'}: nothing was taken
local ID, CONFIGURATION, MOST_PENDING, REQUESTS_OF, TOKENS_OF, NANOS_OF, CACHE_KEY, FIRST_SCOPE = 1, 2, 3, 4, 5, 6, 7, 8

-- Estimates, because the time until a running call ends is unknown.
local WAIT_FOR_A_CALL = 1000
local WAIT_FOR_MONEY = 2000

local now = clock()
local plan = cjson.decode(ARGV[1])
local allLimits, calls = plan[1], plan[2]

local keys, ids = { 'MGET', VERSION, EPOCH }, { 'HMGET', HOLDS }
for i, call in ipairs(calls) do
  keys[i + 3], ids[i + 2] = DONE .. call[ID], call[ID]
end
local found, holds = redis.call(unpack(keys)), redis.call(unpack(ids))
local newest, isComplete = tonumber(found[1] or 0), found[2]
local pending = redis.call('XLEN', LEDGER)

local function withUsage(reply, call, last)
  for place = FIRST_SCOPE, last do
    describe(reply, allLimits[call[place]], now)
  end
  return reply
end

-- The reply has the most final of several refusals, and the longest of several waits, because all limits must fit.
local WAIT, SPENT, NEVER = 1, 2, 3
local refusal
local function refuse(finality, weight, ...)
  if not refusal or finality > refusal.finality or (finality == refusal.finality and weight > refusal.weight) then
    refusal = { finality = finality, weight = weight, reply = { 'refused', now, ... } }
  end
end

-- If running calls have reserved the missing tokens, a call that ends may return them before the bucket refills.
local function waitForBucket(counters, number, bucket, units, capacity)
  local wait = waitFor(bucket, units, capacity)
  if number == TOKENS and wait > WAIT_FOR_A_CALL and waitFor(bucket, units - counters.reserved, capacity) == 0 then
    return WAIT_FOR_A_CALL
  end
  return wait
end

local function checkBudget(scope, period, limit, money, nanos)
  local spent, held, resets = money.spent, money.held, money.window.ends
  if limit < 0 or spent + held + nanos <= limit then
    return
  end
  if nanos > limit then
    refuse(NEVER, -limit, scope, period, false, 'can_never_fit', limit, spent, held, resets)
  elseif spent + nanos <= limit then
    refuse(WAIT, WAIT_FOR_MONEY, scope, period, WAIT_FOR_MONEY, 'in_flight', limit, spent, held, resets)
  else
    refuse(SPENT, resets, scope, period, false, 'spent', limit, spent, held, resets)
  end
end

-- A budget does not refuse a call without a cost.
local function check(scope, limits, running, units, nanos)
  local counters = countersOf(limits)
  for number = 1, #units do
    local place = placeOf(number)
    local capacity = limits[place]
    if capacity and units[number] > 0 then
      local bucket = bucketOf(counters, number, now)
      fitBucket(bucket, limits[place + 1], limits[place + 2])
      local wait = waitForBucket(counters, number, bucket, min(units[number], capacity), capacity)
      if wait > 0 then
        refuse(WAIT, wait, scope, BUCKETS[number], wait, false, false, false, false, false)
      end
    end
  end
  if limits[CONCURRENCY] and running > 0 and counters.running + running > limits[CONCURRENCY] then
    refuse(WAIT, WAIT_FOR_A_CALL, scope, 'concurrency', WAIT_FOR_A_CALL, false, false, false, false, false)
  end
  if nanos > 0 and limits[DAY_LIMIT] then
    checkBudget(scope, 'day', limits[DAY_LIMIT], counters.day, nanos)
  end
  if nanos > 0 and limits[MONTH_LIMIT] then
    checkBudget(scope, 'month', limits[MONTH_LIMIT], counters.month, nanos)
  end
end

-- The holds that this script adds, by call id.
local holdOf = {}
local granted, leases = { 'HSET', HOLDS }, { 'ZADD', LEASES }

local function admit(i, call)
  local id, version, cacheKey = call[ID], call[CONFIGURATION], call[CACHE_KEY]
  if version < newest then
    return { 'stale', newest }
  end
  if not isComplete then
    return { 'rebuilding' }
  end
  if version > newest then
    newest = version
    redis.call('SET', VERSION, int(version))
  end
  if found[i + 2] then
    return { 'settled' }
  end
  local earlier = holds[i] or holdOf[id]
  if earlier then
    local at = amountsOf(earlier)
    openWindows(at, now)
    return withUsage({ 'granted', at }, call, FIRST_SCOPE)
  end
  if pending >= call[MOST_PENDING] then
    return { 'ledger_full' }
  end
  local response = cacheKey and redis.call('GET', cacheKey)
  local isHit = response and true or false
  local running, nanos = isHit and 0 or 1, isHit and 0 or call[NANOS_OF]
  local units = unitsOf(call[REQUESTS_OF], isHit and 0 or call[TOKENS_OF])
  openWindows(now, now)
  refusal = nil
  for place = FIRST_SCOPE, #call do
    check(place - FIRST_SCOPE, allLimits[call[place]], running, units, nanos)
  end
  if refusal then
    return withUsage(refusal.reply, call, #call)
  end
  for place = FIRST_SCOPE, #call do
    take(allLimits[call[place]], running, units, nanos, now)
  end
  if isHit then
    return withUsage({ 'hit', now, response }, call, FIRST_SCOPE)
  end
  holdOf[id] = holdText(now, ARGV[i + 1])
  granted[#granted + 1], granted[#granted + 2] = id, holdOf[id]
  leases[#leases + 1], leases[#leases + 2] = int(now + LEASE), id
  return withUsage({ 'granted', now }, call, FIRST_SCOPE)
end

local replies = {}
for i, call in ipairs(calls) do
  replies[i] = admit(i, call)
end
if inOrder then
  writeScopes(now)
end
if granted[3] then
  redis.call(unpack(granted))
  redis.call(unpack(leases))
end
return replies
