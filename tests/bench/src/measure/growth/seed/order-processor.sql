INSERT INTO attempts (
    order_id, life, version, attempt, entry, worker, outcome, reason, steps, started_at, finished_at
)
SELECT
    id, 1, 1, 1, (placed_at / 1000) || '-0', 'order-processor-0', status,
    iif(status = 'failed', 'payment_refused', NULL),
    printf(
        '[{"step":"stock","outcome":"accepted","started_at":"%s","duration_us":1200},'
        || '{"step":"payment","outcome":"accepted","started_at":"%s","duration_us":1200},'
        || '{"step":"fulfilment","outcome":"accepted","started_at":"%s","duration_us":1200}]',
        placed_at_text, placed_at_text, placed_at_text
    ),
    placed_at + 5000, placed_at + 9000
FROM seeded
WHERE status <> 'cancelled'
ORDER BY i;
