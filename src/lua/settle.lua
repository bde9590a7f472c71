-- Releases the holds of calls, charges their actual cost and usage once, and appends their entries to the ledger's stream.
-- KEYS[1] '{tollgate}:'
-- ARGV, seven a call: id, time of its admission ('' without a reply), reservation (JSON), nanos, tokens ('' if unknown: the
-- tokens of the reservation), entry (JSON), 'refused' or '' (refused: not served, costs nothing)
-- Returns for each {'settled' | 'corrected' | 'already', held, charged, overspent budgets or nil (see recordChange())}.
-- While the counters are incomplete, it returns an error and writes nothing.
--
-- The state of the call decides:
--   a hold        releases the hold, and charges the actual cost in the same windows
--   nothing       Redis lost the hold, or the admission comes later: charges the actual cost, and the tombstone refuses
--                 the later admission
--   'lost'        the lease has expired and the hold was charged: charges the difference once, as a second entry
--   'settled'     a repeat: charges nothing
-- A refused call gets no entry, only a tombstone that expires.
if redis.call('EXISTS', EPOCH) == 0 then
  return rebuilding()
end
local now = clock()

local function settle(id, admittedAt, reservationText, nanos, tokens, entry, isRefused)
  local hold = endHold(id)
  local done = redis.call('GET', DONE .. id)
  local lostAt, lostNanos = (done or ''):match('^lost (%d+) (%d+)$')
  local reservation = hold and hold.reservation or cjson.decode(reservationText)
  local calls, held = 0, 0
  if hold then
    calls, held = -1, -reservation.nanos
  end

  if done and not lostAt then
    if hold then
      recordChange(reservation, hold.at, now, { calls = calls, held = held, spent = 0 })
    end
    return { 'already', 0, 0 }
  end
  if lostAt then
    local charged = tonumber(lostNanos)
    local overspent = recordChange(reservation, tonumber(lostAt), now, {
      calls = calls, held = held, spent = nanos - charged, used = tokens, reserved = reservation.tokens,
    })
    redis.call('SET', DONE .. id, 'settled 1')
    append(id, 1, lostAt, nanos - charged, charged, entry)
    return { 'corrected', charged, nanos, overspent }
  end
  local at = hold and hold.at or admittedAt or now
  local wasHeld = (hold or admittedAt) and reservation.nanos or 0
  local overspent = recordChange(reservation, at, now, {
    calls = calls, held = held, spent = nanos, used = tokens, reserved = hold and reservation.tokens or 0,
  })
  if isRefused then
    redis.call('SET', DONE .. id, 'settled 0', 'PXAT', int(now + SETTLED_KEPT))
  else
    redis.call('SET', DONE .. id, 'settled 0')
    append(id, 0, at, nanos, wasHeld, entry)
  end
  return { 'settled', wasHeld, nanos, overspent }
end

local replies = {}
for i = 1, #ARGV, 7 do
  replies[#replies + 1] = settle(
    ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4]), ARGV[i + 5],
    ARGV[i + 6] == 'refused'
  )
end
return replies
