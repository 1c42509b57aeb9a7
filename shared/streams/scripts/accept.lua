-- A worker accepts what it was just given: lays aside what was cancelled meanwhile, and announces the rest.
--
-- KEYS  1 queue (stream), 2 events (stream), 3 cancelled (set of entry ids), 4 live (hash: order -> entry id of its message)
-- ARGV  1 group
--       then for each message: entry id, order, number of texts, event (name, value, ...); no texts: it is not announced
-- Result the entry ids that must not be worked on: those that were cancelled, which are acknowledged, and those that are not
--        pending any more, because an earlier try of this call laid them aside or another worker finished them
--
-- So a call that is repeated after its answer was lost brings nothing back to life that the first try laid aside.
-- What was cancelled is laid aside before anything is added, so that a Redis that is full refuses before anything is done,
-- and takes the same call without its events.
local group = ARGV[1]
local aside, is_cancelled = {}, {}
local i, size = 2, #ARGV
while i <= size do
  local entry, order = ARGV[i], ARGV[i + 1]
  if redis.call('SISMEMBER', KEYS[3], entry) == 1 then
    redis.call('XACK', KEYS[1], group, entry)
    redis.call('SREM', KEYS[3], entry)
    if redis.call('HGET', KEYS[4], order) == entry then redis.call('HDEL', KEYS[4], order) end
    aside[#aside + 1] = entry
    is_cancelled[entry] = true
  else
    -- No group: Redis lost everything, and with it this message.
    local pending = redis.pcall('XPENDING', KEYS[1], group, entry, entry, 1)
    if pending.err or #pending == 0 then aside[#aside + 1] = entry end
  end
  i = i + 3 + tonumber(ARGV[i + 2])
end
i = 2
while i <= size do
  local texts = i + 3
  local after = texts + tonumber(ARGV[i + 2])
  if after > texts and not is_cancelled[ARGV[i]] then
    redis.call('XADD', KEYS[2], '*', unpack(ARGV, texts, after - 1))
  end
  i = after
end
return aside
