-- Removes consumers that have gone away: idle for long, and with nothing pending. Checked and removed in one step, since
-- removing a consumer throws away what is pending under its name.
--
-- KEYS  1 the stream, 2 with queue: finished (hash: consumer -> its last call)
-- ARGV  1 group, 2 idle milliseconds from which a consumer counts as gone
-- Result the names of those that were removed
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if consumers.err then return {} end
local removed = {}
for _, info in ipairs(consumers) do
  local fields = {}
  for i = 1, #info, 2 do fields[info[i]] = info[i + 1] end
  if fields['pending'] == 0 and fields['idle'] >= tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], fields['name'])
    if KEYS[2] then redis.call('HDEL', KEYS[2], fields['name']) end
    removed[#removed + 1] = fields['name']
  end
end
return removed
