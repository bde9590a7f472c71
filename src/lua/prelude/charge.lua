local function overspends(list, index, period, limit, money)
  if limit and limit >= 0 and money.spent > limit then
    list = list or {}
    list[#list + 1] = { index - 1, period, money.window.name, limit, money.spent }
  end
  return list
end

-- Adds `change` = { calls, held, spent, tokens } to the counters of scopes, in the windows of the admission; `tokens` are
-- those of the reservation. If `change` has `reserved`, it replaces these reserved tokens by the tokens in `used`. Without
-- `used` the use is unknown, so the tokens of the reservation count. A bucket keeps its rate.
-- Returns the budgets whose spend is now above the limit in the reservation, or nil. That happens only if Redis lost a hold.
-- Each: { index of the scope (from 0), 'day' | 'month', window, limit, spent }
local function recordChange(scopes, at, now, change)
  openWindows(at, now)
  local overspent
  local calls, held, spent = change.calls, change.held, change.spent
  for i, limits in ipairs(scopes) do
    local counters, capacity = countersOf(limits), limits[TOKEN_LIMIT]
    counters.isUsed = true
    addRunning(counters, limits, calls)
    addMoney(counters, limits, held, spent)
    if capacity then
      local taken = min(change.tokens, capacity)
      addReserved(counters, calls * taken)
      if change.reserved then
        local bucket = bucketOf(counters, TOKENS, now)
        if bucket.deficit == 0 then
          bucket.num, bucket.den = limits[TOKEN_LIMIT + 1], limits[TOKEN_LIMIT + 2]
        end
        draw(bucket, (change.used or taken) - min(change.reserved, capacity))
      end
    end
    if spent > 0 then
      overspent = overspends(overspent, i, 'day', limits[DAY_LIMIT], counters.day)
      overspent = overspends(overspent, i, 'month', limits[MONTH_LIMIT], counters.month)
    end
  end
  return overspent
end

local function append(id, seq, at, nanos, held, entry)
  redis.call(
    'XADD', LEDGER, '*', 'id', id, 'seq', seq, 'at', int(at), 'nanos', int(nanos), 'held', int(held), 'data', entry
  )
end
