-- Fifty orders a user, in the order of their ids; timelines as the workers report them; a key for each order, used within the
-- last day.
INSERT INTO orders (
    id, user_id, item_ids, total_amount, placed_at, status, version, life, attempts, started_at, updated_at, completed_at,
    failure_code, failure_message, compensating
)
SELECT
    id, printf('user-%03d', i * 7919 % ({orders} / 50)), printf('["sku-%010d","sku-1"]', i), 999900, placed_at, status,
    iif(status = 'cancelled', 2, 3), 1, iif(status = 'cancelled', 0, 1), iif(status = 'cancelled', NULL, placed_at + 5000),
    placed_at + 9000, iif(status = 'completed', placed_at + 9000, NULL), iif(status = 'failed', 'payment_refused', NULL),
    iif(status = 'failed', 'the card was refused', NULL), 0
FROM seeded;

INSERT INTO order_events (order_id, version, kind, occurred_at, data)
SELECT
    id, version, kind, placed_at + version * 3000,
    printf(
        '{"version":%d,"attempt":1,"worker":"order-processor-0","placed_at":"%s","started_at":"%s","steps":['
        || '{"step":"stock","outcome":"accepted","started_at":"%s","duration_us":1200},'
        || '{"step":"payment","outcome":"accepted","started_at":"%s","duration_us":1200},'
        || '{"step":"fulfilment","outcome":"accepted","started_at":"%s","duration_us":1200}]}',
        version, placed_at_text, placed_at_text, placed_at_text, placed_at_text, placed_at_text
    )
FROM (
    SELECT *, 2 AS version, iif(status = 'cancelled', 'order.cancelled', 'order.processing') AS kind FROM seeded
    UNION ALL
    SELECT *, 3, 'order.' || status FROM seeded WHERE status <> 'cancelled'
)
ORDER BY i, version;

INSERT INTO idempotency_keys (key, fingerprint, answer, created_at)
SELECT
    lower(hex(randomblob(16))), randomblob(32), zeroblob(330), {now} - ({orders} - 1 - i) * (86400000000 / {orders})
FROM seeded;
