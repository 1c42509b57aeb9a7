-- Publishes a batch of one producer: skips what it published before, and refuses when Redis has lost something.
--
-- KEYS  1 queue (stream), 2 events (stream), 3 published (hash: producer -> last sequence number), 4 epoch (string),
--       5 live (hash: order -> entry id of its message on queue, or 'delayed')
-- ARGV  1 producer
--       2 '1': compare with the next four first; '0': add whatever is found
--       3 expected epoch, 4 and 5 expected last id of queue (milliseconds, counter), 6 expected sequence number
--       7 group on events that is led past the new events if it has been given all before them; '': none
--       8 MessagePack, a list of texts: number of messages, frames (see frames.lua), then for each message, sequence numbers
--         growing: sequence number, order, its command, its event; frame 0: no event
-- Result {'added' or 'lost', messages added, epoch, last id of queue, last sequence number published}
--
-- An order that has a live message already gets no second one: at any time there is at most one.
local producer = ARGV[1]
local epoch = redis.call('GET', KEYS[4])
local last_seq = tonumber(redis.call('HGET', KEYS[3], producer) or '0')

local function last_generated_id()
  local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
  if not info.err then
    for i = 1, #info, 2 do
      if info[i] == 'last-generated-id' then return info[i + 1] end
    end
  end
  return '0-0'
end

if ARGV[2] == '1' then
  local last_id = last_generated_id()
  local ms, counter = last_id:match('^(%d+)-(%d+)$')
  ms, counter = tonumber(ms), tonumber(counter)
  local expected_ms, expected_counter = tonumber(ARGV[4]), tonumber(ARGV[5])
  local behind = ms < expected_ms or (ms == expected_ms and counter < expected_counter)
  if (epoch or '') ~= ARGV[3] or behind or last_seq < tonumber(ARGV[6]) then
    return {'lost', 0, epoch or '', last_id, tostring(redis.call('HGET', KEYS[3], producer) or '0')}
  end
end

-- How many entries the group has been given, if that is all there are; nil: there are more, or Redis lost count.
local function read_to_the_end(group)
  local groups = group ~= '' and redis.pcall('XINFO', 'GROUPS', KEYS[2]) or {}
  for _, found in ipairs(groups) do
    local of = {}
    for i = 1, #found, 2 do of[found[i]] = found[i + 1] end
    if of.name == group then return of.lag == 0 and of['entries-read'] or nil end
  end
end

local texts = cmsgpack.unpack(ARGV[8])
local frames, i = read_frames(texts, 2)
-- Lua can spread only so many arguments into one call.
local CHUNK = 1000

-- Where each message begins.
local batch = {}
for message = 1, tonumber(texts[1]) do
  batch[message] = i
  i = i + 3 + #frames[tonumber(texts[i + 2])].own
  local event = frames[tonumber(texts[i])]
  i = i + 1 + (event and #event.own or 0)
end

-- Asked for all orders at once, and noted for all at once: a call for each would cost as much as adding the message.
local live, orders = {}, {}
local function ask()
  local found = redis.call('HMGET', KEYS[5], unpack(orders))
  for number = 1, #orders do live[orders[number]] = found[number] end
  orders = {}
end
for _, at in ipairs(batch) do
  orders[#orders + 1] = texts[at + 1]
  if #orders == CHUNK then ask() end
end
if #orders > 0 then ask() end

local group_read = read_to_the_end(ARGV[7])
local added, last_id, published, noted = 0, nil, nil, {}
local events, last_event = 0, nil
for _, at in ipairs(batch) do
  local seq, order = texts[at], texts[at + 1]
  if tonumber(seq) > last_seq then
    published, last_seq = seq, tonumber(seq)
    if not live[order] then
      local command = frames[tonumber(texts[at + 2])]
      last_id = add(KEYS[1], command, texts, at + 3, order)
      at = at + 3 + #command.own
      local event = frames[tonumber(texts[at])]
      if event then
        last_event = add(KEYS[2], event, texts, at + 1, order)
        events = events + 1
      end
      live[order] = last_id
      noted[#noted + 1], noted[#noted + 2] = order, last_id
      added = added + 1
      if #noted == CHUNK then
        redis.call('HSET', KEYS[5], unpack(noted))
        noted = {}
      end
    end
  end
end
if #noted > 0 then redis.call('HSET', KEYS[5], unpack(noted)) end

-- It would only read and acknowledge what it knows.
if group_read and last_event then
  redis.call('XGROUP', 'SETID', KEYS[2], ARGV[7], last_event, 'ENTRIESREAD', group_read + events)
end

if published then redis.call('HSET', KEYS[3], producer, published) end
if not epoch then
  -- Made of the server's own clock, so that no two data sets of one server share it.
  local now = redis.call('TIME')
  epoch = now[1] .. '-' .. now[2]
  redis.call('SET', KEYS[4], epoch)
end
return {'added', added, epoch, last_id or last_generated_id(), published or redis.call('HGET', KEYS[3], producer) or '0'}
