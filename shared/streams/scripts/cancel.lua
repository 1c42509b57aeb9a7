-- Cancels an order, if no worker has been given a message of its present life yet. Linearizable: a worker that is given the message later asks
-- for it in `cancelled` before it does anything.
--
-- KEYS  1 queue (stream), 2 events (stream), 3 cancelled (set of entry ids), 4 live (hash: order -> entry id of its message)
-- ARGV  1 group, 2 order, then the event (name, value, ...)
-- Result 'cancelled': by this call; 'already': before; 'taken': a worker has it, or had it; 'absent': it has no message here
local entry = redis.call('HGET', KEYS[4], ARGV[2])
if not entry then return 'absent' end
if entry == 'delayed' then return 'taken' end

local function parts(id)
  local ms, counter = id:match('^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(counter)
end
local ms, counter = parts(entry)
if redis.call('EXISTS', KEYS[1]) == 0 then return 'absent' end
local message = redis.call('XRANGE', KEYS[1], entry, entry)[1]
if message then
  local fields = {}
  for i = 1, #message[2], 2 do fields[message[2][i]] = message[2][i + 1] end
  local readable, data = pcall(cjson.decode, fields['data'] or '')
  if not readable or type(data) ~= 'table' then data = {} end
  -- A compensation, a further attempt, or one that says what earlier ones have touched: something may have been done outside.
  local touched = type(data['touched']) == 'table' and #data['touched'] > 0
  if fields['type'] == 'order.compensate' or (tonumber(data['attempt']) or 1) > 1 or touched then return 'taken' end
end
-- Before the question who was given what: a worker that is given it after that lays it aside.
if redis.call('SISMEMBER', KEYS[3], entry) == 1 then return 'already' end
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local fields = {}
  for i = 1, #info, 2 do fields[info[i]] = info[i + 1] end
  if fields['name'] == ARGV[1] then
    local last_ms, last_counter = parts(fields['last-delivered-id'])
    if ms < last_ms or (ms == last_ms and counter <= last_counter) then return 'taken' end
  end
end
redis.call('SADD', KEYS[3], entry)
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 3))
return 'cancelled'
