-- wrk's script: POST /orders, a body of its own for each request, and the outcome as one line of JSON.
--
-- Arguments: a text that no other run against the same server has; "keyed" for an Idempotency-Key with each request, or
-- "plain"; seconds until all connections are made.
--
-- wrk's own rate counts from before the first connection. Here requests are counted from one full second to another, the
-- first of which comes when the connections are made.

local threads = {}
function setup(thread)
  thread:set("thread_number", #threads)
  threads[#threads + 1] = thread
end

sent, window_begin, window_begin_sent, window_end, window_end_sent = 0, 0, 0, 0, 0

function init(args)
  local run, keyed, ramp = args[1], args[2] == "keyed", tonumber(args[3])
  local users = {}
  for i = 0, 999 do users[i] = string.format('{"user_id":"user-%03d","item_ids":["sku-', i * 7919 % 1000) end
  local tail = '","sku-1"],"total_amount":99.99}'
  local head = "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
    .. (#users[0] + 10 + #tail) .. "\r\n"
  local key = "Idempotency-Key: " .. run .. "-" .. thread_number .. "-"
  local second = os.time()
  local begin = second + ramp

  local function look(now)
    second = now
    if window_begin > 0 then
      window_end, window_end_sent = now, sent
    elseif now > begin then
      window_begin, window_begin_sent = now, sent
    end
  end

  function request()
    sent = sent + 1
    if sent % 8 == 0 then
      local now = os.time()
      if now ~= second then look(now) end
    end
    local digits = string.format("%010d", sent)
    if keyed then
      return head .. key .. digits .. "\r\n\r\n" .. users[sent % 1000] .. digits .. tail
    end
    return head .. "\r\n" .. users[sent % 1000] .. digits .. tail
  end
end

function done(summary, latency)
  local errors = summary.errors
  local rate = 0
  for _, thread in ipairs(threads) do
    local seconds = thread:get("window_end") - thread:get("window_begin")
    if thread:get("window_end") > 0 then
      rate = rate + (thread:get("window_end_sent") - thread:get("window_begin_sent")) / seconds
    end
  end
  if rate == 0 then rate = summary.requests / (summary.duration / 1e6) end
  io.write(string.format(
    '\n{"requests":%d,"rate":%.1f,"connect":%d,"read":%d,"write":%d,"timeout":%d,"refused":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, rate, errors.connect, errors.read, errors.write, errors.timeout, errors.status,
    latency:percentile(50), latency:percentile(99)))
end
