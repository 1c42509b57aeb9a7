//! The three deployables, by name. The name is the same everywhere: consumer group, trace resource, metric
//! label, database schema.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    OrderApi,
    OrderProcessor,
    MetricsService,
}

impl Service {
    pub const ALL: [Self; 3] = [Self::OrderApi, Self::OrderProcessor, Self::MetricsService];

    pub const fn name(self) -> &'static str {
        match self {
            Self::OrderApi => "order-api",
            Self::OrderProcessor => "order-processor",
            Self::MetricsService => "metrics-service",
        }
    }

    /// The PostgreSQL schema that holds the service's tables, so that one database URL can serve all three.
    pub const fn schema(self) -> &'static str {
        match self {
            Self::OrderApi => "order_api",
            Self::OrderProcessor => "order_processor",
            Self::MetricsService => "metrics_service",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
