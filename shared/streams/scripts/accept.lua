-- A worker accepts what it was just given: lays aside what is not to be worked on, and announces the rest.
--
-- KEYS  1 queue (stream), 2 events (stream), 3 cancelled (set of entry ids), 4 live (hash: order -> entry id of its message)
-- ARGV  1 group, 2 frames (see frames.lua)
--       then for each message: entry id, order, its event; frame 0: it is not announced
-- Result the entry ids that must not be worked on, and are acknowledged: those that were cancelled, and those that are not the
--        live message of their order, or not any more: another worker finished it or laid it aside, Redis lost it, or it is a
--        stray second one
--
-- So a call that is repeated after its answer was lost brings nothing back to life that the first try laid aside.
-- Messages are laid aside before anything is added, so that a Redis that is full refuses before anything is done, and takes
-- the same call without its events.
local group, size = ARGV[1], #ARGV
local frames, i = read_frames(ARGV, 2)

local entries, orders, announced, count = {}, {}, {}, 0
while i <= size do
  count = count + 1
  entries[count], orders[count], announced[count] = ARGV[i], ARGV[i + 1], i + 2
  local frame = frames[tonumber(ARGV[i + 2])]
  i = i + 3 + (frame and #frame.own or 0)
end
-- One question for all: a call costs as much as what it asks.
local live = redis.call('HMGET', KEYS[4], unpack(orders))
local cancelled = redis.call('SMISMEMBER', KEYS[3], unpack(entries))
local aside = {}
for message = 1, count do
  local entry = entries[message]
  local is_live, is_cancelled = live[message] == entry, cancelled[message] == 1
  if is_cancelled or not is_live then
    -- No group: Redis lost everything, and with it this message.
    redis.pcall('XACK', KEYS[1], group, entry)
    if is_cancelled then redis.call('SREM', KEYS[3], entry) end
    if is_live then redis.call('HDEL', KEYS[4], orders[message]) end
    aside[#aside + 1] = entry
    announced[message] = nil
  end
end
for message = 1, count do
  local at = announced[message]
  local frame = at and frames[tonumber(ARGV[at])]
  if frame then add(KEYS[2], frame, ARGV, at + 1, orders[message]) end
end
return aside
