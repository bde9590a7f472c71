-- Reads counters and the last entry that they include at the same time. `verify` compares them with the ledger up to
-- that entry.
-- KEYS[1] '{tollgate}:'      ARGV[1..] scope keys
-- Returns {id of the last entry ever written, fields and values of each scope}.
local last = '0-0'
if redis.call('EXISTS', LEDGER) == 1 then
  local info = redis.call('XINFO', 'STREAM', LEDGER)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      last = info[i + 1]
    end
  end
end
local scopes = {}
for i, key in ipairs(ARGV) do
  scopes[i] = redis.call('HGETALL', SCOPE .. key)
end
return { last, scopes }
