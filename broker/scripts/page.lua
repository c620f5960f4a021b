-- page: one reading command on one key.
-- reads only
-- KEYS  key
-- ARGV  command, and what follows the key in it
-- reply what the command replies
return try(ARGV[1], KEYS[1], unpack(ARGV, 2))
