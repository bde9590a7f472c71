-- Lets the tombstones of calls end whose entries Postgres has. Sent before the entries leave the stream; sending it again
-- is harmless.
-- KEYS[1] '{tollgate}:'      ARGV, two an entry: call id, seq
-- Returns how many tombstones will end.
local now, ending = clock(), 0
for i = 1, #ARGV, 2 do
  local done = redis.call('GET', DONE .. ARGV[i])
  -- One that stands for a later entry waits for that one.
  if done == 'settled ' .. ARGV[i + 1] then
    ending = ending + redis.call('PEXPIREAT', DONE .. ARGV[i], int(now + SETTLED_KEPT))
  elseif done and done:match('^lost') then
    ending = ending + redis.call('PEXPIREAT', DONE .. ARGV[i], int(now + LOST_KEPT))
  end
end
return ending
