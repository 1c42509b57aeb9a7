-- A worker accepts what it was just given: lays aside what is not to be worked on, and announces the rest.
--
-- KEYS  1 queue (stream), 2 events (stream), 3 cancelled (set of entry ids), 4 live (hash: order -> entry id of its message)
-- ARGV  1 group, 2 number of frames
--       then for each frame: number of fields, then for each field its name, and '=value' where all events have the same one,
--         'order' where it is the message's order, 'own' where each has its own
--       then for each message: entry id, order, number of the frame of its event, its own values in the frame's
--         order; frame 0: it is not announced
-- Result the entry ids that must not be worked on, and are acknowledged: those that were cancelled, and those that are not the
--        live message of their order, or not any more: another worker finished it or laid it aside, Redis lost it, or it is a
--        stray second one
--
-- So a call that is repeated after its answer was lost brings nothing back to life that the first try laid aside.
-- Messages are laid aside before anything is added, so that a Redis that is full refuses before anything is done, and takes
-- the same call without its events.
local group = ARGV[1]
local i, size = 3, #ARGV
local frames = {}
for number = 1, tonumber(ARGV[2]) do
  local event, own, about = {'XADD', KEYS[2], '*'}, {}, {}
  local after = i + 1 + 2 * tonumber(ARGV[i])
  for field = i + 1, after - 1, 2 do
    local value = ARGV[field + 1]
    event[#event + 1] = ARGV[field]
    event[#event + 1] = value:sub(2)
    if value == 'own' then own[#own + 1] = #event end
    if value == 'order' then about[#about + 1] = #event end
  end
  frames[number] = {event = event, own = own, about = about}
  i = after
end

-- Adds the event whose own values begin there.
local function announce(frame, at, order)
  local event, own, about = frame.event, frame.own, frame.about
  for number = 1, #own do event[own[number]] = ARGV[at + number - 1] end
  for number = 1, #about do event[about[number]] = order end
  redis.call(unpack(event))
end

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
  if frame then announce(frame, at + 1, orders[message]) end
end
return aside
