-- register: a queue stands in the list of all from now on.
-- KEYS  set of all queues
-- ARGV  its name
-- reply 1 if it did not, else 0
-- is: writing
return try('SADD', KEYS[1], ARGV[1])
