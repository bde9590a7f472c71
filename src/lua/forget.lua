-- Sets an expiry on the tombstones of calls whose entries are in Postgres. It runs before the entries leave the stream.
-- A repeat changes nothing.
-- KEYS[1] '{tollgate}:'      ARGV, two an entry: call id, seq
-- Returns the number of tombstones that will expire.
local now, ending = clock(), 0
for i = 1, #ARGV, 2 do
  local done = redis.call('GET', DONE .. ARGV[i])
  -- If the call has a later entry, its tombstone waits for that entry.
  if done == 'settled ' .. ARGV[i + 1] then
    ending = ending + redis.call('PEXPIREAT', DONE .. ARGV[i], int(now + SETTLED_KEPT))
  elseif done and done:match('^lost') then
    ending = ending + redis.call('PEXPIREAT', DONE .. ARGV[i], int(now + LOST_KEPT))
  end
end
return ending
