-- The time, milliseconds since 1970, on the node that has the counters.
-- KEYS[1] '{tollgate}:'
return clock()
