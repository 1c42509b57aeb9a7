//! The names under which the other side knows what it is asked for. A repeat carries the same one, so that it can be
//! answered alike; a step of a later life carries another one, for by then that of the first has been undone.

use contract::{OrderId, Step, command::FIRST_VERSION};

/// `<order id>/<step>` in an order's first life, `<order id>/<step>/<life>` in later ones.
pub(super) fn idempotency_key(order: OrderId, step: Step, life: u32) -> String {
    if life == FIRST_VERSION { format!("{order}/{step}") } else { format!("{order}/{step}/{life}") }
}

/// That of the call which undoes the step: its key and `/undo`.
pub(super) fn undo_key(order: OrderId, step: Step, life: u32) -> String {
    format!("{}/undo", idempotency_key(order, step, life))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden: another key is another payment.
    #[test]
    fn the_keys_never_change() {
        let order: OrderId = "ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b".parse().unwrap();
        assert_eq!(idempotency_key(order, Step::Payment, 1), format!("{order}/payment"));
        assert_eq!(undo_key(order, Step::Payment, 1), format!("{order}/payment/undo"));
        assert_eq!(idempotency_key(order, Step::Fulfilment, 5), format!("{order}/fulfilment/5"));
        assert_eq!(undo_key(order, Step::Stock, 5), format!("{order}/stock/5/undo"));
    }
}
