-- Cancels an order, if no worker has been given a message of its present life yet. Linearizable: a worker that is given the
-- message later asks for it in `cancelled` before it does anything.
--
-- KEYS  1 queue (stream), 2 events (stream), 3 cancelled (set of entry ids), 4 live (hash: order -> entry id of its message),
--       5 epoch (string)
-- ARGV  1 group, 2 order, 3 id of the command that is to be cancelled
--       4 '1': compare with the next three first
--       5 expected epoch, 6 and 7 expected last id of queue (milliseconds, counter)
--       then the event (name, value, ...)
-- Result 'cancelled': by this call; 'already': before; 'taken': a worker has it, or had it; 'absent': it has no message here;
--        'lost': Redis is behind what was expected, and does not know any more who was given what
--
-- Only the command that the caller names: any other message of the order (a further attempt, a compensation) says that a
-- worker had it.
local function parts(id)
  local ms, counter = id:match('^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(counter)
end

local function fields_of(list)
  local fields = {}
  for i = 1, #list, 2 do fields[list[i]] = list[i + 1] end
  return fields
end

local there = redis.call('EXISTS', KEYS[1]) == 1
if ARGV[4] == '1' then
  local last_id = there and fields_of(redis.call('XINFO', 'STREAM', KEYS[1]))['last-generated-id'] or '0-0'
  local ms, counter = parts(last_id)
  local expected_ms, expected_counter = tonumber(ARGV[6]), tonumber(ARGV[7])
  local behind = ms < expected_ms or (ms == expected_ms and counter < expected_counter)
  if redis.call('GET', KEYS[5]) ~= ARGV[5] or behind then return 'lost' end
end
local entry = redis.call('HGET', KEYS[4], ARGV[2])
if not entry or not there then return 'absent' end
if entry == 'delayed' then return 'taken' end
local message = redis.call('XRANGE', KEYS[1], entry, entry)[1]
if not message or fields_of(message[2])['id'] ~= ARGV[3] then return 'taken' end
-- Before the question who was given what: a worker that is given it after that lays it aside.
if redis.call('SISMEMBER', KEYS[3], entry) == 1 then return 'already' end
local ms, counter = parts(entry)
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = fields_of(info)
  if group['name'] == ARGV[1] then
    local last_ms, last_counter = parts(group['last-delivered-id'])
    if ms < last_ms or (ms == last_ms and counter <= last_counter) then return 'taken' end
  end
end
redis.call('SADD', KEYS[3], entry)
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 8))
return 'cancelled'
