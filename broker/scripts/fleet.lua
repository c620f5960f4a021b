-- fleet: how many servers has a pool?
-- KEYS  pool; its rows are computed keys of the same slot
-- ARGV  none
-- reply their number, 0 when there is no such pool
-- is: reading
-- needs: pool
return count_servers(KEYS[1], rows_of_pool(KEYS[1]))
