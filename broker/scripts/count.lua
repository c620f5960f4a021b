-- count: how many rows a topic has.
-- KEYS  presence
-- reply helper, count, helper, count, …
-- is: reading
-- needs: presence
return counts_of(KEYS[1])
