-- Sets an expiry on the tombstones of calls whose entries are in Postgres. It runs before the entries leave the stream.
-- A repeat changes nothing.
-- KEYS[1] '{tollgate}:'      ARGV, two an entry: call id, seq
-- Returns the number of tombstones that will expire.
local now, ending = clock(), 0
local settledEnds, lostEnds = int(now + SETTLED_KEPT), int(now + LOST_KEPT)

for from = 1, #ARGV, 2000 do
  local keys = {}
  for i = from, min(from + 1998, #ARGV), 2 do
    keys[#keys + 1] = DONE .. ARGV[i]
  end
  for n, done in ipairs(redis.call('MGET', unpack(keys))) do
    -- If the call has a later entry, its tombstone waits for that entry.
    if done == 'settled ' .. ARGV[from + 2 * n - 1] then
      ending = ending + redis.call('PEXPIREAT', keys[n], settledEnds)
    elseif done and match(done, '^lost') then
      ending = ending + redis.call('PEXPIREAT', keys[n], lostEnds)
    end
  end
end
return ending
