//! Which settings belong to whom. One `.env` or one file may serve all three services, so a section of
//! another service is not unknown; it is just not ours.

use crate::Service;

use Service::{MetricsService, OrderApi, OrderProcessor};

/// Every top-level key, with the services that read it.
pub const SECTIONS: &[(&str, &[Service])] = &[
    ("instance", &Service::ALL),
    ("http", &Service::ALL),
    ("redis", &Service::ALL),
    ("database", &Service::ALL),
    ("telemetry", &Service::ALL),
    ("lifecycle", &Service::ALL),
    ("intake", &[OrderApi]),
    ("relay", &[OrderApi]),
    ("events", &[OrderApi]),
    ("heal", &[OrderApi]),
    ("catalog", &[OrderApi]),
    ("idempotency", &[OrderApi]),
    ("retention", &[OrderApi]),
    ("webhooks", &[OrderApi]),
    ("processor", &[OrderProcessor]),
    ("pipeline", &[OrderProcessor]),
    ("ledger", &[OrderProcessor]),
    ("projection", &[MetricsService]),
    ("dashboard", &[MetricsService]),
];

/// Whether a section is this service's, another's, or nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Own,
    Foreign,
    Nobody,
}

pub(super) fn owner(section: &str, service: Service) -> Owner {
    match SECTIONS.iter().find(|(name, _)| *name == section) {
        Some((_, services)) if services.contains(&service) => Owner::Own,
        Some(_) => Owner::Foreign,
        None => Owner::Nobody,
    }
}
