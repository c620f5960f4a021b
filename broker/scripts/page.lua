-- page: one reading command on one key.
-- KEYS  key
-- ARGV  command, and what follows the key in it
-- reply what the command replies
-- is: reading
return try(ARGV[1], KEYS[1], unpack(ARGV, 2))
