-- Keeps messages in hand from being reclaimed: sets their idle time to 0, but only of those still owned by the caller.
-- A plain XCLAIM would steal back what another worker reclaimed while this one was stalled.
--
-- KEYS  1 queue (stream)
-- ARGV  1 group, 2 consumer, then entry ids
-- Result the ids that are not the caller's any more: reclaimed, or finished
local group, consumer = ARGV[1], ARGV[2]
local ours, lost = {}, {}
for i = 3, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], group, ARGV[i], ARGV[i], 1)[1]
  if pending and pending[2] == consumer then
    ours[#ours + 1] = ARGV[i]
  else
    lost[#lost + 1] = ARGV[i]
  end
end
if #ours > 0 then
  ours[#ours + 1] = 'JUSTID'
  redis.call('XCLAIM', KEYS[1], group, consumer, 0, unpack(ours))
end
return lost
