-- Removes entries that are in Postgres from the group and the stream. MULTI would not work: a full Redis refuses to queue
-- commands, so a stream that fills Redis could not drain.
-- KEYS[1] '{tollgate}:'      ARGV[1] group     [2..] ids of entries
-- Returns how many entries were removed. A repeat changes nothing.
local left = 0
for from = 2, #ARGV, 1000 do
  local ids = { unpack(ARGV, from, math.min(from + 999, #ARGV)) }
  redis.call('XACK', LEDGER, ARGV[1], unpack(ids))
  left = left + redis.call('XDEL', LEDGER, unpack(ids))
end
return left
