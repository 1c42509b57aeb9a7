//! The two shapes of a log line: for eyes, and for machines.

use std::fmt;

use opentelemetry::{Context, trace::TraceContextExt};
use serde_json::{Map, Value, value::RawValue};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatFields, FormattedFields,
        format::{FormatEvent, Writer},
    },
    registry::{LookupSpan, Scope},
};

use crate::{Service, clock::Clock};

/// `2026-01-31T09:30:00.000000Z  INFO order_api::app: listening address=127.0.0.1:8000`
pub(super) struct Human;

impl<S, N> FormatEvent<S, N> for Human
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = *event.metadata().level();
        let (color, dim, plain) =
            if writer.has_ansi_escapes() { (color(level), "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
        write!(writer, "{dim}{}{plain} {color}{level:>5}{plain} ", Clock::system().now())?;
        write!(writer, "{dim}{}:{plain} ", event.metadata().target())?;
        ctx.format_fields(writer.by_ref(), event)?;
        for span in ctx.event_scope().into_iter().flat_map(Scope::from_root) {
            write!(writer, " {dim}{}", span.name())?;
            if let Some(fields) =
                span.extensions().get::<FormattedFields<N>>().filter(|text| !text.is_empty())
            {
                write!(writer, "{{{fields}}}")?;
            }
            writer.write_str(plain)?;
        }
        if let Some(Ids { trace_id, span_id }) = current_ids() {
            write!(writer, " {dim}trace_id={trace_id} span_id={span_id}{plain}")?;
        }
        writeln!(writer)
    }
}

const fn color(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        _ => "\x1b[36m",
    }
}

/// One JSON object to a line: `timestamp level target message service instance trace_id span_id`, the event's
/// own fields, and `spans`, outermost first.
pub(super) struct Json {
    service: &'static str,
    instance: String,
}

impl Json {
    pub(super) fn new(service: Service, instance: &str) -> Self {
        Self { service: service.name(), instance: instance.to_owned() }
    }
}

#[derive(serde::Serialize)]
struct Line<'a> {
    timestamp: contract::Timestamp,
    level: &'static str,
    target: &'a str,
    service: &'static str,
    instance: &'a str,
    #[serde(flatten)]
    ids: Option<Ids>,
    #[serde(flatten)]
    fields: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spans: Vec<SpanInLine>,
}

#[derive(serde::Serialize)]
struct SpanInLine {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Box<RawValue>>,
}

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let scope = ctx.event_scope().into_iter().flat_map(Scope::from_root);
        let spans = scope.map(|span| {
            let extensions = span.extensions();
            let json = extensions.get::<FormattedFields<N>>().filter(|text| !text.is_empty());
            let fields = json.and_then(|text| RawValue::from_string(text.fields.clone()).ok());
            SpanInLine { name: span.name(), fields }
        });
        let line = Line {
            timestamp: Clock::system().now(),
            level: event.metadata().level().as_str(),
            target: event.metadata().target(),
            service: self.service,
            instance: &self.instance,
            ids: current_ids(),
            fields: fields.0,
            spans: spans.collect(),
        };
        writeln!(writer, "{}", serde_json::to_string(&line).map_err(|_| fmt::Error)?)
    }
}

/// What a line is found by in a trace, and a trace by in the log.
#[derive(serde::Serialize)]
struct Ids {
    trace_id: String,
    span_id: String,
}

/// Those of the current span. By OpenTelemetry's own context, which is empty when nothing is exported: the log's filter may
/// not know the span.
fn current_ids() -> Option<Ids> {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        let (trace_id, span_id) = (span.trace_id(), span.span_id());
        span.is_valid().then(|| Ids { trace_id: trace_id.to_string(), span_id: span_id.to_string() })
    })
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        // `r#type` and the like; and `log.` fields only repeat the target.
        let name = field.name().strip_prefix("r#").unwrap_or(field.name());
        if !name.starts_with("log.") {
            self.0.insert(name.to_owned(), value.into());
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::{fmt::format::JsonFields, layer::SubscriberExt};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn log_something() {
        let span = tracing::info_span!("order.place", order.id = "ORD-1");
        let _entered = span.enter();
        tracing::warn!(attempt = 3, error = %"refused", "redis does \"not\" answer");
    }

    #[test]
    fn json_is_one_object_with_fields_and_spans() {
        let sink = Sink::default();
        let writer = sink.clone();
        let layer = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(Json::new(Service::OrderApi, "host-1"))
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log_something);
        let line: Value = serde_json::from_str(&sink.text()).unwrap();
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "redis does \"not\" answer");
        assert_eq!(line["attempt"], 3);
        assert_eq!(line["error"], "refused");
        assert_eq!(line["service"], "order-api");
        assert_eq!(line["spans"][0]["name"], "order.place");
        assert_eq!(line["spans"][0]["fields"]["order.id"], "ORD-1");
    }

    #[test]
    fn a_line_within_a_trace_names_it_and_its_span() {
        let sink = Sink::default();
        let (json, human) = (sink.clone(), sink.clone());
        let lines = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(Json::new(Service::OrderApi, "host-1"))
            .with_writer(move || json.clone());
        let for_eyes = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .event_format(Human)
            .with_writer(move || human.clone());
        let provider = SdkTracerProvider::builder().build();
        let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber = tracing_subscriber::registry().with(lines).with(for_eyes).with(traces);
        tracing::subscriber::with_default(subscriber, || {
            log_something();
            tracing::warn!("outside of it");
        });
        let text = sink.text();
        let (inside, outside) = text.split_at(text.find("outside of it").unwrap());
        let line: Value = inside.lines().find_map(|line| serde_json::from_str(line).ok()).unwrap();
        let id = |name: &str, digits| {
            let id = line[name].as_str().unwrap();
            assert!(id.len() == digits && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{name} {id}");
            id
        };
        let ids = format!(" trace_id={} span_id={}\n", id("trace_id", 32), id("span_id", 16));
        assert!(inside.contains(&ids), "{inside}");
        assert!(!outside.contains("trace_id"), "{outside}");
    }

    #[test]
    fn human_is_one_line() {
        let sink = Sink::default();
        let writer = sink.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .event_format(Human)
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log_something);
        let text = sink.text();
        let (_, line) = text.split_once("Z ").unwrap();
        assert_eq!(
            line,
            " WARN runtime::telemetry::format::tests: redis does \"not\" answer attempt=3 error=refused \
             order.place{order.id=\"ORD-1\"}\n"
        );
    }
}
