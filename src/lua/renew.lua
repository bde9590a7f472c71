-- Renews the leases of running calls and extends their holds. It raises a hold to the amount that the call needs now, in
-- the windows of its admission, in all of its scopes or in none. It never lowers a hold, so a repeat changes nothing.
-- KEYS[1] '{tollgate}:'
-- ARGV[1] scopes: JSON list of { key, day, month }, the limits in nanos (below zero: counted, not limited)
--     [2] groups of calls with the same scopes: JSON list of lists of indexes (from 1) into the scopes
--     three a call: id, index of its group (from 1), nanos that it needs now
-- Returns { unknown, refused }
--   unknown  indexes (from 0) of calls without a hold: see remember.lua
--   refused  { index of the call (from 0), index of the scope (from 0), 'day' | 'month', limit, spent, held (nanos) } of
--            calls that a budget has no room for; their leases are renewed, and their holds do not change
local now = clock()
local PERIODS = { 'day', 'month' }
local scopes, groups = cjson.decode(ARGV[1]), cjson.decode(ARGV[2])
local lease = int(now + LEASE)
local ids, leases = {}, {}
for i = 3, #ARGV, 3 do
  ids[#ids + 1] = ARGV[i]
  leases[#leases + 1], leases[#leases + 2] = lease, ARGV[i]
end

redis.call('ZADD', LEASES, 'XX', unpack(leases))
local grown = redis.call('HMGET', GROWN, unpack(ids))

-- The hold of a call: time of admission, nanos, both as text; nil without a hold. A hold that was never extended has the
-- amount of its reservation.
local function amountOf(i)
  if grown[i] then
    return match(grown[i], '^(%d+) (%d+)$')
  end
  local text = redis.call('HGET', HOLDS, ids[i])
  if text then
    local at, _, nanos = amountsOf(text)
    return int(at), int(nanos)
  end
end

-- The spent and held amounts of a scope in a window. They are read once.
local monies = {}
local function moneyOf(key, window)
  local name = key .. ' ' .. window.held
  if not monies[name] then
    local found = redis.call('HMGET', SCOPE .. key, window.spent, window.held)
    monies[name] = {
      key = SCOPE .. key,
      field = window.held,
      spent = tonumber(found[1] or 0),
      held = tonumber(found[2] or 0),
      raised = 0,
    }
  end
  return monies[name]
end

-- The budgets that hold the money of a call: { scope, period, limit, money }.
local function budgetsOf(group, day)
  local budgets, windows = {}, windowsAt(day * DAY)
  for _, index in ipairs(group) do
    local scope = scopes[index]
    for _, period in ipairs(PERIODS) do
      local limit = scope[period]
      if limit then
        budgets[#budgets + 1] = {
          scope = index - 1,
          period = period,
          limit = limit < 0 and math.huge or limit,
          money = moneyOf(scope.key, windows[period]),
        }
      end
    end
  end
  return budgets
end

-- Raises the hold in all budgets, or returns the budget that has no room.
local function raise(budgets, nanos)
  for _, budget in ipairs(budgets) do
    local money = budget.money
    if money.spent + money.held + money.raised + nanos > budget.limit then
      return budget
    end
  end
  for _, budget in ipairs(budgets) do
    budget.money.raised = budget.money.raised + nanos
  end
end

-- Calls of the same group and day use the same budgets. All of them usually fit, so one check for the batch is enough.
local unknown, batches, batchOf, admittedAt, missing = {}, {}, {}, {}, {}
for i in ipairs(ids) do
  local at, nanos = amountOf(i)
  local more = at and ARGV[3 * i + 2] - nanos
  if not at then
    unknown[#unknown + 1] = i - 1
  elseif more > 0 then
    local day, group = math.floor(at / DAY), ARGV[3 * i + 1]
    local byDay = batchOf[group]
    if not byDay then
      byDay = {}
      batchOf[group] = byDay
    end
    local batch = byDay[day]
    if not batch then
      batch = { day = day, group = groups[tonumber(group)], nanos = 0, calls = {} }
      batches[#batches + 1] = batch
      byDay[day] = batch
    end
    batch.nanos = batch.nanos + more
    batch.calls[#batch.calls + 1] = i
    admittedAt[i], missing[i] = at, more
  end
end

local refused, grownNow = {}, {}
for _, batch in ipairs(batches) do
  local budgets = budgetsOf(batch.group, batch.day)
  local oneByOne = raise(budgets, batch.nanos) ~= nil
  for _, i in ipairs(batch.calls) do
    local full = oneByOne and raise(budgets, missing[i])
    if full then
      local money = full.money
      refused[#refused + 1] = { i - 1, full.scope, full.period, full.limit, money.spent, money.held + money.raised }
    else
      grownNow[#grownNow + 1] = ids[i]
      grownNow[#grownNow + 1] = admittedAt[i] .. ' ' .. ARGV[3 * i + 2]
    end
  end
end

if grownNow[1] then
  redis.call('HSET', GROWN, unpack(grownNow))
end
for _, money in pairs(monies) do
  if money.raised > 0 then
    redis.call('HSET', money.key, money.field, int(money.held + money.raised))
  end
end
return { unknown, refused }
