-- Postgres has these entries: they leave the group and the stream. Not MULTI: where memory is full, Redis refuses to
-- queue any command, and the stream that fills it could never drain.
-- KEYS[1] '{tollgate}:'      ARGV[1] group     [2..] ids of entries
-- Returns how many left the stream. A repeat changes nothing.
local left = 0
for from = 2, #ARGV, 1000 do
  local ids = { unpack(ARGV, from, math.min(from + 999, #ARGV)) }
  redis.call('XACK', LEDGER, ARGV[1], unpack(ids))
  left = left + redis.call('XDEL', LEDGER, unpack(ids))
end
return left
