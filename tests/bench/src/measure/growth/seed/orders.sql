-- What every table is made from: orders that are final, one after the other over the last thirty days. {orders} of them, the
-- last of which was placed at {now} (microseconds); every hundredth was cancelled, two failed. Ids are as order-api makes them.
CREATE TEMP TABLE seeded AS
WITH RECURSIVE numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < {orders}),
times(i, placed_at) AS (
    SELECT i, {now} - ({orders} - 1 - i) * (30 * 24 * 3600 * 1000000 / {orders}) FROM numbers
)
SELECT
    i,
    placed_at,
    unhex(printf('%012x7%03x8%015x', placed_at / 1000, (placed_at % 1000 * 4096 + 999) / 1000, i)) AS id,
    strftime('%Y-%m-%dT%H:%M:%f', placed_at / 1e6, 'unixepoch') || '000Z' AS placed_at_text,
    CASE i % 100 WHEN 0 THEN 'cancelled' WHEN 1 THEN 'failed' WHEN 2 THEN 'failed' ELSE 'completed' END AS status
FROM times;
