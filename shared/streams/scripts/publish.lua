-- Publishes a batch of one producer: skips what it published before, and refuses when Redis has lost something.
--
-- KEYS  1 queue (stream), 2 events (stream), 3 published (hash: producer -> last sequence number), 4 epoch (string),
--       5 live (hash: order -> entry id of its message on queue, or 'delayed')
-- ARGV  1 producer
--       2 '1': compare with the next four first; '0': add whatever is found
--       3 expected epoch, 4 and 5 expected last id of queue (milliseconds, counter), 6 expected sequence number
--       then for each message, sequence numbers growing:
--         sequence number, order, number of texts, command (name, value, ...), number of texts, event (name, value, ...)
--         no event: no texts
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
  if epoch ~= ARGV[3] or behind or last_seq < tonumber(ARGV[6]) then
    return {'lost', 0, epoch or '', last_id, tostring(redis.call('HGET', KEYS[3], producer) or '0')}
  end
end

local added, last_id, published = 0, nil, nil
local i, size = 7, #ARGV
while i <= size do
  local order, command = ARGV[i + 1], i + 3
  local event = command + tonumber(ARGV[i + 2]) + 1
  local after = event + tonumber(ARGV[event - 1])
  if tonumber(ARGV[i]) > last_seq then
    published, last_seq = ARGV[i], tonumber(ARGV[i])
    if redis.call('HEXISTS', KEYS[5], order) == 0 then
      last_id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, command, event - 2))
      redis.call('HSET', KEYS[5], order, last_id)
      if after > event then redis.call('XADD', KEYS[2], '*', unpack(ARGV, event, after - 1)) end
      added = added + 1
    end
  end
  i = after
end

if published then redis.call('HSET', KEYS[3], producer, published) end
if not epoch then
  -- Made of the server's own clock, so that no two data sets of one server share it.
  local now = redis.call('TIME')
  epoch = now[1] .. '-' .. now[2]
  redis.call('SET', KEYS[4], epoch)
end
return {'added', added, epoch, last_id or last_generated_id(), published or redis.call('HGET', KEYS[3], producer) or '0'}
