-- A worker accepts what it was just given: lays aside what is not to be worked on, and announces the rest.
--
-- KEYS  1 queue (stream), 2 events (stream), 3 cancelled (set of entry ids), 4 live (hash: order -> entry id of its message)
-- ARGV  1 group
--       then for each message: entry id, order, number of texts, event (name, value, ...); no texts: it is not announced
-- Result the entry ids that must not be worked on, and are acknowledged: those that were cancelled, and those that are not the
--        live message of their order, or not any more: another worker finished it or laid it aside, Redis lost it, or it is a
--        stray second one
--
-- So a call that is repeated after its answer was lost brings nothing back to life that the first try laid aside.
-- Messages are laid aside before anything is added, so that a Redis that is full refuses before anything is done, and takes
-- the same call without its events.
local group = ARGV[1]
local aside, is_aside = {}, {}
local i, size = 2, #ARGV
while i <= size do
  local entry, order = ARGV[i], ARGV[i + 1]
  local live = redis.call('HGET', KEYS[4], order) == entry
  local cancelled = redis.call('SISMEMBER', KEYS[3], entry) == 1
  if cancelled or not live then
    -- No group: Redis lost everything, and with it this message.
    redis.pcall('XACK', KEYS[1], group, entry)
    if cancelled then redis.call('SREM', KEYS[3], entry) end
    if live then redis.call('HDEL', KEYS[4], order) end
    aside[#aside + 1] = entry
    is_aside[entry] = true
  end
  i = i + 3 + tonumber(ARGV[i + 2])
end
i = 2
while i <= size do
  local texts = i + 3
  local after = texts + tonumber(ARGV[i + 2])
  if after > texts and not is_aside[ARGV[i]] then
    redis.call('XADD', KEYS[2], '*', unpack(ARGV, texts, after - 1))
  end
  i = after
end
return aside
