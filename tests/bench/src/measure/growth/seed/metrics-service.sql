INSERT INTO projected_orders (order_id, version, status, placed_at, first_started_at, measured_version)
SELECT
    id, iif(status = 'cancelled', 2, 3), status, placed_at, iif(status = 'cancelled', NULL, placed_at + 5000),
    iif(status = 'cancelled', NULL, 3)
FROM seeded
ORDER BY i;

INSERT INTO status_counts (status, orders) SELECT status, count(*) FROM seeded GROUP BY status;
